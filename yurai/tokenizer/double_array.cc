#include "yurai/tokenizer/double_array.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little, "models are little-endian");

/// The library keeps so many results of one look-up on its stack, and reads on if there are more.
constexpr uint32_t kMaxNestedRules = 32;

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

DoubleArray::DoubleArray(std::string_view bytes) : units_(bytes.size() / 4) {
  if (!units_.empty()) std::memcpy(units_.data(), bytes.data(), units_.size() * 4);
}

Result<void> DoubleArray::check(std::string_view texts) const {
  enum Colour : uint8_t { kNew, kOpen, kDone };
  struct Visit {
    uint32_t node;
    uint32_t label;
    uint32_t most;  ///< values on the way down from here, so far
  };
  std::vector<uint8_t> colours(units_.size(), kNew);
  std::vector<uint8_t> most(units_.size(), 0);
  std::vector<Visit> stack;
  const auto enter = [&](uint32_t node) -> Result<void> {
    if ((node | 0xFF) >= units_.size()) return bad("its normaliser leads out of its table");
    colours[node] = kOpen;
    stack.push_back({node, 0, 0});
    return {};
  };
  if (units_.empty()) return bad("its normaliser's table is empty");
  YURAI_TRY(enter(offset(units_[0])));
  while (!stack.empty()) {
    Visit& visit = stack.back();
    if (visit.label == 256) {
      if (visit.most > kMaxNestedRules) return bad("its normaliser's rules are nested too deep");
      colours[visit.node] = kDone;
      most[visit.node] = static_cast<uint8_t>(visit.most);
      stack.pop_back();
      continue;
    }
    const uint32_t place = visit.node ^ visit.label;
    const uint32_t unit = units_[place];
    if (label(unit) != visit.label) {
      ++visit.label;
      continue;
    }
    const uint32_t child = place ^ offset(unit);
    if (child >= units_.size() || colours[child] == kNew) {
      YURAI_TRY(enter(child));  // and come back to this label
      continue;
    }
    if (colours[child] == kOpen) return bad("its normaliser's table runs in a circle");
    if (has_value(unit)) {
      const uint32_t text = value(units_[child]);
      if (text >= texts.size() || !begins_char(texts[text])) {
        return bad("its normaliser leads out of its texts");
      }
    }
    visit.most = std::max<uint32_t>(visit.most, most[child] + (has_value(unit) ? 1u : 0u));
    ++visit.label;
  }
  return {};
}

std::optional<DoubleArray::Match> DoubleArray::longest(std::string_view text) const {
  Match best;
  uint32_t node = offset(units_[0]);
  for (uint32_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    const uint32_t unit = units_[node];
    if (label(unit) != byte) break;
    node ^= offset(unit);
    if (has_value(unit) && (i + 1 == text.size() || begins_char(text[i + 1]))) {
      best = {i + 1, value(units_[node])};
    }
  }
  return best.size == 0 ? std::nullopt : std::optional<Match>(best);
}

}  // namespace yurai

#include "yurai/trace/elsewhere.h"

#include <algorithm>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxSteps = 64 << 10;
constexpr uint64_t kMaxAllSteps = 1 << 20;
constexpr uint64_t kMaxCounted = 100;

}  // namespace

Result<Elsewhere::Found> Elsewhere::first_in(RankRange range, bool from_end) {
  if (is_alone_) return Found{};
  uint64_t steps = 0;
  for (uint64_t batch = 8; range.size() > 0; batch *= 4) {
    if (steps >= kMaxSteps || all_steps_ >= kMaxAllSteps) return Found{{}, true};
    RankRange part = range;
    if (part.size() > batch)
      (from_end ? part.begin : part.end) = from_end ? part.end - batch : part.begin + batch;
    YURAI_ASSIGN(std::vector<uint64_t> positions, session_.positions(part, 0, part.size()));
    if (from_end) std::reverse(positions.begin(), positions.end());
    for (const uint64_t position : positions) {
      if (groups_[index_.corpus().document_at(position)] != own_) return Found{position, false};
    }
    steps += part.size();
    all_steps_ += part.size();
    (from_end ? range.end : range.begin) = from_end ? part.begin : part.end;
  }
  return Found{};
}

Result<size_t> Elsewhere::shared_bytes(uint64_t position, std::string_view text) {
  YURAI_ASSIGN(const size_t shared, text_.shared_bytes(position, text));
  return char_floor(text, shared);
}

Result<std::optional<Elsewhere::Match>> Elsewhere::longest_match(std::string_view text) {
  using Answer = std::optional<Match>;
  YURAI_ASSIGN(const LongestMatch anywhere, session_.longest_match(text));
  if (anywhere.size_bytes == 0) return Answer(Match{});
  YURAI_ASSIGN(const Found inside, first_in(anywhere.range, false));
  if (inside.gave_up) return Answer();
  if (inside.position) {
    return Answer(Match{anywhere.size_bytes, index_.corpus().document_at(*inside.position)});
  }
  Match best;
  for (const bool before : {true, false}) {
    const RankRange side = before ? RankRange{0, anywhere.range.begin}
                                  : RankRange{anywhere.range.end, index_.num_points()};
    YURAI_ASSIGN(const Found found, first_in(side, before));
    if (found.gave_up) return Answer();
    if (!found.position) continue;
    YURAI_ASSIGN(const size_t size, shared_bytes(*found.position, text));
    if (size > best.size_bytes) best = {size, index_.corpus().document_at(*found.position)};
  }
  return Answer(best);
}

Result<uint64_t> Elsewhere::count(std::string_view text) {
  YURAI_ASSIGN(const RankRange range, session_.find(text));
  YURAI_ASSIGN(const std::vector<uint64_t> positions, session_.positions(range, 0, kMaxCounted));
  uint64_t others = 0;
  for (const uint64_t position : positions) {
    if (groups_[index_.corpus().document_at(position)] != own_) ++others;
  }
  if (positions.empty()) return 0;
  return others * range.size() / positions.size();
}

}  // namespace yurai

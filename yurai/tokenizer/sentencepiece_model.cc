#include "yurai/tokenizer/sentencepiece_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little, "models are little-endian");

constexpr size_t kMaxPieces = 1 << 22;
constexpr size_t kMaxRuleBytes = 16 << 20;
constexpr size_t kMaxPieceBytes = 1024;  // the library's BPE descends a piece's parts recursively
// The library keeps so many results of one look-up on its stack, and reads on if there are more.
constexpr size_t kMaxNestedSymbols = 64;
constexpr uint32_t kMaxNestedRules = 32;

constexpr uint64_t kUnknownType = 2;
constexpr uint64_t kUserDefinedType = 4;
constexpr uint64_t kLastType = 6;

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// One field of a message.
struct Field {
  uint64_t number = 0;
  uint64_t varint = 0;     ///< of wire types 0, 1 and 5
  std::string_view bytes;  ///< of wire type 2
  bool has_bytes = false;
  std::string_view whole;  ///< with its tag
};

/// Reads a message front to back.
class FieldReader {
 public:
  FieldReader(std::string_view message, std::string what)
      : rest_(message), what_(std::move(what)) {}

  bool done() const { return rest_.empty(); }

  Result<Field> next() {
    const std::string_view begin = rest_;
    Field field;
    YURAI_ASSIGN(const uint64_t tag, varint());
    field.number = tag >> 3;
    if (field.number == 0 || field.number > (1u << 29)) return broken("has no such field");
    switch (tag & 7) {
      case 0: {
        YURAI_ASSIGN(field.varint, varint());
        break;
      }
      case 1: {
        YURAI_ASSIGN(field.varint, fixed(8));
        break;
      }
      case 2: {
        YURAI_ASSIGN(const uint64_t size, varint());
        if (size > rest_.size())
          return broken(fmt::format("is cut: {} bytes are missing", size - rest_.size()));
        field.bytes = rest_.substr(0, size);
        field.has_bytes = true;
        rest_.remove_prefix(size);
        break;
      }
      case 5: {
        YURAI_ASSIGN(field.varint, fixed(4));
        break;
      }
      default:
        return broken("is no SentencePiece model");
    }
    field.whole = begin.substr(0, begin.size() - rest_.size());
    return field;
  }

 private:
  tl::unexpected<Error> broken(std::string_view how) const {
    return bad(fmt::format("{} {}", what_, how));
  }
  Result<uint64_t> varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return broken("is cut");
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    return broken("has a number of more than 64 bits");
  }
  Result<uint64_t> fixed(size_t size) {
    if (rest_.size() < size) return broken("is cut");
    uint64_t value = 0;
    std::memcpy(&value, rest_.data(), size);
    rest_.remove_prefix(size);
    return value;
  }

  std::string_view rest_;
  std::string what_;
};

// ---- the normaliser's rules ----

/// A double array of Darts-clone: units of 32 bits; a node is where its children's labels are
/// counted from.
class DoubleArray {
 public:
  explicit DoubleArray(std::string_view bytes) : units_(bytes.size() / 4) {
    if (!units_.empty()) std::memcpy(units_.data(), bytes.data(), units_.size() * 4);
  }

  /// Proves that no text leads out of the array or to a value of `num_values` and more, nor past
  /// more than kMaxNestedRules values.
  Result<void> check(size_t num_values) const {
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
      if (has_value(unit) && (units_[child] & 0x7FFFFFFF) >= num_values) {
        return bad("its normaliser leads out of its texts");
      }
      visit.most = std::max<uint32_t>(visit.most, most[child] + (has_value(unit) ? 1u : 0u));
      ++visit.label;
    }
    return {};
  }

 private:
  static bool has_value(uint32_t unit) { return (unit >> 8 & 1) != 0; }
  static uint32_t label(uint32_t unit) { return unit & 0x800000FFu; }
  static uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }

  std::vector<uint32_t> units_;
};

/// <bytes of the array, 4 bytes> <array> <texts, each ended by a zero byte>.
Result<void> check_rules(std::string_view rules) {
  if (rules.empty()) return {};
  if (rules.size() > kMaxRuleBytes) return bad("its normaliser is too large");
  uint32_t array_bytes = 0;
  if (rules.size() > 4) std::memcpy(&array_bytes, rules.data(), 4);
  rules.remove_prefix(std::min<size_t>(4, rules.size()));
  if (array_bytes % 4 != 0 || array_bytes >= rules.size()) {
    return bad("its normaliser's table has another size than it says");
  }
  const std::string_view texts = rules.substr(array_bytes);
  if (texts.back() != '\0' || find_invalid_utf8(texts)) {
    return bad("its normaliser's texts are broken");
  }
  return DoubleArray(rules.substr(0, array_bytes)).check(texts.size());
}

Result<void> check_normalizer(std::string_view message) {
  FieldReader reader(message, "its normaliser");
  std::optional<std::string_view> rules;
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number != 2) continue;
    if (!field.has_bytes || rules) return bad("its normaliser is broken");
    rules = field.bytes;
  }
  return check_rules(rules.value_or(std::string_view()));
}

// ---- pieces ----

struct Pieces {
  size_t count = 0;
  size_t num_unknown = 0;
  std::vector<std::string_view> user_defined;
};

Result<void> check_piece(std::string_view message, Pieces& pieces) {
  const auto wrong = [&](std::string_view how) {
    return bad(fmt::format("piece {} {}", pieces.count, how));
  };
  std::string_view piece;
  uint64_t type = 1;
  FieldReader reader(message, fmt::format("piece {}", pieces.count));
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number == 1) {
      if (!field.has_bytes) return wrong("is no text");
      piece = field.bytes;
    } else if (field.number == 2) {
      const auto score = std::bit_cast<float>(static_cast<uint32_t>(field.varint));
      if (field.has_bytes || !std::isfinite(score)) return wrong("has a score that is no number");
    } else if (field.number == 3) {
      type = field.varint;
      if (field.has_bytes || type == 0 || type > kLastType) return wrong("is of no known type");
    }
  }
  if (piece.empty()) return wrong("is empty");
  if (piece.size() > kMaxPieceBytes) {
    return wrong(fmt::format("has {} bytes, more than {}", piece.size(), kMaxPieceBytes));
  }
  if (find_invalid_utf8(piece) || piece.find('\0') != piece.npos) {
    return wrong("is not UTF-8 without zero bytes");
  }
  pieces.num_unknown += type == kUnknownType ? 1 : 0;
  if (type == kUserDefinedType) pieces.user_defined.push_back(piece);
  if (++pieces.count > kMaxPieces) return bad("it has too many pieces");
  return {};
}

Result<void> check_nesting(std::vector<std::string_view> symbols) {
  std::sort(symbols.begin(), symbols.end());
  std::vector<std::string_view> open;  // each a beginning of the next
  for (const std::string_view symbol : symbols) {
    while (!open.empty() && !symbol.starts_with(open.back())) open.pop_back();
    open.push_back(symbol);
    if (open.size() > kMaxNestedSymbols) {
      return bad(fmt::format("more than {} user-defined symbols begin with one another",
                             kMaxNestedSymbols));
    }
  }
  return {};
}

Result<std::string> model_type(std::string_view trainer) {
  constexpr std::string_view kTypes[] = {"unigram", "bpe", "word", "char"};
  uint64_t type = 1;
  FieldReader reader(trainer, "its trainer's settings");
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number == 3) type = field.varint;
  }
  if (type == 0 || type > std::size(kTypes)) return bad("it is of no known type");
  return std::string(kTypes[type - 1]);
}

}  // namespace

Result<CheckedSentencePieceModel> check_sentencepiece_model(std::string_view bytes) {
  CheckedSentencePieceModel model;
  model.bytes.reserve(bytes.size());
  Pieces pieces;
  std::string_view trainer;
  std::vector<uint64_t> seen;
  FieldReader reader(bytes, "the file");
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number <= 5 && !field.has_bytes) return bad("the file is no SentencePiece model");
    if (field.number == 1) {
      YURAI_TRY(check_piece(field.bytes, pieces));
    } else if (field.number <= 5) {
      // Protocol Buffers would merge two of a kind, and what we checked would not be what runs.
      if (std::find(seen.begin(), seen.end(), field.number) != seen.end()) {
        return bad(fmt::format("field {} comes twice", field.number));
      }
      seen.push_back(field.number);
    }
    if (field.number == 2) trainer = field.bytes;
    if (field.number == 3 || field.number == 5) YURAI_TRY(check_normalizer(field.bytes));
    if (field.number != 4) model.bytes += field.whole;
  }
  if (pieces.count == 0) return bad("the file is no SentencePiece model: it has no pieces");
  if (pieces.num_unknown != 1) {
    return bad(fmt::format("it has {} unknown pieces, not one", pieces.num_unknown));
  }
  YURAI_TRY(check_nesting(std::move(pieces.user_defined)));
  YURAI_ASSIGN(model.type, model_type(trainer));
  return model;
}

}  // namespace yurai

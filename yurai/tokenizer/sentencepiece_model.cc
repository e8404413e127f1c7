#include "yurai/tokenizer/sentencepiece_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/byte_alphabet.h"

namespace yurai {
namespace {

constexpr size_t kMaxPieces = 1 << 22;
constexpr size_t kMaxRuleBytes = 16 << 20;
constexpr size_t kMaxPieceBytes = 1024;   // encoding looks as far ahead, at every place
constexpr size_t kMaxNestedSymbols = 64;  // the library sees no more of them
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
};

/// Reads a message front to back.
class FieldReader {
 public:
  FieldReader(std::string_view message, std::string what)
      : rest_(message), what_(std::move(what)) {}

  bool done() const { return rest_.empty(); }

  Result<Field> next() {
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

/// <bytes of the array, 4 bytes> <array> <texts, each ended by a zero byte>.
Result<void> parse_charsmap(std::string_view bytes, SentencePieceRules& rules) {
  if (bytes.empty()) return {};
  if (bytes.size() > kMaxRuleBytes) return bad("its normaliser is too large");
  uint32_t array_bytes = 0;
  if (bytes.size() > 4) std::memcpy(&array_bytes, bytes.data(), 4);
  bytes.remove_prefix(std::min<size_t>(4, bytes.size()));
  if (array_bytes % 4 != 0 || array_bytes >= bytes.size()) {
    return bad("its normaliser's table has another size than it says");
  }
  rules.texts = bytes.substr(array_bytes);
  if (rules.texts.back() != '\0' || find_invalid_utf8(rules.texts)) {
    return bad("its normaliser's texts are broken");
  }
  rules.array = DoubleArray(bytes.substr(0, array_bytes));
  return rules.array.check(rules.texts);
}

Result<SentencePieceRules> parse_rules(std::string_view message) {
  SentencePieceRules rules;
  FieldReader reader(message, "its normaliser");
  std::optional<std::string_view> charsmap;
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number < 2 || field.number > 5) continue;
    if (field.has_bytes != (field.number == 2) || (field.has_bytes && charsmap)) {
      return bad("its normaliser is broken");
    }
    if (field.number == 2) charsmap = field.bytes;
    if (field.number == 3) rules.add_dummy_prefix = field.varint != 0;
    if (field.number == 4) rules.remove_extra_whitespaces = field.varint != 0;
    if (field.number == 5) rules.escape_whitespaces = field.varint != 0;
  }
  YURAI_TRY(parse_charsmap(charsmap.value_or(std::string_view()), rules));
  return rules;
}

// ---- pieces ----

Result<SentencePiece> parse_piece(std::string_view message, size_t number) {
  const auto wrong = [&](std::string_view how) {
    return bad(fmt::format("piece {} {}", number, how));
  };
  SentencePiece piece;
  FieldReader reader(message, fmt::format("piece {}", number));
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number == 1) {
      if (!field.has_bytes) return wrong("is no text");
      piece.text = field.bytes;
    } else if (field.number == 2) {
      piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.varint));
      if (field.has_bytes || !std::isfinite(piece.score)) {
        return wrong("has a score that is no number");
      }
    } else if (field.number == 3) {
      if (field.has_bytes || field.varint == 0 || field.varint > kLastType) {
        return wrong("is of no known type");
      }
      piece.type = static_cast<SentencePieceType>(field.varint);
    }
  }
  if (piece.text.empty()) return wrong("is empty");
  if (piece.text.size() > kMaxPieceBytes) {
    return wrong(fmt::format("has {} bytes, more than {}", piece.text.size(), kMaxPieceBytes));
  }
  if (find_invalid_utf8(piece.text) || piece.text.find('\0') != piece.text.npos) {
    return wrong("is not UTF-8 without zero bytes");
  }
  return piece;
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

// ---- the whole ----

Result<void> parse_trainer(std::string_view message, SentencePieceModel& model) {
  constexpr std::string_view kTypes[] = {"unigram", "bpe", "word", "char"};
  uint64_t type = 1;
  FieldReader reader(message, "its trainer's settings");
  // The library takes these texts up to a zero byte, and an empty name for none.
  const auto set = [](std::string& to, std::string_view text, bool may_be_empty) {
    text = text.substr(0, text.find('\0'));
    if (may_be_empty || !text.empty()) to = text;
  };
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    const bool is_text = field.number >= 44 && field.number <= 48;
    const bool is_number = field.number == 3 || field.number == 24 || field.number == 35;
    if ((is_text && !field.has_bytes) || (is_number && field.has_bytes)) {
      return bad("its trainer's settings are broken");
    }
    if (field.number == 3) type = field.varint;
    if (field.number == 24) model.whitespace_as_suffix = field.varint != 0;
    if (field.number == 35) model.byte_fallback = field.varint != 0;
    if (field.number == 44) set(model.unknown_surface, field.bytes, true);
    if (field.number == 45) set(model.unknown_name, field.bytes, false);
    if (field.number == 46) set(model.begin_name, field.bytes, false);
    if (field.number == 47) set(model.end_name, field.bytes, false);
    if (field.number == 48) set(model.padding_name, field.bytes, false);
  }
  if (type == 0 || type > std::size(kTypes)) return bad("it is of no known type");
  model.type = kTypes[type - 1];
  if (find_invalid_utf8(model.unknown_surface)) return bad("its text for <unk> is not UTF-8");
  return {};
}

/// Whether a piece can be a part of a text.
bool is_of_texts(SentencePieceType type) {
  return type == SentencePieceType::kNormal || type == SentencePieceType::kUserDefined ||
         type == SentencePieceType::kUnused;
}

Result<void> check_pieces(const SentencePieceModel& model) {
  std::unordered_set<std::string_view> of_texts;
  std::unordered_set<std::string_view> others;
  std::vector<std::string_view> symbols;
  size_t num_unknown = 0;
  size_t num_bytes = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& [text, score, type] = model.pieces[id];
    const bool is_new = (is_of_texts(type) ? of_texts : others).insert(text).second;
    if (!is_new) return bad(fmt::format("piece {} is there already", id));
    if (type == SentencePieceType::kUserDefined) symbols.push_back(text);
    num_unknown += type == SentencePieceType::kUnknown ? 1 : 0;
    if (type != SentencePieceType::kByte) continue;
    const auto byte = fallback_byte(text);
    if (!byte || text != fmt::format("<0x{:02X}>", *byte)) {
      return bad(fmt::format("piece {} is no byte, as it says", id));
    }
    ++num_bytes;
  }
  if (num_unknown != 1) return bad(fmt::format("it has {} unknown pieces, not one", num_unknown));
  const size_t wanted = model.byte_fallback ? 256 : 0;
  if (num_bytes != wanted) return bad(fmt::format("it has {} bytes, not {}", num_bytes, wanted));
  if (model.type == "unigram" && of_texts.empty()) return bad("no piece is of texts");
  return check_nesting(std::move(symbols));
}

}  // namespace

Result<SentencePieceModel> parse_sentencepiece_model(std::string_view bytes) {
  SentencePieceModel model;
  std::string_view trainer;
  std::vector<uint64_t> seen;
  FieldReader reader(bytes, "the file");
  while (!reader.done()) {
    YURAI_ASSIGN(const Field field, reader.next());
    if (field.number <= 5 && !field.has_bytes) return bad("the file is no SentencePiece model");
    if (field.number == 1) {
      YURAI_ASSIGN(SentencePiece piece, parse_piece(field.bytes, model.pieces.size()));
      model.pieces.push_back(std::move(piece));
      if (model.pieces.size() > kMaxPieces) return bad("it has too many pieces");
    } else if (field.number <= 5) {
      // Protocol Buffers would merge two of a kind.
      if (std::find(seen.begin(), seen.end(), field.number) != seen.end()) {
        return bad(fmt::format("field {} comes twice", field.number));
      }
      seen.push_back(field.number);
    }
    if (field.number == 2) trainer = field.bytes;
    if (field.number == 3) {
      YURAI_ASSIGN(model.normalizer, parse_rules(field.bytes));
    } else if (field.number == 5) {
      YURAI_ASSIGN(SentencePieceRules rules, parse_rules(field.bytes));
      if (!rules.array.empty()) model.denormalizer = std::move(rules);
    }
  }
  if (model.pieces.empty()) return bad("the file is no SentencePiece model: it has no pieces");
  YURAI_TRY(parse_trainer(trainer, model));
  YURAI_TRY(check_pieces(model));
  return model;
}

}  // namespace yurai

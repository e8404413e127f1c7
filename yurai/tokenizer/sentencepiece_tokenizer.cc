#include "yurai/tokenizer/sentencepiece_tokenizer.h"

#include <array>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/byte_alphabet.h"
#include "yurai/tokenizer/sentencepiece_model.h"
#include "yurai/tokenizer/sentencepiece_normalizer.h"
#include "yurai/tokenizer/sentencepiece_segmenter.h"

namespace yurai {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The text of byte pieces: a byte that begins no character becomes U+FFFD, alone.
void append_bytes(std::string_view bytes, std::string& out) {
  for (size_t at = 0; at < bytes.size();) {
    const std::string_view one = bytes.substr(at, char_bytes(bytes, at));
    const bool valid = !find_invalid_utf8(one);
    out += valid ? one : kReplacement;
    at += valid ? one.size() : 1;
  }
}

std::string with_spaces(std::string_view piece) {
  std::string text;
  for (size_t at = 0; at < piece.size();) {
    const bool is_space = piece.substr(at).starts_with(kSpace);
    text += is_space ? ' ' : piece[at];
    at += is_space ? kSpace.size() : 1;
  }
  return text;
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(SentencePieceModel model, SentencePieceSymbols symbols)
      : model_(std::move(model)),
        symbols_(std::move(symbols)),
        normalizer_(model_.normalizer, &symbols_, model_.whitespace_as_suffix) {
    if (model_.denormalizer) denormalizer_.emplace(*model_.denormalizer, nullptr, false);
  }

  Result<void> prepare() {
    YURAI_ASSIGN(SentencePieceSegmenter segmenter, SentencePieceSegmenter::build(model_, symbols_));
    segmenter_.emplace(std::move(segmenter));
    facts_.kind = "sentencepiece-" + model_.type;
    facts_.unknown = role(model_.unknown_name, SentencePieceType::kUnknown);
    facts_.begin = role(model_.begin_name, SentencePieceType::kControl);
    facts_.end = role(model_.end_name, SentencePieceType::kControl);
    facts_.padding = role(model_.padding_name, SentencePieceType::kControl);
    surfaces_.reserve(model_.pieces.size());
    for (uint32_t id = 0; id < vocabulary_size(); ++id) {
      const std::string& text = model_.pieces[id].text;
      if (is_special(id)) facts_.special.push_back({id, text});
      surfaces_.push_back(surface(*segmenter_->id_of(text)));
      if (model_.pieces[id].type == SentencePieceType::kByte) bytes_[*fallback_byte(text)] = id;
    }
    return {};
  }

  Result<std::string> decode(std::span<const uint32_t> ids,
                             const DecodeOptions& options) const override {
    const bool strip = model_.normalizer.remove_extra_whitespaces;
    const bool strip_one = !strip && model_.normalizer.add_dummy_prefix;
    std::string text;
    std::string bytes;  // of byte pieces in a row
    bool at_begin = true;
    bool stripped = false;
    for (const uint32_t id : ids) {
      if (id >= vocabulary_size()) return no_such_token(id);
      if (options.skip_special && is_special(id)) continue;
      const Surface& piece = surfaces_[id];
      if (piece.type == SentencePieceType::kByte) {
        bytes += piece.text;
        continue;
      }
      append_bytes(bytes, text);
      bytes.clear();
      if (stripped || !text.empty()) at_begin = false;
      const bool space = at_begin && (strip || strip_one) && piece.begins_with_space;
      text.append(piece.text, space ? 1 : 0);
      stripped = space && !strip;
    }
    append_bytes(bytes, text);
    if (!denormalizer_) return text;
    YURAI_ASSIGN(NormalizedText plain, denormalizer_->normalize(text));
    return std::move(plain.text);
  }

  uint32_t vocabulary_size() const override { return static_cast<uint32_t>(model_.pieces.size()); }
  std::optional<std::string> piece(uint32_t id) const override {
    if (id >= vocabulary_size()) return std::nullopt;
    return model_.pieces[id].text;
  }
  std::optional<uint32_t> id_of(std::string_view piece) const override {
    return segmenter_->id_of(piece);
  }

 protected:
  Result<std::vector<Token>> encode_valid(std::string_view text,
                                          const EncodeOptions&) const override {
    YURAI_ASSIGN(const NormalizedText normalized, normalizer_.normalize(text));
    const auto segments = segmenter_->segment(normalized.text);
    std::vector<Token> tokens;
    tokens.reserve(segments.size());
    size_t at = 0;
    bool after_unknown = false;
    for (const auto& [size, id] : segments) {
      const SentencePieceType type = model_.pieces[id].type;
      if (type == SentencePieceType::kControl) {
        return fail(ErrorCode::kInvalidArgument,
                    "the text holds a character that the tokenizer keeps for its own use");
      }
      const uint32_t begin = normalized.sources[at];
      const uint32_t end = normalized.sources[at + size];
      const bool is_unknown = type == SentencePieceType::kUnknown;
      if (is_unknown && model_.byte_fallback) {
        // The library gives the whole range to the last byte.
        for (size_t i = 0; i < size; ++i) {
          const auto byte = static_cast<unsigned char>(normalized.text[at + i]);
          tokens.push_back({bytes_[byte], begin, i + 1 == size ? end : begin});
        }
      } else if (is_unknown && after_unknown) {
        tokens.back().byte_end = end;
      } else {
        tokens.push_back({id, begin, end});
      }
      after_unknown = is_unknown;
      at += size;
    }
    return tokens;
  }

 private:
  /// What decoding makes of a piece.
  struct Surface {
    std::string text;
    bool begins_with_space = false;  ///< with ▁, which is one space in `text`
    SentencePieceType type = SentencePieceType::kNormal;
  };

  Surface surface(uint32_t id) const {
    const auto& [text, score, type] = model_.pieces[id];
    switch (type) {
      case SentencePieceType::kControl:
        return {"", false, type};
      case SentencePieceType::kUnknown:
        return {model_.unknown_surface, false, type};
      case SentencePieceType::kByte:
        return {std::string(1, static_cast<char>(*fallback_byte(text))), false, type};
      default:
        return {with_spaces(text), text.starts_with(kSpace), type};
    }
  }
  bool is_special(uint32_t id) const {
    const SentencePieceType type = model_.pieces[id].type;
    return type == SentencePieceType::kControl || type == SentencePieceType::kUnknown;
  }
  /// The library takes a name that is no piece for the unknown one.
  std::optional<uint32_t> role(std::string_view name, SentencePieceType type) const {
    const uint32_t id = segmenter_->id_of(name).value_or(segmenter_->unknown());
    return model_.pieces[id].type == type ? std::optional<uint32_t>(id) : std::nullopt;
  }

  const SentencePieceModel model_;
  const SentencePieceSymbols symbols_;
  const SentencePieceNormalizer normalizer_;
  std::optional<SentencePieceNormalizer> denormalizer_;
  std::optional<SentencePieceSegmenter> segmenter_;
  std::vector<Surface> surfaces_;
  std::array<uint32_t, 256> bytes_{};  ///< ids of the byte pieces
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> parse_sentencepiece_tokenizer(std::string_view bytes) {
  YURAI_ASSIGN(SentencePieceModel model, parse_sentencepiece_model(bytes));
  YURAI_ASSIGN(SentencePieceSymbols symbols, SentencePieceSymbols::build(model.pieces));
  auto tokenizer = std::make_unique<SentencePieceTokenizer>(std::move(model), std::move(symbols));
  YURAI_TRY(tokenizer->prepare());
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace yurai

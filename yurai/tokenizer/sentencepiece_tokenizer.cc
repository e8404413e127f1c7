#include "yurai/tokenizer/sentencepiece_tokenizer.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include <exception>

#include "yurai/base/terminal.h"
#include "yurai/tokenizer/byte_alphabet.h"
#include "yurai/tokenizer/sentencepiece_model.h"

namespace yurai {
namespace {

Result<void> to_result(const sentencepiece::util::Status& status) {
  if (status.ok()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("SentencePiece: {}", for_terminal(status.message())));
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  Result<void> load(const CheckedSentencePieceModel& model) {
    try {  // the library's tables throw
      YURAI_TRY(to_result(processor_.LoadFromSerializedProto(model.bytes)));
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("SentencePiece: {}", for_terminal(error.what())));
    }
    facts_.kind = "sentencepiece-" + model.type;
    const auto role = [](int id) {
      return id < 0 ? std::nullopt : std::optional<uint32_t>(static_cast<uint32_t>(id));
    };
    facts_.unknown = role(processor_.unk_id());
    facts_.begin = role(processor_.bos_id());
    facts_.end = role(processor_.eos_id());
    facts_.padding = role(processor_.pad_id());
    for (uint32_t id = 0; id < vocabulary_size(); ++id) {
      if (is_special(id))
        facts_.special.push_back({id, processor_.IdToPiece(static_cast<int>(id))});
    }
    return {};
  }

  Result<std::string> decode(std::span<const uint32_t> ids,
                             const DecodeOptions& options) const override {
    std::vector<int> known;
    known.reserve(ids.size());
    for (const uint32_t id : ids) {
      if (id >= vocabulary_size()) return no_such_token(id);
      if (!options.skip_special || !is_special(id)) known.push_back(static_cast<int>(id));
    }
    std::string text;
    YURAI_TRY(to_result(processor_.Decode(known, &text)));
    return replace_invalid_utf8(text);  // unk_surface is any bytes
  }

  uint32_t vocabulary_size() const override {
    return static_cast<uint32_t>(processor_.GetPieceSize());
  }
  std::optional<std::string> piece(uint32_t id) const override {
    if (id >= vocabulary_size()) return std::nullopt;
    return processor_.IdToPiece(static_cast<int>(id));
  }
  std::optional<uint32_t> id_of(std::string_view piece) const override {
    const int id = processor_.PieceToId(piece);  // unknown pieces get the unknown one's
    if (id < 0 || processor_.IdToPiece(id) != piece) return std::nullopt;
    return static_cast<uint32_t>(id);
  }

 protected:
  Result<std::vector<Token>> encode_valid(std::string_view text,
                                          const EncodeOptions&) const override {
    sentencepiece::ImmutableSentencePieceText pieces;
    YURAI_TRY(to_result(processor_.Encode(text, pieces.mutable_proto())));
    std::vector<Token> tokens(pieces.pieces_size());
    for (size_t i = 0; i < tokens.size(); ++i) {
      const auto piece = pieces.pieces(static_cast<int>(i));
      tokens[i] = {piece.id(), piece.begin(), piece.end()};
    }
    return tokens;
  }

 private:
  bool is_special(uint32_t id) const {
    return processor_.IsControl(static_cast<int>(id)) || processor_.IsUnknown(static_cast<int>(id));
  }

  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> parse_sentencepiece_tokenizer(std::string_view bytes) {
  YURAI_ASSIGN(const CheckedSentencePieceModel model, check_sentencepiece_model(bytes));
  auto tokenizer = std::make_unique<SentencePieceTokenizer>();
  YURAI_TRY(tokenizer->load(model));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace yurai

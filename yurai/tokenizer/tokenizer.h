#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Text to tokens and back, as the tokenizer files of public models say it.
///
///     YURAI_ASSIGN(const auto tokenizer, Tokenizer::open("model/tokenizer.json"));
///     YURAI_ASSIGN(const std::vector<Token> tokens, tokenizer->encode("吾輩は猫である。"));
///     text.substr(tokens[0].byte_begin, tokens[0].byte_end - tokens[0].byte_begin);
///     YURAI_ASSIGN(const std::string text, tokenizer->decode(ids_of(tokens)));
///
/// docs/tokenizers.md says which parts of tokenizer.json are read, and what is promised.
namespace yurai {

/// One token and the bytes of the text that it stands for: whole characters, so that the parts of a
/// character that was cut share its range; empty for what is not in the text.
struct Token {
  uint32_t id = 0;
  uint32_t byte_begin = 0;
  uint32_t byte_end = 0;
  friend bool operator==(const Token&, const Token&) = default;
};

std::vector<uint32_t> ids_of(std::span<const Token> tokens);

struct EncodeOptions {
  /// Add what the file's post-processor adds, such as <s> before the text. A SentencePiece model
  /// says nothing of the kind: nothing is added.
  bool add_special = false;
  /// Let text such as "</s>" become the special token of that name, as the public libraries do by
  /// default. Untrusted text should not: it could end a document that goes on. SentencePiece never
  /// does.
  bool match_special = true;
};

struct DecodeOptions {
  bool skip_special = false;
};

struct SpecialToken {
  uint32_t id = 0;
  std::string text;
};

/// What a tokenizer says of itself.
struct TokenizerFacts {
  std::string kind;    ///< "sentencepiece-unigram", "byte-level-bpe", "bpe", "unigram", …
  std::string sha256;  ///< of the file: the tokenizer's name in ledgers
  std::vector<SpecialToken> special{};  ///< ascending by id
  // Where the file, or tokenizer_config.json beside it, names them.
  std::optional<uint32_t> unknown{};
  std::optional<uint32_t> begin{};
  std::optional<uint32_t> end{};
  std::optional<uint32_t> padding{};
};

/// The longest text of one call.
inline constexpr uint64_t kMaxTokenizerTextBytes = 64ull << 20;

/// Immutable; const calls are thread-safe.
class Tokenizer {
 public:
  /// Opens tokenizer.json, a SentencePiece model, or a folder: one that `tokenizer train` wrote or
  /// a Hugging Face model folder. Untrusted files are fine: what is broken, or asks for what we do
  /// not have, is an error (kInvalidArgument) that names the place.
  static Result<std::unique_ptr<Tokenizer>> open(const std::filesystem::path& path);
  /// The same from the bytes of a file; `name` is for messages.
  static Result<std::unique_ptr<Tokenizer>> parse(std::string_view bytes, std::string_view name);

  virtual ~Tokenizer() = default;

  /// Tokens in the order of the text, which is valid UTF-8.
  Result<std::vector<Token>> encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// The text of tokens, valid UTF-8: bytes that are none become U+FFFD. An id that is not in the
  /// vocabulary is kInvalidArgument.
  virtual Result<std::string> decode(std::span<const uint32_t> ids,
                                     const DecodeOptions& options = {}) const = 0;

  /// All ids are below it; some files leave ids out.
  virtual uint32_t vocabulary_size() const = 0;
  /// The token as the file names it, "Ġthe" or "▁the"; nothing where there is no such id.
  virtual std::optional<std::string> piece(uint32_t id) const = 0;
  virtual std::optional<uint32_t> id_of(std::string_view piece) const = 0;

  const TokenizerFacts& facts() const { return facts_; }

 protected:
  /// `text` is valid UTF-8 of at most kMaxTokenizerTextBytes.
  virtual Result<std::vector<Token>> encode_valid(std::string_view text,
                                                  const EncodeOptions& options) const = 0;
  static tl::unexpected<Error> no_such_token(uint32_t id);

  TokenizerFacts facts_;
};

}  // namespace yurai

#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/tokenizer/added_tokens.h"
#include "yurai/tokenizer/bpe.h"
#include "yurai/tokenizer/decoder.h"
#include "yurai/tokenizer/normalizer.h"
#include "yurai/tokenizer/pre_tokenizer.h"
#include "yurai/tokenizer/unigram.h"
#include "yurai/tokenizer/vocabulary.h"

namespace yurai {

/// `post_processor`: Sequence, ByteLevel, TemplateProcessing (of one text).
struct PostProcessor {
  std::vector<uint32_t> before{};  ///< ids
  std::vector<uint32_t> after{};
  bool trims = false;         ///< ranges leave white space at a token's ends out
  bool prefix_space = false;  ///< … but for one that was put before the first word

  static Result<PostProcessor> parse(const Json& json);
};

/// tokenizer.json, read and checked.
struct JsonTokenizerParts {
  Vocabulary vocabulary{};  ///< the model's
  std::vector<AddedToken> added{};
  AddedTokenMatcher matcher{};
  AddedTokenMatcher normalized_matcher{};
  Normalizer normalizer{};
  PreTokenizer pre_tokenizer{};
  std::optional<Bpe> bpe{};  ///< one of the two
  std::optional<Unigram> unigram{};
  PostProcessor post{};
  TokenDecoder decoder{};
};

Result<JsonTokenizerParts> parse_json_tokenizer_parts(std::string_view bytes,
                                                      TokenizerFacts& facts);

}  // namespace yurai

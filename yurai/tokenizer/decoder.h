#pragma once

#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/tokenizer/regex.h"

namespace yurai {

/// `decoder` of tokenizer.json: Sequence, ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip.
/// Immutable; const calls are thread-safe.
class TokenDecoder {
 public:
  /// null: tokens are joined by spaces. Anything else that we do not have is an error that lists
  /// what we have.
  static Result<TokenDecoder> parse(const Json& json);

  /// The text of tokens, given as the vocabulary writes them; valid UTF-8.
  Result<std::string> decode(std::vector<std::string> tokens) const;

 private:
  struct Step {
    enum class Kind { kByteLevel, kByteFallback, kFuse, kMetaspace, kReplace, kStrip };
    Kind kind = Kind::kFuse;
    std::string content{};
    std::optional<Regex> pattern{};
    uint64_t begin = 0;  ///< of kStrip: at most so many at the beginning …
    uint64_t end = 0;    ///< … and at the end
    bool drops_first = false;
  };
  Result<void> add(const Json& json);
  static Result<void> run(const Step& step, std::vector<std::string>& tokens);

  std::vector<Step> steps_;
  bool joins_with_spaces_ = false;
};

}  // namespace yurai

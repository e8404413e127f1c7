#pragma once

#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/tokenizer/aligned_text.h"

namespace yurai {

/// A text in pieces: what the model sees at once, and the added tokens that were found before it.
struct PiecedText {
  struct Piece {
    uint32_t begin = 0;
    uint32_t end = 0;
    std::optional<uint32_t> token{};
  };
  AlignedText text;
  std::vector<Piece> pieces{};  ///< none empty, ascending, not overlapping
};

/// `pre_tokenizer` of tokenizer.json: Sequence, ByteLevel, Metaspace, Split, Digits, Punctuation,
/// Whitespace, WhitespaceSplit. Immutable; const calls are thread-safe.
class PreTokenizer {
 public:
  /// null: none. Anything else that we do not have is an error that lists what we have.
  static Result<PreTokenizer> parse(const Json& json);

  /// Cuts the pieces that are no tokens.
  Result<void> apply(PiecedText& pieced) const;

  /// Whether the model reads bytes, each written as one of 256 printable characters.
  bool byte_level() const { return byte_level_; }

 private:
  enum class Scheme { kAlways, kFirst };
  enum class Behavior {
    kRemoved,
    kIsolated,
    kMergedWithPrevious,
    kMergedWithNext,
    kContiguous,
  };
  struct Step {
    enum class Kind { kReplace, kPrefix, kSplit };
    Kind kind = Kind::kSplit;
    std::string content{};  ///< of kReplace (of a space) and kPrefix
    Scheme scheme = Scheme::kAlways;
    std::optional<Regex> pattern{};  ///< of kSplit and kReplace
    Behavior behavior = Behavior::kIsolated;
    bool invert = false;
  };
  struct Part {
    uint32_t begin = 0;
    uint32_t end = 0;
    bool match = false;
  };

  Result<void> add(const Json& json);
  Result<void> add_byte_level(const Json& json);
  Result<void> add_metaspace(const Json& json);
  void add_split(Regex pattern, Behavior behavior, bool invert = false);
  static Result<Behavior> behavior_of(const Json& json);
  static void merge(std::vector<Part>& parts, Behavior behavior);

  static Result<void> replace(const Step& step, PiecedText& pieced);
  static void prefix(const Step& step, PiecedText& pieced);
  static Result<void> split(const Step& step, PiecedText& pieced);

  std::vector<Step> steps_;
  bool byte_level_ = false;
};

}  // namespace yurai

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/tokenizer/aligned_text.h"
#include "yurai/tokenizer/characters.h"

namespace yurai {

/// `normalizer` of tokenizer.json: Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend,
/// Replace. Immutable; const calls are thread-safe.
class Normalizer {
 public:
  /// null: none. Anything else that we do not have is an error that lists what we have.
  static Result<Normalizer> parse(const Json& json);

  Result<void> apply(AlignedText& text) const;
  bool empty() const { return steps_.empty(); }

 private:
  struct Step {
    enum class Kind { kForm, kLowerCase, kStrip, kPrepend, kReplace };
    Kind kind = Kind::kForm;
    UnicodeForm form = UnicodeForm::kNfc;
    bool left = false;
    bool right = false;
    std::string content{};
    std::optional<Regex> pattern{};
  };
  Result<void> add(const Json& json);
  static Result<Step> parse_step(const std::string& type, const Json& json);

  std::vector<Step> steps_;
};

/// The members that several parts of tokenizer.json have.
Result<Regex> json_pattern(const Json& object);
Result<bool> json_flag(const Json& object, std::string_view key, bool otherwise);
/// "pre_tokenizer 'X' is not supported; known: …".
tl::unexpected<Error> unknown_kind(std::string_view part, std::string_view kind,
                                   std::string_view known);

}  // namespace yurai

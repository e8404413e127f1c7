#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

struct TextRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const TextRange&, const TextRange&) = default;
};

/// A regular expression of a tokenizer file. Those are written for Oniguruma's Ruby syntax; PCRE2
/// runs them, so `parse` says in PCRE2's words what Oniguruma means (docs/tokenizers.md) and
/// refuses what it cannot say. Immutable; const calls are thread-safe.
class Regex {
 public:
  /// An expression in Oniguruma's syntax.
  static Result<Regex> parse(std::string_view pattern);
  /// Exactly this text.
  static Result<Regex> literal(std::string_view text);
  /// An expression in PCRE2's syntax, of our own.
  static Regex own(std::string_view pattern);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// All matches in `text` (valid UTF-8) from the left, none empty right behind another. A pattern
  /// that needs too many steps is kResourceExhausted.
  Result<std::vector<TextRange>> find_all(std::string_view text) const;

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  static Result<Regex> compile(std::string_view pattern, std::string_view shown);
  std::unique_ptr<Code> code_;
};

/// `pattern` in PCRE2's syntax.
Result<std::string> to_pcre2(std::string_view pattern);

}  // namespace yurai

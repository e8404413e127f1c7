#include "yurai/corpus/license.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "yurai/base/ascii.h"
#include "yurai/base/hash.h"
#include "yurai/corpus/spdx_table.h"

namespace yurai {
namespace {

constexpr int kMaxNesting = 32;
constexpr std::string_view kRefPrefix = "LicenseRef-";

bool is_ref_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
         c == '-';
}

/// Removes `prefix` (in lower case) from the front of `name`, whatever its case.
bool consume(std::string_view& name, std::string_view prefix) {
  if (to_lower(name.substr(0, prefix.size())) != prefix) return false;
  name.remove_prefix(prefix.size());
  return true;
}

// Names that DEP-5 gives to licences which SPDX calls otherwise.
struct Alias {
  std::string_view debian;
  std::string_view spdx;
};
constexpr auto kAliases = std::to_array<Alias>({
    {"artistic", "Artistic-1.0"},
    {"cc0", "CC0-1.0"},
    {"cddl", "CDDL-1.0"},
    {"cpl", "CPL-1.0"},
    {"expat", "MIT"},
    {"qpl", "QPL-1.0"},
    {"w3c-software", "W3C"},
});

/// GPL-2+, LGPL-2.1, AGPL-3+, GFDL-NIV-1.3+, GPLv3: a GNU licence, and whether later versions
/// count. SPDX dropped its own "GPL-2.0" and "GPL-2.0+" because people read them differently.
std::string gnu_license(std::string_view name) {
  std::string_view family;
  for (const std::string_view gnu : {"AGPL", "LGPL", "GPL", "GFDL"}) {
    if (family.empty() && consume(name, to_lower(gnu))) family = gnu;
  }
  if (family.empty()) return {};
  const bool no_invariants = family == "GFDL" && consume(name, "-niv");
  consume(name, "-");
  consume(name, "v");
  const size_t version_end = std::min(name.find_first_not_of("0123456789."), name.size());
  std::string version(name.substr(0, version_end));
  const std::string_view rest = name.substr(version_end);
  const bool later = rest == "+" || to_lower(rest) == "-or-later";
  if (!later && !rest.empty() && to_lower(rest) != "-only") return {};
  if (version.find('.') == std::string::npos) version += ".0";
  return std::string(find_spdx_license(fmt::format("{}-{}{}{}", family, version,
                                                   no_invariants ? "-no-invariants" : "",
                                                   later ? "-or-later" : "-only")));
}

/// The SPDX name of one licence; empty when there is none.
std::string single_license(std::string_view name) {
  if (std::string gnu = gnu_license(name); !gnu.empty()) return gnu;
  if (const std::string_view known = find_spdx_license(name); !known.empty()) {
    return std::string(known);
  }
  for (const Alias& alias : kAliases) {
    if (to_lower(name) == alias.debian) return std::string(alias.spdx);
  }
  if (const size_t digit = name.find_last_not_of("0123456789");
      digit != std::string_view::npos && digit + 1 < name.size() && name[digit] == '-') {
    return std::string(find_spdx_license(std::string(name) + ".0"));  // Apache-2
  }
  if (name.starts_with(kRefPrefix) && name.size() > kRefPrefix.size() &&
      std::all_of(name.begin(), name.end(), is_ref_char)) {
    return std::string(name);
  }
  if (name.ends_with('+')) {
    const std::string_view known = find_spdx_license(name.substr(0, name.size() - 1));
    if (!known.empty()) return std::string(known) + "+";
  }
  return {};
}

/// Recursive descent over
///     list   = either (',' word either)*      all words alike: Debian's comma binds loosest
///     either = both ("or" both)*
///     both   = one ("and" one)*
///     one    = '(' list ')' | licence ("with" exception)?
/// An empty optional: not understood.
class Parser {
 public:
  explicit Parser(std::string_view given) {
    for (size_t at = 0; at < given.size();) {
      if (given[at] == ' ' || given[at] == '\t' || given[at] == '\n') {
        ++at;
        continue;
      }
      size_t end = given.find_first_of(" \t\n(),", at);
      end = end == at ? at + 1 : std::min(end, given.size());
      tokens_.push_back(given.substr(at, end - at));
      at = end;
    }
  }

  std::optional<std::string> parse() {
    const auto expression = list(0);
    if (!expression || at_ != tokens_.size()) return std::nullopt;
    return expression->text;
  }

 private:
  /// An expression and its outermost operator, empty for a single licence.
  struct Expression {
    std::string text;
    std::string_view joined_by;
  };

  bool next_is(std::string_view word, size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() && to_lower(tokens_[at_ + ahead]) == word;
  }
  bool take(std::string_view word) {
    if (!next_is(word)) return false;
    ++at_;
    return true;
  }

  static void join(Expression& left, const Expression& right, std::string_view word) {
    const auto operand = [&](const Expression& side) {
      const bool plain = side.joined_by.empty() || side.joined_by == word;
      return plain ? side.text : "(" + side.text + ")";
    };
    left = {fmt::format("{} {} {}", operand(left), word, operand(right)), word};
  }

  std::optional<Expression> list(int depth) {
    auto left = either(depth);
    std::string_view word;
    while (left && next_is(",")) {
      const std::string_view next = next_is("or", 1) ? "OR" : next_is("and", 1) ? "AND" : "";
      if (next.empty() || (!word.empty() && next != word)) return std::nullopt;
      word = next;
      at_ += 2;
      const auto right = either(depth);
      if (!right) return std::nullopt;
      join(*left, *right, word);
    }
    return left;
  }

  std::optional<Expression> either(int depth) {
    auto left = both(depth);
    while (left && take("or")) {
      const auto right = both(depth);
      if (!right) return std::nullopt;
      join(*left, *right, "OR");
    }
    return left;
  }

  std::optional<Expression> both(int depth) {
    auto left = one(depth);
    while (left && take("and")) {
      const auto right = one(depth);
      if (!right) return std::nullopt;
      join(*left, *right, "AND");
    }
    return left;
  }

  std::optional<Expression> one(int depth) {
    if (take("(")) {
      if (depth == kMaxNesting) return std::nullopt;
      auto inner = list(depth + 1);
      if (!inner || !take(")")) return std::nullopt;
      return inner;
    }
    if (at_ == tokens_.size()) return std::nullopt;
    Expression expression{single_license(tokens_[at_++]), ""};
    if (expression.text.empty()) return std::nullopt;
    if (take("with")) {
      if (at_ == tokens_.size()) return std::nullopt;
      const std::string_view exception = find_spdx_exception(tokens_[at_++]);
      if (exception.empty()) return std::nullopt;
      expression.text += fmt::format(" WITH {}", exception);
    }
    return expression;
  }

  std::vector<std::string_view> tokens_;
  size_t at_ = 0;
};

}  // namespace

License normalize_license(std::string_view given) {
  if (given.size() <= kMaxExpressionBytes) {
    if (auto expression = Parser(given).parse()) return {std::move(*expression), true};
  }
  return {std::string(given), false};
}

std::string license_ref(std::string_view name) {
  constexpr size_t kMaxNameBytes = 64;
  std::string ref(kRefPrefix);
  bool changed = name.size() > kMaxNameBytes || name.empty();
  for (const char c : name.substr(0, kMaxNameBytes)) {
    changed |= !is_ref_char(c);
    if (is_ref_char(c)) {
      ref += c;
    } else if (!ref.ends_with('-')) {
      ref += '-';
    }
  }
  if (!changed) return ref;
  if (!ref.ends_with('-')) ref += '-';
  return ref + sha256_hex(name).substr(0, 12);
}

}  // namespace yurai

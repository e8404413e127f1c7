#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Names of licences: what a document says, as SPDX says it where SPDX has a name.
namespace yurai {

/// Longer names are never SPDX expressions.
inline constexpr size_t kMaxExpressionBytes = 1024;

struct License {
  std::string name;   ///< an SPDX expression, or what was given, byte for byte
  bool spdx = false;  ///< whether `name` is an SPDX expression
};

/// Reads an SPDX expression in any case, with OR, AND, WITH and parentheses, and Debian's short
/// names (DEP-5). Never guesses: what is not understood as a whole is kept as it is. Idempotent.
///
///     normalize_license("GPL-2+ or Expat")  → "GPL-2.0-or-later OR MIT", SPDX
///     normalize_license("public-domain")    → "public-domain", not SPDX
License normalize_license(std::string_view given);

/// The name under which a licence that is not SPDX goes into SPDX documents. Two different names
/// never share a reference: where characters had to be replaced, 12 digits of the name's SHA-256
/// follow.
///
///     license_ref("public-domain") == "LicenseRef-public-domain"
std::string license_ref(std::string_view name);

}  // namespace yurai

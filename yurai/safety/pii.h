#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Personal information in running text, Japanese kinds first. Rules, not statistics: each kind has
/// a shape and, where there is one, a check digit; what is ambiguous needs a word before it that
/// says what it is.
///
///     mask_pii("電話は０９０－１２３４－５６７８です", find_pii(text)) == "電話は<phone>です"
namespace yurai {

enum class PiiKind { kEmail, kPhone, kPostcode, kMyNumber, kCard, kBankAccount, kPassport };
inline constexpr int kNumPiiKinds = 7;

/// "email", "phone", "postcode", "my_number", "card", "bank_account", "passport".
std::string_view name(PiiKind kind);

struct PiiSpan {
  PiiKind kind = PiiKind::kEmail;
  uint64_t byte_begin = 0;  ///< into the text as it was given
  uint64_t byte_end = 0;
  bool operator==(const PiiSpan&) const = default;
};

/// Spans in order, without overlap. Widths do not matter: digits, letters and hyphens are read as
/// NFKC (and Japanese typing) make them, and the offsets are those of the original. Linear in the
/// text.
std::vector<PiiSpan> find_pii(std::string_view text);

/// The text with "<phone>" and so on in place of the spans.
std::string mask_pii(std::string_view text, const std::vector<PiiSpan>& spans);

/// Whether twelve digits have the check digit of an Individual Number ("My Number"; Ministry order
/// No. 85 of 2014, Article 5).
bool is_my_number(std::string_view digits);

/// Luhn's check (ISO/IEC 7812-1).
bool passes_luhn(std::string_view digits);

}  // namespace yurai

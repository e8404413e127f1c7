#include "yurai/curate/url.h"

#include <algorithm>
#include <cstddef>

#include "yurai/base/ascii.h"

namespace yurai {
namespace {

bool is_letter(char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }
bool is_scheme_char(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

std::string_view before(std::string_view text, char c) { return text.substr(0, text.find(c)); }

}  // namespace

std::string url_host(std::string_view url) {
  while (!url.empty() && static_cast<unsigned char>(url.front()) <= ' ') url.remove_prefix(1);
  std::string clean;
  for (const char c : url) {
    if (c != '\t' && c != '\n' && c != '\r') clean.push_back(c);
  }
  std::string_view rest = clean;
  const size_t colon = rest.find(':');
  if (colon != std::string_view::npos && colon > 0 && is_letter(rest[0]) &&
      std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(colon),
                  is_scheme_char)) {
    rest.remove_prefix(colon + 1);
  }
  if (!rest.starts_with("//")) return {};
  rest = rest.substr(2, rest.find_first_of("/?#", 2) - 2);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  const size_t bracket = rest.find('[');
  rest =
      bracket == std::string_view::npos ? before(rest, ':') : before(rest.substr(bracket + 1), ']');
  return to_lower(rest);
}

}  // namespace yurai

#include "yurai/curate/url.h"

#include <algorithm>
#include <cstddef>

namespace yurai {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
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
  std::string host(rest);
  for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return host;
}

bool host_is_in(std::string_view host, std::string_view domain) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!host.ends_with(domain) || domain.empty()) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace yurai

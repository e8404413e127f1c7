#include "yurai/card/license_expression.h"

#include <algorithm>

#include "yurai/card/members.h"
#include "yurai/corpus/license.h"

namespace yurai {
namespace {

/// The names between operators and parentheses; exceptions (after WITH) are no licences.
std::vector<std::string> names_in(std::string_view expression) {
  std::vector<std::string> names;
  bool exception = false;
  for (size_t at = 0; at < expression.size();) {
    const size_t begin = expression.find_first_not_of(" ()", at);
    if (begin == std::string_view::npos) break;
    at = std::min(expression.find_first_of(" ()", begin), expression.size());
    const std::string_view word = expression.substr(begin, at - begin);
    if (word == "OR" || word == "AND") continue;
    if (word == "WITH") {
      exception = true;
      continue;
    }
    if (!exception) names.emplace_back(word);
    exception = false;
  }
  return names;
}

}  // namespace

std::vector<std::string> license_urls(std::string_view name) {
  if (!normalize_license(name).spdx) return {license_ref(name)};
  std::vector<std::string> urls;
  for (std::string& one : names_in(name)) {
    if (one.ends_with('+')) one.pop_back();
    const bool reference = one.starts_with("LicenseRef-") || one.starts_with("DocumentRef-");
    urls.push_back(reference ? one : "https://spdx.org/licenses/" + one + ".html");
  }
  std::sort(urls.begin(), urls.end());
  urls.erase(std::unique(urls.begin(), urls.end()), urls.end());
  return urls;
}

CombinedLicense combined_license(const Json& licenses) {
  CombinedLicense combined;
  const Json& groups = list_of(licenses, "groups");
  for (const Json& group : groups) {
    const std::string name = text_of(group, "name");
    std::string one = name;
    if (member_of(group, "spdx") != true) {
      one = license_ref(name);
      combined.references.push_back({one, name});
    } else if (groups.size() > 1 && one.find(' ') != std::string::npos) {
      one = "(" + one + ")";
    }
    if (!combined.expression.empty()) combined.expression += " AND ";
    combined.expression += one;
  }
  return combined;
}

}  // namespace yurai

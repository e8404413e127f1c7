#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/corpus/license.h"
#include "yurai/curate/filter.h"
#include "yurai/curate/url.h"

namespace yurai {
namespace {

/// Whether the last label of the URL's host is allowed.
class TopLevelDomain final : public Filter {
 public:
  TopLevelDomain(std::vector<std::string> allowed, std::vector<std::string> refused)
      : allowed_(std::move(allowed)), refused_(std::move(refused)) {}

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(auto allowed, options.strings("allow"));
    std::vector<std::string> refused;
    if (options.has("refuse_prefixes")) {
      YURAI_ASSIGN(refused, options.strings("refuse_prefixes"));
    }
    if (allowed.empty()) return options.bad("allow", "holds no domain");
    return std::make_unique<TopLevelDomain>(std::move(allowed), std::move(refused));
  }

  Measurement measure(const Subject& subject, bool) const override {
    const std::string& url = subject.document.url;
    for (const std::string& prefix : refused_) {
      if (url.starts_with(prefix)) return {.value = 0};
    }
    const std::string host = url_host(url);
    const std::string last = host.substr(host.rfind('.') + 1);  // npos + 1 is 0
    const bool allowed = std::find(allowed_.begin(), allowed_.end(), last) != allowed_.end();
    return {.value = allowed && !host.empty() ? 1 : 0};
  }

 private:
  std::vector<std::string> allowed_;
  std::vector<std::string> refused_;
};

/// Whether the host, or a domain above it, is in a list.
class UrlList final : public Filter {
 public:
  explicit UrlList(std::unordered_set<std::string> domains) : domains_(std::move(domains)) {}

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const auto lines, options.word_list("list"));
    std::unordered_set<std::string> domains;
    for (const std::string& line : lines) {
      if (line.starts_with('#')) continue;
      std::string host =
          line.find("//") == std::string::npos ? url_host("//" + line) : url_host(line);
      if (host.starts_with("*.")) host.erase(0, 2);
      if (host.empty()) {
        return options.bad("list", "names a file with '" + for_terminal(line) +
                                       "', which is neither a domain nor a URL");
      }
      domains.insert(std::move(host));
    }
    return std::make_unique<UrlList>(std::move(domains));
  }

  Measurement measure(const Subject& subject, bool) const override {
    const std::string host = url_host(subject.document.url);
    std::string_view rest = host;
    while (!rest.empty()) {
      if (domains_.contains(std::string(rest))) return {.value = 1};
      const size_t dot = rest.find('.');
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    return {.value = 0};
  }

 private:
  std::unordered_set<std::string> domains_;
};

/// Whether the document's licence, in SPDX's words, is in a list.
class LicenseList final : public Filter {
 public:
  LicenseList(std::unordered_set<std::string> allowed, bool unstated)
      : allowed_(std::move(allowed)), unstated_(unstated) {}

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const auto names, options.strings("allow"));
    YURAI_ASSIGN(const bool unstated, options.flag("unstated", false));
    std::unordered_set<std::string> allowed;
    for (const std::string& name : names) allowed.insert(normalize_license(name).name);
    if (allowed.empty()) return options.bad("allow", "holds no licence");
    return std::make_unique<LicenseList>(std::move(allowed), unstated);
  }

  Measurement measure(const Subject& subject, bool) const override {
    const std::string& given = subject.document.license;
    if (given.empty()) return {.value = unstated_ ? 1 : 0};
    return {.value = is_allowed(normalize_license(given).name) ? 1 : 0};
  }

 private:
  /// An expression is allowed as it is, or as a choice (OR) one of whose sides is.
  bool is_allowed(std::string_view name) const {
    if (allowed_.contains(std::string(name))) return true;
    if (name.find('(') != std::string_view::npos) return false;
    const size_t choice = name.find(" OR ");
    if (choice == std::string_view::npos) return all_allowed(name);
    return is_allowed(name.substr(0, choice)) || is_allowed(name.substr(choice + 4));
  }
  bool all_allowed(std::string_view name) const {
    const size_t both = name.find(" AND ");
    if (both == std::string_view::npos) return allowed_.contains(std::string(name));
    return allowed_.contains(std::string(name.substr(0, both))) &&
           all_allowed(name.substr(both + 5));
  }

  std::unordered_set<std::string> allowed_;
  bool unstated_;
};

constexpr OptionInfo kTldOptions[] = {{.name = "allow",
                                       .english = "top-level domains, such as [\"jp\", \"com\"]",
                                       .japanese = "トップレベルドメイン（例: [\"jp\", \"com\"]）"},
                                      {.name = "refuse_prefixes",
                                       .fallback = "[]",
                                       .english = "URLs that begin with one of these are refused",
                                       .japanese = "この文字列で始まる URL は除く"}};
constexpr OptionInfo kListOptions[] = {
    {.name = "list",
     .english = "file of domains or URLs, one a line, in the folder that --words names",
     .japanese = "ドメインまたは URL のファイル（1 行 1 件、--words のフォルダー内）"}};
constexpr OptionInfo kLicenseOptions[] = {
    {.name = "allow",
     .english = "SPDX names, such as [\"CC-BY-4.0\", \"MIT\"]",
     .japanese = "SPDX 名（例: [\"CC-BY-4.0\", \"MIT\"]）"},
    {.name = "unstated",
     .fallback = "false",
     .english = "keep documents that state no licence",
     .japanese = "ライセンスの記載がない文書を残す"}};

constexpr FilterInfo kFilters[] = {
    {.name = "domain",
     .unit = "yes",
     .bounds = {.min = 1},
     .options = kTldOptions,
     .source = "llm-jp-corpus v1 has_valid_domain",
     .english = "The URL's top-level domain is in a list",
     .japanese = "URL のトップレベルドメインがリストにある",
     .make = TopLevelDomain::make},
    {.name = "url_blocked",
     .unit = "yes",
     .bounds = {.max = 0},
     .options = kListOptions,
     .source = "the block lists of the field (such as UT1)",
     .english = "The URL's host, or a domain above it, is in a list",
     .japanese = "URL のホストまたは上位ドメインが拒否リストにある",
     .make = UrlList::make},
    {.name = "url_allowed",
     .unit = "yes",
     .bounds = {.min = 1},
     .options = kListOptions,
     .source = "Yurai",
     .english = "The same list as an allow-list",
     .japanese = "URL のホストまたは上位ドメインが許可リストにある",
     .make = UrlList::make},
    {.name = "license",
     .unit = "yes",
     .bounds = {.min = 1},
     .options = kLicenseOptions,
     .source = "Yurai",
     .english = "The licence, in SPDX's words, is in a list",
     .japanese = "ライセンス（SPDX 名）が許可リストにある",
     .make = LicenseList::make},
};

}  // namespace

std::span<const FilterInfo> origin_filters() { return kFilters; }

}  // namespace yurai

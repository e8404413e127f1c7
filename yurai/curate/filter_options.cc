#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/curate/filter.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kMaxListBytes = 256ull << 20;

/// Whether `file`, with all links followed, is elsewhere than below `folder`. A file that cannot be
/// found leads nowhere.
bool leads_out_of(const fs::path& folder, const fs::path& file) {
  std::error_code status;
  const fs::path within = fs::weakly_canonical(folder, status);
  const fs::path found = status ? fs::path() : fs::weakly_canonical(file, status);
  if (status) return true;
  return std::mismatch(within.begin(), within.end(), found.begin(), found.end()).first !=
         within.end();
}

}  // namespace

tl::unexpected<Error> FilterOptions::bad(std::string_view option, std::string_view what,
                                         ErrorCode code) const {
  return fail(code, fmt::format("step '{}': option '{}' {}", for_terminal(step_),
                                for_terminal(option), what));
}

Result<double> FilterOptions::number(std::string_view name, double fallback) const {
  if (!has(name)) return fallback;
  const Json& value = values_.at(std::string(name));
  if (!value.is_number()) return bad(name, "must be a number");
  return value.get<double>();
}

Result<uint64_t> FilterOptions::count(std::string_view name, uint64_t fallback) const {
  if (!has(name)) return fallback;
  const Json& value = values_.at(std::string(name));
  if (!value.is_number_integer() || value.get<int64_t>() < 0) {
    return bad(name, "must be a whole number, 0 or more");
  }
  return value.get<uint64_t>();
}

Result<bool> FilterOptions::flag(std::string_view name, bool fallback) const {
  if (!has(name)) return fallback;
  const Json& value = values_.at(std::string(name));
  if (!value.is_boolean()) return bad(name, "must be true or false");
  return value.get<bool>();
}

Result<std::string> FilterOptions::string(std::string_view name, std::string_view fallback) const {
  if (!has(name)) return std::string(fallback);
  const Json& value = values_.at(std::string(name));
  if (!value.is_string()) return bad(name, "must be a string");
  return value.get<std::string>();
}

Result<std::vector<std::string>> FilterOptions::strings(std::string_view name) const {
  if (!has(name)) return bad(name, "is missing");
  const Json& value = values_.at(std::string(name));
  std::vector<std::string> list;
  if (!value.is_array()) return bad(name, "must be a list of strings");
  for (const Json& item : value) {
    if (!item.is_string()) return bad(name, "must be a list of strings");
    list.push_back(item.get<std::string>());
  }
  return list;
}

Result<fs::path> FilterOptions::path(std::string_view name) const {
  YURAI_ASSIGN(const std::string given, string(name, ""));
  if (given.empty()) return bad(name, "is missing: it names a file");
  const fs::path file(given);
  return file.is_absolute() || base_.empty() ? file : base_ / file;
}

Result<std::vector<std::string>> FilterOptions::word_list(std::string_view name) {
  YURAI_ASSIGN(const std::string given, string(name, ""));
  if (given.empty()) return bad(name, "is missing: it names a word list");
  if (words_.empty()) {
    return bad(name,
               fmt::format("needs the word list '{}'; say with --words DIR where it is",
                           for_terminal(given)),
               ErrorCode::kNotFound);
  }
  if (given.find('\0') != std::string::npos) return bad(name, "holds a NUL: no file is named so");
  const fs::path file = words_ / given;
  if (leads_out_of(words_, file)) {
    // A chain may come from somebody else: it names no other file of this machine.
    return bad(name,
               fmt::format("names '{}', which is not in the folder of --words ('{}'); put the "
                           "list there",
                           for_terminal(given), for_terminal(words_.string())));
  }
  auto bytes = read_file(file, kMaxListBytes);
  if (!bytes) return bad(name, bytes.error().message, bytes.error().code);
  if (const auto invalid = find_invalid_utf8(*bytes)) {
    return bad(name,
               fmt::format("'{}' is not UTF-8 at byte {}", for_terminal(file.string()), *invalid));
  }
  add_input({fs::path(given).filename().string(), bytes->size(), sha256_hex(*bytes)});
  std::vector<std::string> words;
  std::string_view rest = *bytes;
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    word.remove_prefix(std::min(word.find_first_not_of(" \t\r\f\v"), word.size()));
    while (!word.empty() && word.find_last_of(" \t\r\f\v") == word.size() - 1)
      word.remove_suffix(1);
    if (!word.empty()) words.emplace_back(word);
  }
  if (words.empty()) {
    return bad(name, fmt::format("names '{}', which holds no word", for_terminal(file.string())));
  }
  return words;
}

}  // namespace yurai

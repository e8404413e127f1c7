#include "yurai/corpus/sample_copyright.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "yurai/base/ascii.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kMaxAuthorBytes = 200;

/// Lower case, one space between words, comment marks at line beginnings removed.
std::string words_of(std::string_view text) {
  std::string out;
  for (const char c : to_lower(text)) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '*' || c == '#';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// --- licences ---------------------------------------------------------------------------------

/// What the Linux man-pages project's tags stand for; it has since replaced them by these SPDX
/// names itself. Its other tags stay as they are.
constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kManPagesTags = {{
    {"BSD_3_CLAUSE_UCB", "BSD-3-Clause"},
    {"BSD_4_CLAUSE_UCB", "BSD-4-Clause-UC"},
    {"GPL_NOVERSION_ONELINE", "GPL-1.0-or-later"},
    {"GPLv2+", "GPL-2.0-or-later"},
    {"GPLv2+_DOC_FULL", "GPL-2.0-or-later"},
    {"GPLv2+_DOC_MISC", "GPL-2.0-or-later"},
    {"GPLv2+_DOC_ONEPARA", "GPL-2.0-or-later"},
    {"GPLv2+_SW_3_PARA", "GPL-2.0-or-later"},
    {"GPLv2+_SW_ONEPARA", "GPL-2.0-or-later"},
    {"GPLv2_MISC", "GPL-2.0-only"},
    {"GPLv2_ONELINE", "GPL-2.0-only"},
    {"MIT", "MIT"},
    {"PUBLIC_DOMAIN", "public-domain"},
    {"VERBATIM", "Linux-man-pages-copyleft"},
    {"VERBATIM_ONE_PARA", "Linux-man-pages-1-para"},
    {"VERBATIM_PROF", "Linux-man-pages-copyleft-var"},
    {"VERBATIM_TWO_PARA", "Linux-man-pages-copyleft-2-para"},
}};

/// "GPL-2.0-or-later" for wording such as "<name>; either version 2, or (at your option) any later
/// version"; empty when no version is near.
std::string versioned(std::string_view words, std::string_view name, std::string_view spdx) {
  const size_t at = words.find(name);
  if (at == words.npos) return {};
  const std::string_view near = words.substr(at, 400);
  const size_t version = near.find("version ");
  if (version == near.npos || version + 8 >= near.size()) return {};
  const std::string_view number = near.substr(version + 8);
  if (number[0] < '1' || number[0] > '3') return {};
  const bool minor = number.size() > 2 && number[1] == '.' && std::isdigit(number[2]) != 0;
  const bool later = near.substr(version, 120).find("later version") != near.npos;
  return fmt::format("{}-{}.{}-{}", spdx, number[0], minor ? number[2] : '0',
                     later ? "or-later" : "only");
}

std::string bsd(std::string_view words) {
  if (words.find("redistribution and use in source and binary forms") == words.npos) return {};
  const bool advertising = words.find("advertising materials mentioning") != words.npos;
  const bool endorse = words.find("to endorse or promote") != words.npos;
  if (advertising && !endorse) return {};
  if (advertising) {
    const bool berkeley = words.find("university of california, berkeley") != words.npos;
    return berkeley ? "BSD-4-Clause-UC" : "BSD-4-Clause";
  }
  return endorse ? "BSD-3-Clause" : "BSD-2-Clause";
}

std::string man_pages_copyleft(std::string_view words) {
  const auto has = [&](std::string_view text) { return words.find(text) != words.npos; };
  if (!has("make and distribute verbatim copies of this manual provided") ||
      !has("permission notice identical to this one") ||
      has("distribute translations of this manual")) {
    return {};
  }
  const bool no_liability = has("the author(s) assume no responsibility");
  const bool formatted = has("formatted or processed versions of this manual");
  if (no_liability && formatted) return "Linux-man-pages-copyleft";
  return no_liability || formatted ? "" : "Linux-man-pages-copyleft-2-para";
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kWordings = {{
    {"gpl v2+", "GPL-2.0-or-later"},
    {"gplv2+", "GPL-2.0-or-later"},
    {"gpl-2+", "GPL-2.0-or-later"},
    {"gpl v3+", "GPL-3.0-or-later"},
    {"gplv3+", "GPL-3.0-or-later"},
    {"gpl-3+", "GPL-3.0-or-later"},
    {"permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"},
    {"permission to use, copy, modify, and distribute this software for any purpose with or "
     "without fee is hereby granted",
     "ISC"},
    {"permission to use, copy, modify, and/or distribute this software for any purpose with or "
     "without fee is hereby granted",
     "ISC"},
    {"licensed under the apache license, version 2.0", "Apache-2.0"},
    {"to you under the apache license, version 2.0", "Apache-2.0"},
    {"licensed under version 2 of the gnu general public license.", "GPL-2.0-only"},
    {"been put into the public domain", "public-domain"},
    {"is in the public domain", "public-domain"},
    {"placed in the public domain", "public-domain"},
    {"placed into the public domain", "public-domain"},
}};

// --- holders ----------------------------------------------------------------------------------

bool remove_prefix(std::string_view& text, std::string_view lower_case_prefix) {
  if (to_lower(text.substr(0, lower_case_prefix.size())) != lower_case_prefix) return false;
  text.remove_prefix(lower_case_prefix.size());
  return true;
}

/// "(c) 1990, 1992-2004 by X <x@example.org>. All rights reserved." → "X".
std::string holder_of(std::string_view line) {
  bool more = true;
  while (more) {  // what stands before the name
    line = trim(line, " \t\r\n,;:.-*/\\\"");
    more = false;
    for (const std::string_view prefix :
         {"portions copyright", "copyright", "(c)", "\u00a9", "by ", "and copyright", "\u2013"}) {
      more = more || remove_prefix(line, prefix);
    }
    size_t digits = 0;
    while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits])) != 0) {
      ++digits;
    }
    const bool year =
        digits >= 1 && digits <= 4 &&
        (digits == line.size() || std::isalpha(static_cast<unsigned char>(line[digits])) == 0);
    if (year) {
      line.remove_prefix(digits);
      more = true;
    }
  }
  std::string text = to_lower(line);
  for (const std::string_view end : {" <", "<", " (", "-*-", "all rights reserved", "; licen",
                                     ", http", " http", " copyright "}) {
    const size_t at = text.find(end);
    if (at != text.npos) {
      line = line.substr(0, at);
      text = text.substr(0, at);
    }
  }
  std::string_view holder = trim(line, " \t\r\n,;:.-*/\\\"");
  const bool has_letter = std::any_of(holder.begin(), holder.end(), [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0;
  });
  if (!has_letter || holder.size() > kMaxAuthorBytes || to_lower(holder) == "n/a") return {};
  if (std::count(holder.begin(), holder.end(), ' ') > 12) return {};  // a sentence
  return std::string(holder);
}

std::string join_holders(const std::vector<std::string>& holders) {
  std::string author;
  std::set<std::string> seen;
  for (const std::string& holder : holders) {
    if (holder.empty() || !seen.insert(holder).second) continue;
    if (author.size() + 2 + holder.size() > kMaxAuthorBytes - 8) {
      author += " et al.";
      break;
    }
    author += author.empty() ? holder : "; " + holder;
  }
  return author;
}

// --- DEP-5 ------------------------------------------------------------------------------------

struct Field {
  std::string name;   ///< lower case
  std::string value;  ///< continuation lines after line breaks
};

std::vector<std::vector<Field>> parse_stanzas(std::string_view text) {
  std::vector<std::vector<Field>> stanzas(1);
  for (std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) {
      if (!stanzas.back().empty()) stanzas.emplace_back();
    } else if (line[0] == ' ' || line[0] == '\t') {
      if (stanzas.back().empty()) continue;
      stanzas.back().back().value += '\n';
      stanzas.back().back().value += trim(line);
    } else if (const size_t colon = line.find(':'); line[0] != '#' && colon != line.npos) {
      stanzas.back().push_back(
          {to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
    }
  }
  return stanzas;
}

std::string field(const std::vector<Field>& stanza, std::string_view name) {
  for (const Field& entry : stanza) {
    if (entry.name == name) return entry.value;
  }
  return {};
}

}  // namespace

std::string recognise_license(std::string_view notice) {
  constexpr std::string_view kSpdx = "SPDX-License-Identifier:";
  if (const size_t at = notice.find(kSpdx); at != notice.npos) {
    const std::string_view rest = notice.substr(at + kSpdx.size());
    return std::string(trim(rest.substr(0, rest.find('\n')), " \t\r\n*/"));
  }
  constexpr std::string_view kTag = "LICENSE_START(";
  if (const size_t at = notice.find(kTag); at != notice.npos) {
    const std::string_view rest = notice.substr(at + kTag.size());
    const std::string_view tag = rest.substr(0, rest.find(')'));
    for (const auto& [name, spdx] : kManPagesTags) {
      if (tag == name) return std::string(spdx);
    }
    return std::string(tag);
  }
  const std::string words = words_of(notice);
  std::set<std::string> found = {
      bsd(words),
      man_pages_copyleft(words),
      versioned(words, "gnu general public license", "GPL"),
      versioned(words, "gnu lesser general public license", "LGPL"),
      versioned(words, "gnu library general public license", "LGPL"),
      versioned(words, "gnu free documentation license", "GFDL"),
  };
  for (const auto& [wording, spdx] : kWordings) {
    if (words.find(wording) != words.npos) found.emplace(spdx);
  }
  found.erase("");
  return found.size() == 1 ? *found.begin() : std::string();
}

std::string copyright_holders(std::string_view notice) {
  std::vector<std::string> holders;
  for (const std::string_view line : split(notice, '\n')) {
    const std::string words = to_lower(line);
    size_t at = words.find("copyright");
    const bool named = at != words.npos;
    if (!named) at = std::min(words.find("(c)"), words.find("\u00a9"));
    if (at == words.npos) continue;
    const size_t digit = words.find_first_of("0123456789", at);
    if (digit == words.npos) continue;  // "the above copyright notice"
    holders.push_back(holder_of(line.substr(at)));
  }
  return join_holders(holders);
}

NoticeOrigin origin_of_notice(std::string_view notice) {
  return {recognise_license(notice), copyright_holders(notice)};
}

CopyrightFile CopyrightFile::parse(std::string_view bytes) {
  CopyrightFile file;
  if (find_invalid_utf8(bytes)) return file;
  if (!bytes.starts_with("Format:") && !bytes.starts_with("Format-Specification:")) {
    file.stanzas_.push_back({{"*"}, origin_of_notice(bytes)});
    return file;
  }
  for (const std::vector<Field>& stanza : parse_stanzas(bytes)) {
    const std::string patterns = field(stanza, "files");
    if (patterns.empty()) continue;
    Stanza entry;
    for (const std::string_view line : split(patterns, '\n')) {
      for (const std::string_view word : split(line, ' ')) {
        if (!trim(word).empty()) entry.patterns.emplace_back(trim(word));
      }
    }
    const std::string license = field(stanza, "license");
    entry.origin.license = trim(std::string_view(license).substr(0, license.find('\n')));
    std::vector<std::string> holders;
    const std::string copyright = field(stanza, "copyright");
    for (const std::string_view line : split(copyright, '\n')) holders.push_back(holder_of(line));
    entry.origin.author = join_holders(holders);
    file.stanzas_.push_back(std::move(entry));
  }
  return file;
}

NoticeOrigin CopyrightFile::origin_of(std::string_view source_path) const {
  for (size_t i = stanzas_.size(); i-- > 0;) {
    for (const std::string& pattern : stanzas_[i].patterns) {
      if (matches_pattern(pattern, source_path)) return stanzas_[i].origin;
    }
  }
  return {};
}

bool matches_pattern(std::string_view pattern, std::string_view path) {
  size_t p = 0;
  size_t t = 0;
  size_t star = pattern.npos;
  size_t retry = 0;
  while (t < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == path[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace yurai

#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Under which licence and by whom a packaged file is: only what is written down, never a guess.
namespace yurai {

struct NoticeOrigin {
  std::string license;  ///< SPDX or Debian short name; empty when unknown
  std::string author;   ///< copyright holders, "; " between them, at most 200 bytes
};

/// The licence that a notice names: an SPDX tag, the man-pages project's LICENSE_START tag, or the
/// wording of a common licence. Empty when there is none, or when there are several.
///
///     recognise_license("SPDX-License-Identifier: GPL-2.0-only") == "GPL-2.0-only"
std::string recognise_license(std::string_view notice);

/// The holders in the lines of a notice that say "Copyright", "(c)" or "©", without years and
/// addresses.
///
///     copyright_holders("Copyright (C) 1999-2001 JM Project All rights reserved.") == "JM Project"
std::string copyright_holders(std::string_view notice);

/// What a notice at the top of a document says of it.
NoticeOrigin origin_of_notice(std::string_view notice);

/// usr/share/doc/<package>/copyright: in Debian's machine-readable format (DEP-5) with its stanzas
/// by file, or free text.
class CopyrightFile {
 public:
  /// Any bytes are fine.
  static CopyrightFile parse(std::string_view bytes);

  /// The last stanza whose pattern (`*` and `?`) matches the path within the source package; for
  /// free text the same answer for every path.
  NoticeOrigin origin_of(std::string_view source_path) const;

 private:
  struct Stanza {
    std::vector<std::string> patterns;
    NoticeOrigin origin;
  };
  std::vector<Stanza> stanzas_;
};

/// Whether `path` matches `pattern`: `*` stands for any characters, slashes too, `?` for one byte.
bool matches_pattern(std::string_view pattern, std::string_view path);

}  // namespace yurai

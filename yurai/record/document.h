#pragma once

#include <array>
#include <string>
#include <string_view>

#include "yurai/base/json.h"

namespace yurai {

/// One document of a training corpus. Text is UTF-8; an empty field other than `text` is unknown.
struct Document {
  std::string id{};       ///< not necessarily unique; never a path
  std::string text{};     ///< may hold U+0000
  std::string source{};   ///< the collection it comes from, such as "manpages-ja"
  std::string license{};  ///< SPDX expression, or as the input gave it
  std::string author{};
  std::string url{};
  std::string title{};
  std::string date{};  ///< as the input gave it; ISO 8601 where known
  std::string lang{};  ///< BCP 47, such as "ja"
};

/// The fields in the order of `corpus_sha256`, of every format and of every JSON object.
inline constexpr std::array<std::string_view, 9> kDocumentFields = {
    "id", "text", "source", "license", "author", "url", "title", "date", "lang"};

inline constexpr std::array<std::string Document::*, 9> kDocumentMembers = {
    &Document::id,  &Document::text,  &Document::source, &Document::license, &Document::author,
    &Document::url, &Document::title, &Document::date,   &Document::lang};

/// The id of a document that has none: "sha256:" and the first 16 digits of its text's SHA-256.
std::string id_of_text(std::string_view sha256_hex);

/// Appends title, source, license, author, url, date and lang; null where not known.
void append_origin(Json& json, const Document& document);

}  // namespace yurai

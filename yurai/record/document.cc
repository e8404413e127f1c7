#include "yurai/record/document.h"

namespace yurai {

std::string id_of_text(std::string_view sha256_hex) {
  return "sha256:" + std::string(sha256_hex.substr(0, 16));
}

void append_origin(Json& json, const Document& document) {
  json["title"] = or_null(document.title);
  json["source"] = or_null(document.source);
  json["license"] = or_null(document.license);
  json["author"] = or_null(document.author);
  json["url"] = or_null(document.url);
  json["date"] = or_null(document.date);
  json["lang"] = or_null(document.lang);
}

}  // namespace yurai

#include "yurai/card/members.h"

namespace yurai {

const Json& member_of(const Json& json, const char* key) {
  static const Json absent;
  if (!json.is_object()) return absent;
  const auto found = json.find(key);
  return found == json.end() ? absent : *found;
}

bool is_count(const Json& json) {
  return json.is_number_unsigned() || (json.is_number_integer() && json.get<int64_t>() >= 0);
}

uint64_t count_of(const Json& json, const char* key) {
  const Json& member = member_of(json, key);
  return is_count(member) ? member.get<uint64_t>() : 0;
}

std::string text_of(const Json& json, const char* key) {
  const Json& member = member_of(json, key);
  return member.is_string() ? member.get<std::string>() : std::string();
}

const Json& list_of(const Json& json, const char* key) {
  static const Json none = Json::array();
  const Json& member = member_of(json, key);
  return member.is_array() ? member : none;
}

const Json& object_of(const Json& json, const char* key) {
  static const Json none = Json::object();
  const Json& member = member_of(json, key);
  return member.is_object() ? member : none;
}

}  // namespace yurai

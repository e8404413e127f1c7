#pragma once

#include <algorithm>
#include <string>

#include "yurai/base/json.h"

/// For tests: holds JSON against a schema of docs/api/openapi.json, as far as that document uses
/// JSON Schema. Stricter in one way: a member that the schema doesn't name is an error, unless it
/// allows others.
namespace yurai::testing {

inline bool has_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

/// Where and how `value` differs from `schema`; empty when it doesn't.
inline std::string schema_error(const Json& contract, const Json& schema, const Json& value,
                                const std::string& where = "$") {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>();
    return schema_error(contract, contract.at(Json::json_pointer(name.substr(1))), value, where);
  }
  if (schema.contains("oneOf")) {
    const auto fits = [&](const Json& one) {
      return schema_error(contract, one, value, where).empty();
    };
    const Json& options = schema["oneOf"];
    if (std::count_if(options.begin(), options.end(), fits) != 1)
      return where + ": not one of oneOf";
  }
  if (schema.contains("type")) {
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    const auto fits = [&](const Json& type) { return has_type(value, type.get<std::string>()); };
    if (std::none_of(types.begin(), types.end(), fits)) {
      return where + ": is no " + types.dump() + " but " + value.dump().substr(0, 80);
    }
  }
  if (schema.contains("enum")) {
    const Json& names = schema["enum"];
    if (std::find(names.begin(), names.end(), value) == names.end()) return where + ": not in enum";
  }
  if (value.is_number()) {
    if (schema.contains("minimum") && value < schema["minimum"]) return where + ": too small";
    if (schema.contains("maximum") && value > schema["maximum"]) return where + ": too large";
  }
  if (value.is_array()) {
    if (schema.contains("minItems") && value.size() < schema["minItems"])
      return where + ": too few";
    if (schema.contains("maxItems") && value.size() > schema["maxItems"])
      return where + ": too many";
    for (size_t i = 0; schema.contains("items") && i < value.size(); ++i) {
      const auto error =
          schema_error(contract, schema["items"], value[i], where + "[" + std::to_string(i) + "]");
      if (!error.empty()) return error;
    }
  }
  if (value.is_object() && schema.contains("properties")) {
    for (const Json& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) return where + ": lacks " + name.dump();
    }
    const Json others = schema.value("additionalProperties", Json(false));
    for (const auto& [name, member] : value.items()) {
      if (schema["properties"].contains(name)) {
        const auto error =
            schema_error(contract, schema["properties"][name], member, where + "." + name);
        if (!error.empty()) return error;
      } else if (others == false) {
        return where + ": undocumented member '" + name + "'";
      }
    }
  }
  return {};
}

}  // namespace yurai::testing

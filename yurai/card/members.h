#pragma once

#include <cstdint>
#include <string>

#include "yurai/base/json.h"

/// Members of JSON that somebody else may have written: of another type they count as absent.
namespace yurai {

/// A whole number, 0 or more.
bool is_count(const Json& json);
/// 0 where it is absent.
uint64_t count_of(const Json& json, const char* key);
/// Empty where it is absent.
std::string text_of(const Json& json, const char* key);
/// null where it is absent.
const Json& member_of(const Json& json, const char* key);
/// An empty list, or an empty object, where it is absent.
const Json& list_of(const Json& json, const char* key);
const Json& object_of(const Json& json, const char* key);

}  // namespace yurai

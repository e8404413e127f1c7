#pragma once

#include <string_view>

namespace yurai {

/// docs/api/openapi.json as it was when the program was built.
std::string_view openapi_document();

}  // namespace yurai

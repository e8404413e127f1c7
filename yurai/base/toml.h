#pragma once

#include <string_view>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

namespace yurai {

/// A TOML text as JSON; dates are refused. Errors (kInvalidArgument) name `what`, which is fit to
/// be printed, the line and the column.
///
///     toml_to_json("[[filter]]\nname = \"x\"", "chain 'c'") == {"filter":[{"name":"x"}]}
Result<Json> toml_to_json(std::string_view toml, std::string_view what);

}  // namespace yurai

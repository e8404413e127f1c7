#pragma once

#include <span>
#include <string_view>

namespace yurai {

/// All identifiers of the SPDX License List.
std::span<const std::string_view> spdx_licenses();

/// The identifier as SPDX writes it, whatever the case of `name`; empty when SPDX has none.
///
///     find_spdx_license("mit") == "MIT"
std::string_view find_spdx_license(std::string_view name);
std::string_view find_spdx_exception(std::string_view name);

}  // namespace yurai

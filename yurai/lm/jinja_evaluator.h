#pragma once

#include <string>

#include "yurai/base/result.h"
#include "yurai/lm/jinja_syntax.h"
#include "yurai/lm/jinja_value.h"

/// Runs templates. Internal to yurai/lm.
namespace yurai::jinja {

/// The longest output.
inline constexpr uint64_t kMaxOutputBytes = 16ull << 20;

/// What the template prints with these variables. kInvalidArgument with the line where it fails,
/// kResourceExhausted where it does too much.
Result<std::string> evaluate(const Body& body, const Dict& variables);

}  // namespace yurai::jinja

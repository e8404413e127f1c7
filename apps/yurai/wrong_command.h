#pragma once

#include <string>
#include <utility>

#include "yurai/base/result.h"

namespace yurai::cli {

/// What a verb returns when the words of its command line do not go together: `run` ends with the
/// parser's exit status, 2.
///
///     if (a && b) return wrong_command(tr("--a or --b, not both", "--a と --b は併用できない"));
tl::unexpected<Error> wrong_command(std::string message);

/// The same of a library's check of what was typed: kInvalidArgument is a wrong command line.
///
///     YURAI_TRY(typed(check_target(out, inputs)));
template <class T>
Result<T> typed(Result<T> checked) {
  if (checked || checked.error().code != ErrorCode::kInvalidArgument) return checked;
  return wrong_command(std::move(checked).error().message);
}

}  // namespace yurai::cli

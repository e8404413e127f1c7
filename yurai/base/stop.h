#pragma once

#include <stop_token>

#include "yurai/base/result.h"

/// Work that nobody waits for any more is given up.
///
///     const StopScope scope(request.stop);        // what this thread does until the scope ends
///     …
///     YURAI_TRY(check_stop());                     // deep inside, before each piece of work
namespace yurai {

/// While it lives, work on this thread is given up once `stop` is requested. Scopes nest. A thread
/// that is started inside has none: hand it current_stop().
class StopScope {
 public:
  explicit StopScope(std::stop_token stop);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

 private:
  std::stop_token outer_;
};

/// The token of the innermost scope of this thread; without one, a token that never stops.
const std::stop_token& current_stop();

/// kCancelled once the current token's stop was requested.
Result<void> check_stop();

}  // namespace yurai

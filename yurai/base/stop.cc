#include "yurai/base/stop.h"

#include <utility>

namespace yurai {
namespace {

thread_local std::stop_token current;

}  // namespace

StopScope::StopScope(std::stop_token stop) : outer_(std::exchange(current, std::move(stop))) {}
StopScope::~StopScope() { current = std::move(outer_); }

const std::stop_token& current_stop() { return current; }

Result<void> check_stop() {
  if (!current.stop_requested()) return {};
  return fail(ErrorCode::kCancelled, "nobody waits for the answer any more");
}

}  // namespace yurai

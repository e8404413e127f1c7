#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace yurai {

/// What /metrics shows, in Prometheus' text format. Labels are names of ours and status codes,
/// never anything that a caller wrote. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// A number that stays as it is: yurai_index_documents and the like.
  void set_fact(const std::string& name, const std::string& help, double value);

  void request_begins();
  /// `route` is a pattern of the route table; an unusual method counts as "OTHER".
  void request_ends(std::string_view route, std::string_view method, int status,
                    std::chrono::nanoseconds duration);

  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yurai

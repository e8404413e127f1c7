#include "yurai/gateway/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>

namespace yurai {

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("yurai_http_requests_total")
          .Help("Requests answered, by route, method and status")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("yurai_http_request_duration_seconds")
          .Help("From the whole request to the end of its answer, by route")
          .Register(registry);
  prometheus::Gauge& in_flight = prometheus::BuildGauge()
                                     .Name("yurai_http_requests_in_flight")
                                     .Help("Requests being answered")
                                     .Register(registry)
                                     .Add({});
  const prometheus::Histogram::BucketBoundaries boundaries{
      0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::set_fact(const std::string& name, const std::string& help, double value) {
  prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add({}).Set(value);
}

void Metrics::request_begins() { state_->in_flight.Increment(); }

void Metrics::request_ends(std::string_view route, std::string_view method, int status,
                           std::chrono::nanoseconds duration) {
  static constexpr std::array<std::string_view, 4> kMethods = {"GET", "HEAD", "POST", "OPTIONS"};
  const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  state_->in_flight.Decrement();
  state_->requests
      .Add({{"route", std::string(route)},
            {"method", known ? std::string(method) : "OTHER"},
            {"status", std::to_string(status)}})
      .Increment();
  state_->durations.Add({{"route", std::string(route)}}, state_->boundaries)
      .Observe(std::chrono::duration<double>(duration).count());
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace yurai

#include "yurai/gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <new>

#include "yurai/base/ascii.h"
#include "yurai/base/file.h"
#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/gateway/handlers.h"
#include "yurai/gateway/services.h"

namespace yurai {
namespace {

using Clock = std::chrono::steady_clock;
using Handler = ApiResult<ApiResponse> (*)(const Services&, const ApiRequest&);

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< a last "{…}" stands for the rest of the path
  bool waits_for_model;
  Handler handler;
};

constexpr std::array<Route, 19> kRoutes = {{
    {"POST", "/v1/trace", false, handlers::trace},
    {"POST", "/v1/count", false, handlers::count},
    {"POST", "/v1/next", false, handlers::next},
    {"POST", "/v1/prob", false, handlers::prob},
    {"POST", "/v1/query", false, handlers::query},
    {"GET", "/v1/search", false, handlers::search},
    {"GET", "/v1/documents/{id}", false, handlers::documents},
    {"GET", "/v1/corpus", false, handlers::corpus},
    {"GET", "/v1/decisions", false, handlers::decisions},
    {"GET", "/v1/decisions/examples", false, handlers::decision_examples},
    {"GET", "/v1/decisions/whatif", false, handlers::decision_what_if},
    {"GET", "/v1/runs", false, handlers::runs},
    {"POST", "/v1/completions", true, handlers::completions},
    {"POST", "/v1/chat/completions", true, handlers::chat_completions},
    {"GET", "/v1/models", true, handlers::models},
    {"GET", "/healthz", false, handlers::healthz},
    {"GET", "/metrics", false, handlers::metrics},
    {"GET", "/openapi.json", false, handlers::openapi},
    {"GET", "/{page}", false, handlers::page},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSecurityFields = {{
    {"content-security-policy",
     "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
     "'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"},
    {"x-content-type-options", "nosniff"},
    {"referrer-policy", "no-referrer"},
    {"cross-origin-resource-policy", "same-origin"},
}};

/// The route of a path: the first that fits, which for anything unknown is the page's, or, below
/// /v1/, none.
const Route* find_route(std::string_view path) {
  for (const Route& route : kRoutes) {
    const size_t brace = route.pattern.find('{');
    if (brace == std::string_view::npos) {
      if (path == route.pattern) return &route;
    } else if (path.starts_with(route.pattern.substr(0, brace))) {
      if (brace == 1 && path.starts_with("/v1/")) return nullptr;
      return &route;
    }
  }
  return nullptr;
}

bool fits(const Route& route, std::string_view method) {
  return method == route.method || (method == "HEAD" && route.method == "GET");
}

void add_fields(HttpFields& fields, Clock::duration duration) {
  for (const auto& [name, value] : kSecurityFields) {
    std::erase_if(fields, [&, known = name](const auto& field) { return field.first == known; });
    fields.emplace_back(name, value);
  }
  fields.emplace_back("server-timing",
                      fmt::format("answer;dur={:.3f}",
                                  std::chrono::duration<double, std::milli>(duration).count()));
}

/// Counts a request from its making to its end, whatever way it ends.
class Measured {
 public:
  Measured(Metrics& metrics, std::string_view method, std::string_view route)
      : metrics_(metrics), method_(method), route_(route) {
    metrics_.request_begins();
  }
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;
  ~Measured() {
    try {
      metrics_.request_ends(route_, method_, status, elapsed());
    } catch (const std::exception&) {
      // Out of memory for a number: the answer matters more.
    }
  }
  Clock::duration elapsed() const { return Clock::now() - begin_; }

  int status = 500;

 private:
  Metrics& metrics_;
  const std::string method_;
  const std::string_view route_;  // of kRoutes, or a literal
  const Clock::time_point begin_ = Clock::now();
};

/// A stream's first words pass here: it gets the fields that every response has.
class EdgeWriter final : public ResponseWriter {
 public:
  EdgeWriter(ResponseWriter& inner, Measured& measured) : inner_(inner), measured_(measured) {}
  void begin(int status, const HttpFields& headers) override {
    measured_.status = status;
    HttpFields fields = headers;
    add_fields(fields, measured_.elapsed());
    inner_.begin(status, fields);
  }
  bool write(std::string_view bytes) override { return inner_.write(bytes); }

 private:
  ResponseWriter& inner_;
  Measured& measured_;
};

}  // namespace

struct Gateway::State {
  std::shared_ptr<const Services> current() const {
    const std::lock_guard lock(mutex);
    return services;
  }
  /// What it held goes outside of the lock, when the last request that uses it ends.
  void replace(std::shared_ptr<const Services>& opened) {
    const std::lock_guard lock(mutex);
    services.swap(opened);
  }

  GatewayOptions options;
  std::shared_ptr<Metrics> metrics;
  std::mutex refreshing;
  uint64_t num_changes = 0;
  mutable std::mutex mutex;
  std::shared_ptr<const Services> services;
};

std::vector<std::string> loopback_hosts() { return {"localhost", "127.0.0.1", "[::1]"}; }

Gateway::Gateway(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gateway::Gateway(Gateway&&) noexcept = default;
Gateway& Gateway::operator=(Gateway&&) noexcept = default;
Gateway::~Gateway() = default;

namespace {

ApiResult<void> check_host(const ApiRequest& request, const std::vector<std::string>& allowed) {
  if (allowed.empty()) return {};
  const auto is_host = [](const auto& field) { return field.first == "host"; };
  if (std::count_if(request.headers.begin(), request.headers.end(), is_host) != 1) {
    return yurai::refuse(400, "the request must have one Host field");
  }
  std::string host = to_lower(request.header("host"));
  const size_t colon = host.rfind(':');
  if (colon != std::string::npos && !host.ends_with(']')) host.resize(colon);
  if (std::find(allowed.begin(), allowed.end(), host) != allowed.end()) return {};
  return yurai::refuse(403,
                       fmt::format("the host '{}' is not served here; start the server with "
                                   "--allow-host to serve it",
                                   for_terminal(host.substr(0, 200))),
                       "", "host_not_allowed");
}

ApiResult<ApiResponse> respond(const Services& services, const Route* route,
                               const ApiRequest& request) {
  if (route == nullptr) {
    return yurai::refuse(404,
                         fmt::format("there is no {}; /openapi.json says what there is",
                                     for_terminal(path_of(request.target).substr(0, 200))),
                         "", "not_found");
  }
  if (!fits(*route, request.method)) {
    ApiResponse response =
        error_response(ApiError(405, fmt::format("{} takes {} only", route->pattern, route->method),
                                "", "method_not_allowed"));
    response.headers.emplace_back("allow", route->method == "GET" ? "GET, HEAD" : route->method);
    return response;
  }
  const StopScope scope(request.stop);
  return route->handler(services, request);
}

}  // namespace

ApiResponse Gateway::answer(const ApiRequest& request) const {
  const Route* route = find_route(path_of(request.target));
  const std::shared_ptr<const Services> services = state_->current();
  auto measured = std::make_shared<Measured>(  // shared with the stream, which ends later
      *state_->metrics, request.method, route == nullptr ? "none" : route->pattern);
  ApiResponse response;
  try {
    ApiResult<void> host = check_host(request, state_->options.allowed_hosts);
    ApiResult<ApiResponse> result =
        host ? respond(*services, route, request) : yurai::fail(std::move(host).error());
    response = result ? std::move(*result) : error_response(result.error());
  } catch (const std::bad_alloc&) {
    response = error_response(ApiError(503, "out of memory; try a smaller request"));
  } catch (const std::exception&) {
    response = error_response(ApiError(500, "the server failed to answer this"));
  }
  if (response.stream) {
    response.stream = [services, measured,
                       inner = std::move(response.stream)](ResponseWriter& writer) {
      EdgeWriter edge(writer, *measured);
      return inner(edge);
    };
  } else {
    measured->status = response.status;
    add_fields(response.headers, measured->elapsed());
  }
  return response;
}

ApiResponse Gateway::refuse(int status, std::string message) const {
  Measured measured(*state_->metrics, "OTHER", "none");
  measured.status = status;
  ApiResponse response = error_response(ApiError(status, std::move(message)));
  if (status == 503) response.headers.emplace_back("retry-after", "1");
  add_fields(response.headers, measured.elapsed());
  return response;
}

bool Gateway::generates(const ApiRequest& request) const {
  const Route* route = find_route(path_of(request.target));
  return route != nullptr && route->waits_for_model && fits(*route, request.method);
}

ServerHandlers Gateway::handlers() const {
  return {.answer = [this](const ApiRequest& request) { return answer(request); },
          .refuse = [this](int status,
                           std::string message) { return refuse(status, std::move(message)); },
          .generates = [this](const ApiRequest& request) { return generates(request); }};
}

Result<Gateway> Gateway::open(const GatewayOptions& options) {
  auto metrics = std::make_shared<Metrics>();
  YURAI_ASSIGN(Services services, open_services(options, metrics, nullptr));
  auto state = std::make_unique<State>();
  state->options = options;
  for (std::string& host : state->options.allowed_hosts) host = to_lower(host);
  state->metrics = std::move(metrics);
  state->services = std::make_shared<const Services>(std::move(services));
  return Gateway(std::move(state));
}

Result<Gateway::Changes> Gateway::refresh() const {
  const std::lock_guard lock(state_->refreshing);
  Changes changes;
  const auto take_up = [&](Services opened) {
    auto changed = std::make_shared<const Services>(std::move(opened));
    state_->replace(changed);
  };
  auto services = state_->current();
  YURAI_ASSIGN(const std::string manifest, read_file(state_->options.index_dir / kManifestName));
  if (manifest != services->index_manifest) {
    YURAI_ASSIGN(Services opened, open_services(state_->options, state_->metrics, services.get()));
    take_up(std::move(opened));
    state_->metrics->set_fact("yurai_index_changes", "Times that a changed index was opened",
                              static_cast<double>(++state_->num_changes));
    changes.index = true;
    return changes;  // the runs are looked at the next time
  }
  ReopenedRuns reopened = reopen_runs(state_->options, *services);
  if (reopened.services) {
    take_up(std::move(*reopened.services));
    changes.runs = true;
  }
  YURAI_TRY(reopened.failure);
  return changes;
}

bool Gateway::lacks_run() const {
  return !state_->options.run_dirs.empty() && !state_->current()->traced_run;
}

bool Gateway::model_is_of_another_run() const {
  const auto services = state_->current();
  return services->transformer && services->traced_run && services->traced_run->inputs() &&
         !services->transformer_steps;
}

bool Gateway::page_built() const { return state_->current()->page->built(); }

}  // namespace yurai

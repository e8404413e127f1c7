#include "yurai/gateway/upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "yurai/base/ascii.h"
#include "yurai/lm/remote_model.h"

namespace yurai {
namespace {

constexpr HttpLimits kModelsLimits{.connect_timeout = std::chrono::seconds(2),
                                   .stall_timeout = std::chrono::seconds(5),
                                   .total_timeout = std::chrono::seconds(5),
                                   .max_response_bytes = 16 << 20};

// Fields that belong to one connection (RFC 9110, section 7.6.1) or that we set ourselves.
constexpr std::array<std::string_view, 14> kNotForwarded = {"connection",
                                                            "keep-alive",
                                                            "proxy-authenticate",
                                                            "proxy-connection",
                                                            "te",
                                                            "proxy-authorization",
                                                            "trailer",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "content-length",
                                                            "date",
                                                            "server-timing",
                                                            "set-cookie",
                                                            "strict-transport-security"};

// What a caller says that the upstream needs to know; cookies and addresses stay here.
constexpr std::array<std::string_view, 7> kPassedOn = {
    "accept",      "x-request-id",        "traceparent",   "tracestate",
    "openai-beta", "openai-organization", "openai-project"};

template <size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<Upstream> Upstream::open(std::string_view url, std::string api_key) {
  YURAI_ASSIGN(std::string base, api_base(url));
  return Upstream(std::move(base), std::move(api_key));
}

HttpRequest Upstream::outgoing(const ApiRequest& request, std::string_view path) const {
  HttpRequest out;
  out.url = base_url_;
  out.url += path;
  for (const auto& [name, value] : request.headers) {
    if (contains(kPassedOn, name)) out.headers.push_back({name, value});
  }
  const std::string authorization =
      api_key_.empty() ? std::string(request.header("authorization")) : "Bearer " + api_key_;
  if (!authorization.empty()) out.headers.push_back({"authorization", authorization});
  return out;
}

ApiResponse Upstream::forward(const ApiRequest& request, std::string_view path) const {
  HttpRequest out = outgoing(request, path);
  out.headers.push_back({"content-type", "application/json"});
  out.body = request.body;
  ApiResponse response;
  response.stream = [this, out = std::move(out), stop = request.stop](ResponseWriter& writer) {
    bool begun = false;
    const HttpHandlers handlers{
        .on_head =
            [&](const HttpHead& head) {
              HttpFields fields;
              for (const HttpHeader& field : head.headers) {
                const std::string name = to_lower(field.name);
                const bool forwarded =
                    !contains(kNotForwarded, name) && !name.starts_with("access-control-");
                if (forwarded) fields.emplace_back(name, field.value);
              }
              begun = true;
              writer.begin(head.status, fields);
              return true;
            },
        .on_bytes = [&](std::string_view bytes) { return writer.write(bytes); },
        .is_cancelled = [&] { return stop.stop_requested(); }};
    const auto head = client_.stream(out, handlers);
    if (head) return true;
    if (begun) return false;
    ApiError error(head.error());
    error.message = fmt::format("upstream: {}", error.message);
    const ApiResponse failed = error_response(error);
    writer.begin(failed.status, failed.headers);
    return writer.write(failed.body);
  };
  return response;
}

Result<Json> Upstream::models(const ApiRequest& request) const {
  YURAI_ASSIGN(const HttpResponse answer,
               client_.fetch(outgoing(request, "/models"), kModelsLimits));
  if (answer.head.status != 200) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("upstream: models: status {}", answer.head.status));
  }
  YURAI_ASSIGN(Json list, parse_json(answer.body, "upstream: models"));
  const auto data = list.is_object() ? list.find("data") : list.end();
  if (!list.is_object() || data == list.end() || !data->is_array()) {
    return fail(ErrorCode::kUnavailable, "upstream: models: not a model list");
  }
  return std::move(*data);
}

}  // namespace yurai

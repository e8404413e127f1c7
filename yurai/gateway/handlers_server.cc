#include <fmt/format.h>

#include "yurai/gateway/handlers.h"
#include "yurai/gateway/openapi_document.h"

namespace yurai::handlers {

tl::unexpected<ApiError> unreadable(const Error& error, std::string_view what) {
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kResourceExhausted) {
    return fail(ApiError(error));
  }
  return refuse(500, fmt::format("{} cannot be read; 'yurai info --verify' says where", what), "",
                std::string(error_name(error.code)));
}

ApiResult<ApiResponse> healthz(const Services&, const ApiRequest&) {
  return json_response({{"status", "ok"}});
}

ApiResult<ApiResponse> metrics(const Services& services, const ApiRequest&) {
  ApiResponse response;
  response.headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"},
                      {"cache-control", "no-store"}};
  response.body = services.metrics->text();
  return response;
}

ApiResult<ApiResponse> openapi(const Services&, const ApiRequest&) {
  ApiResponse response;
  response.headers = {{"content-type", "application/json"}, {"cache-control", "no-cache"}};
  response.body = openapi_document();
  return response;
}

ApiResult<ApiResponse> page(const Services& services, const ApiRequest& request) {
  return services.page->get(request);
}

}  // namespace yurai::handlers

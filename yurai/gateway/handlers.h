#pragma once

#include "yurai/gateway/http.h"
#include "yurai/gateway/services.h"

/// One function a route: from a request to its response. docs/api/openapi.json says what each takes
/// and gives.
namespace yurai::handlers {

/// The failure of something beside the index, which no request is to blame for. What the disk says
/// names paths of this machine; it is not for the caller.
tl::unexpected<ApiError> unreadable(const Error& error, std::string_view what);

// handlers_index.cc
ApiResult<ApiResponse> trace(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> count(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> next(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> prob(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> query(const Services& services, const ApiRequest& request);

// handlers_corpus.cc
ApiResult<ApiResponse> search(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> documents(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> corpus(const Services& services, const ApiRequest& request);

// handlers_decisions.cc
ApiResult<ApiResponse> decisions(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> decision_examples(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> decision_what_if(const Services& services, const ApiRequest& request);

// handlers_runs.cc
ApiResult<ApiResponse> runs(const Services& services, const ApiRequest& request);

// handlers_openai.cc
ApiResult<ApiResponse> completions(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> chat_completions(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> models(const Services& services, const ApiRequest& request);

// handlers_server.cc
ApiResult<ApiResponse> healthz(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> metrics(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> openapi(const Services& services, const ApiRequest& request);
ApiResult<ApiResponse> page(const Services& services, const ApiRequest& request);

}  // namespace yurai::handlers

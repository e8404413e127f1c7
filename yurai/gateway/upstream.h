#pragma once

#include <string>
#include <string_view>

#include "yurai/base/json.h"
#include "yurai/gateway/http.h"
#include "yurai/lm/http_client.h"

namespace yurai {

/// The OpenAI-compatible API that other models are asked of. What it answers is handed on byte for
/// byte, as it comes. Thread-safe.
class Upstream {
 public:
  /// `url` is the API's base, with or without its last "/v1" (kInvalidArgument when it is none);
  /// `api_key` empty: what the caller sends as Authorization is passed on.
  static Result<Upstream> open(std::string_view url, std::string api_key);

  /// Sends the request to `path` ("/chat/completions") there. The response streams status, fields
  /// and bytes; when there is no answer, it is an error of ours.
  ApiResponse forward(const ApiRequest& request, std::string_view path) const;

  /// The entries of its model list.
  Result<Json> models(const ApiRequest& request) const;

 private:
  Upstream(std::string base_url, std::string api_key)
      : base_url_(std::move(base_url)), api_key_(std::move(api_key)) {}
  HttpRequest outgoing(const ApiRequest& request, std::string_view path) const;

  HttpClient client_;
  std::string base_url_;
  std::string api_key_;
};

}  // namespace yurai

#pragma once

#include <string>
#include <vector>

#include "yurai/gateway/gateway.h"
#include "yurai/gateway/schema_check.h"

/// For tests: asks a gateway without a socket, and holds its answers against the contract.
namespace yurai::testing {

/// What a caller sees of a response, streamed or not.
struct Answer {
  int status = 0;
  HttpFields headers;
  std::string body;
  std::vector<std::string> pieces;  ///< of a stream
  bool whole = true;

  std::string_view header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
      if (field == name) return value;
    }
    return {};
  }
  Json json() const { return parse_json(body, "answer").value(); }
  std::string param() const {
    const Json error = json()["error"];
    return error["param"].is_null() ? "" : error["param"].get<std::string>();
  }
  std::string code() const {
    const Json error = json()["error"];
    return error["code"].is_null() ? "" : error["code"].get<std::string>();
  }
};

/// Keeps what a stream writes.
class Collected final : public ResponseWriter {
 public:
  explicit Collected(Answer& answer) : answer_(answer) {}
  void begin(int status, const HttpFields& headers) override {
    answer_.status = status;
    answer_.headers = headers;
  }
  bool write(std::string_view bytes) override {
    answer_.body += bytes;
    answer_.pieces.emplace_back(bytes);
    return true;
  }

 private:
  Answer& answer_;
};

inline Answer ask(const Gateway& gateway, std::string method, std::string target,
                  std::string body = {},
                  HttpFields headers = {{"host", "localhost:1"},
                                        {"content-type", "application/json"}}) {
  const ApiRequest request{.method = std::move(method),
                           .target = std::move(target),
                           .headers = std::move(headers),
                           .body = std::move(body),
                           .stop = {}};
  const ApiResponse response = gateway.answer(request);
  Answer answer{
      .status = response.status, .headers = response.headers, .body = response.body, .pieces = {}};
  if (response.stream) {
    Collected collected(answer);
    answer.whole = response.stream(collected);
  }
  return answer;
}

/// How an answer differs from what the contract says about this operation; empty when it doesn't.
inline std::string contract_error(const Json& contract, const Answer& answer,
                                  const std::string& path, const std::string& method) {
  const Json& responses = contract["paths"][path][method]["responses"];
  const std::string status = std::to_string(answer.status);
  if (!responses.contains(status) && !responses.contains("default")) {
    return path + " gave an undocumented " + status;
  }
  const Json response = responses.value(status, responses.value("default", Json::object()));
  if (!response.contains("content") || !response["content"].contains("application/json")) return {};
  const std::string error =
      schema_error(contract, response["content"]["application/json"]["schema"], answer.json());
  return error.empty() ? error : path + " " + error + " " + answer.body.substr(0, 500);
}

}  // namespace yurai::testing

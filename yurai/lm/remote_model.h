#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "yurai/lm/http_client.h"
#include "yurai/lm/language_model.h"

/// A model behind any OpenAI-compatible API: vLLM, llama.cpp, a hosted service, another Yurai.
///
///     YURAI_ASSIGN(const auto model, RemoteModel::open({.base_url = "http://127.0.0.1:8000"}));
///     GenerateRequest request;
///     request.messages = {{"user", "吾輩は猫である。次は?"}};
///     YURAI_ASSIGN(const Generation answer, model->generate(request, print_symbol));
namespace yurai {

struct RemoteModelOptions {
  std::string base_url;  ///< with or without its trailing /v1
  std::string model;     ///< empty: the first that GET /v1/models lists, asked anew each time
  std::string api_key;   ///< sent as a bearer token; empty: none
  HttpLimits limits;
};

/// The address that "/chat/completions" follows: a path that names a version stays as it is, any
/// other gets "/v1". kInvalidArgument for a query, a fragment or another scheme than http(s).
///
///     "http://h:1/" -> "http://h:1/v1"        "https://h/api/v1" -> "https://h/api/v1"
///     "http://h/llm" -> "http://h/llm/v1"     "https://h/v1beta/openai" -> the same
Result<std::string> api_base(std::string_view url);

/// The key in the environment variable `name`, so that it stands in no command line and no file.
/// No message ever holds the key.
Result<std::string> api_key_from_environment(const std::string& name);

/// A conversation goes to /chat/completions, a prompt without messages to /completions. Streams;
/// a server that answers in one piece is read too. A symbol is a token where the server gives
/// log-probabilities that spell its text, else one piece of the stream with the probability of all
/// of it, if known. `finish_reason` is the server's own word. An answer that breaks off, holds
/// bytes that are not UTF-8 or reports an error in mid-stream is kUnavailable.
class RemoteModel final : public LanguageModel {
 public:
  /// Checks the options; connects to nothing.
  static Result<std::unique_ptr<RemoteModel>> open(RemoteModelOptions options);

  /// The model's name, or "remote" when the server chooses.
  std::string_view id() const override;
  Result<Generation> generate(const GenerateRequest& request,
                              const OnSymbol& on_symbol) const override;

 private:
  explicit RemoteModel(RemoteModelOptions options) : options_(std::move(options)) {}
  Result<std::string> first_model() const;
  Result<Generation> ask(std::string_view path, const Json& body, const OnSymbol& on_symbol) const;
  HttpRequest request_to(std::string_view path) const;
  Error without_key(Error error) const;

  RemoteModelOptions options_;  ///< base_url ends in its version
  HttpClient client_;
};

}  // namespace yurai

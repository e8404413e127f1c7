#include "yurai/lm/remote_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/completion_reader.h"
#include "yurai/lm/sse.h"

namespace yurai {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// Whether a path segment names a version: "v1", "v1beta", "v2".
bool is_version(std::string_view segment) {
  return segment.size() >= 2 && segment[0] == 'v' && segment[1] >= '0' && segment[1] <= '9';
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
    case 422:
      return ErrorCode::kInvalidArgument;
    case 404:
      return ErrorCode::kNotFound;
    case 408:
    case 504:
      return ErrorCode::kTimeout;
    case 413:
      return ErrorCode::kResourceExhausted;
    default:
      return ErrorCode::kUnavailable;
  }
}

Error refused(const HttpHead& head, std::string_view body) {
  if (head.status >= 300 && head.status < 400) {
    return {ErrorCode::kUnavailable,
            fmt::format("the server answered {} and points to {}; give that address if it is right",
                        head.status, for_terminal(head.header("location")))};
  }
  return {code_of(head.status),
          fmt::format("the server answered {}: {}", head.status, error_message(body))};
}

/// Servers differ in which fields they take. Takes away, or renames, the one that a refusal names;
/// false when there is nothing to try again.
bool adapt(Json& body, const Error& error) {
  if (error.code != ErrorCode::kInvalidArgument) return false;
  const auto names = [&](std::string_view field) {
    return error.message.find(field) != std::string::npos;
  };
  if (names("max_completion_tokens") && body.contains("max_tokens")) {
    body["max_completion_tokens"] = body["max_tokens"];
    body.erase("max_tokens");
    return true;
  }
  for (const char* optional : {"logprobs", "seed"}) {
    if (names(optional) && body.erase(optional) > 0) return true;
  }
  return false;
}

}  // namespace

Result<std::string> api_base(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if ((!url.starts_with("http://") && !url.starts_with("https://")) ||
      url.size() == scheme_end + 3) {
    return invalid(
        fmt::format("'{}' is no address of a model; write one such as "
                    "http://127.0.0.1:8000",
                    for_terminal(url)));
  }
  if (url.find_first_of("?#") != std::string_view::npos) {
    return invalid("the address of a model takes no query and no fragment");
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  for (size_t slash = url.find('/', scheme_end + 3); slash != std::string_view::npos;
       slash = url.find('/', slash + 1)) {
    if (is_version(url.substr(slash + 1))) return std::string(url);
  }
  return std::string(url) + "/v1";
}

Result<std::string> api_key_from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return fail(ErrorCode::kNotFound,
                fmt::format("the environment variable '{}' holds no API key", for_terminal(name)));
  }
  std::string key(value);
  if (!std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7F; })) {
    return invalid(fmt::format("the environment variable '{}' holds bytes that no API key has",
                               for_terminal(name)));
  }
  return key;
}

Result<std::unique_ptr<RemoteModel>> RemoteModel::open(RemoteModelOptions options) {
  YURAI_ASSIGN(options.base_url, api_base(options.base_url));
  YURAI_TRY(check_utf8(options.model, "the model's name"));
  return std::unique_ptr<RemoteModel>(new RemoteModel(std::move(options)));
}

std::string_view RemoteModel::id() const {
  return options_.model.empty() ? std::string_view("remote") : options_.model;
}

Result<Generation> RemoteModel::generate(const GenerateRequest& request,
                                         const OnSymbol& on_symbol) const {
  YURAI_TRY(check_utf8(request.prompt, "the prompt"));
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) {
    YURAI_TRY(check_utf8(message.role, "a message's role"));
    YURAI_TRY(check_utf8(message.content, "a message"));
    messages.push_back(Json{{"role", message.role}, {"content", message.content}});
  }
  for (const std::string& stop : request.stop) YURAI_TRY(check_utf8(stop, "a stop string"));

  const bool chat = !request.messages.empty();
  std::string model = options_.model;
  if (model.empty()) {
    YURAI_ASSIGN(model, first_model());
  }
  Json body{{"model", model}};
  if (chat) {
    body["messages"] = std::move(messages);
    body["logprobs"] = true;
  } else {
    body["prompt"] = request.prompt;
    body["logprobs"] = 1;
  }
  body["max_tokens"] = request.max_chars;
  body["temperature"] = request.temperature;
  body["seed"] = request.seed;
  if (!request.stop.empty()) body["stop"] = request.stop;
  body["stream"] = true;

  while (true) {
    auto generation = ask(chat ? "/chat/completions" : "/completions", body, on_symbol);
    if (generation) return generation;
    if (!adapt(body, generation.error())) return fail(without_key(std::move(generation).error()));
  }
}

HttpRequest RemoteModel::request_to(std::string_view path) const {
  HttpRequest request{.url = options_.base_url + std::string(path), .headers = {}, .body = {}};
  if (!options_.api_key.empty()) {
    request.headers.push_back({"Authorization", "Bearer " + options_.api_key});
  }
  return request;
}

Result<std::string> RemoteModel::first_model() const {
  const auto response = client_.fetch(request_to("/models"), options_.limits);
  if (!response) return fail(without_key(response.error()));
  if (response->head.status != 200) {
    return fail(without_key(refused(response->head, response->body)));
  }
  const auto list = parse_json(response->body, "the server's list of models");
  if (!list) return fail(ErrorCode::kUnavailable, list.error().message);
  if (list->is_object() && list->contains("data") && (*list)["data"].is_array() &&
      !(*list)["data"].empty()) {
    if (auto id = json_string((*list)["data"].front(), "id")) return *std::move(id);
  }
  return fail(ErrorCode::kUnavailable, "the server lists no model; name one");
}

Result<Generation> RemoteModel::ask(std::string_view path, const Json& body,
                                    const OnSymbol& on_symbol) const {
  HttpRequest request = request_to(path);
  request.body = dump_json(body);
  request.headers.push_back({"Content-Type", "application/json"});
  request.headers.push_back({"Accept", "text/event-stream"});

  CompletionReader reader(on_symbol);
  SseReader events;
  std::string whole;      // of an answer that is no event stream
  Result<void> progress;  // the first failure ends the request
  bool streams = false;
  const auto add_events = [&](const std::vector<ServerSentEvent>& batch) -> Result<void> {
    for (const ServerSentEvent& event : batch) {
      if (reader.done()) break;
      YURAI_TRY(reader.add_event(event.data));
    }
    return {};
  };
  const HttpHandlers handlers{
      .on_head =
          [&](const HttpHead& head) {
            streams =
                head.status == 200 && head.header("content-type").starts_with("text/event-stream");
            return true;
          },
      .on_bytes =
          [&](std::string_view bytes) {
            if (!streams) return whole.append(bytes), true;
            progress = [&]() -> Result<void> {
              YURAI_ASSIGN(const auto batch, events.feed(bytes));
              return add_events(batch);
            }();
            return progress && !reader.done();
          },
      .is_cancelled = {}};
  const auto head = client_.stream(request, handlers, options_.limits);
  if (!progress) return fail(std::move(progress).error());
  if (!head && !reader.done()) return fail(head.error());
  if (head && head->status != 200) return fail(refused(*head, whole));
  if (!streams) {
    YURAI_TRY(reader.add(whole));
  } else {
    YURAI_TRY(add_events(events.finish()));
  }
  return std::move(reader).finish();
}

Error RemoteModel::without_key(Error error) const {
  const std::string& key = options_.api_key;
  if (key.empty()) return error;
  for (size_t at = 0; (at = error.message.find(key, at)) != std::string::npos;) {
    error.message.replace(at, key.size(), "[key]");
  }
  return error;
}

}  // namespace yurai

#include "yurai/gateway/completion_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr uint64_t kDefaultMaxChars = 256;
constexpr uint64_t kMaxChars = 10'000;
constexpr size_t kMaxPromptBytes = 1 << 20;
constexpr size_t kMaxMessages = 1000;
constexpr size_t kMaxStops = 16;
constexpr size_t kMaxStopBytes = 256;

/// The text of a message: a string, or parts of type "text".
ApiResult<std::string> read_content(const Json& message, size_t number) {
  const std::string param = fmt::format("messages[{}].content", number);
  const auto content = message.find("content");
  if (content == message.end() || content->is_null()) return std::string();
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (!content->is_array()) return refuse(400, fmt::format("'{}' must be text", param), param);
  for (const Json& part : *content) {
    const auto type = part.is_object() ? part.find("type") : part.end();
    const auto words = part.is_object() ? part.find("text") : part.end();
    if (!part.is_object() || type == part.end() || *type != "text" || words == part.end() ||
        !words->is_string()) {
      return refuse(400, fmt::format("'{}': this model takes parts of type \"text\" only", param),
                    param);
    }
    text += words->get_ref<const std::string&>();
  }
  return text;
}

ApiResult<void> read_messages(const RequestBody& body, GenerateRequest& generate) {
  const bool there = body.has("messages") && body.json()["messages"].is_array();
  if (!there || body.json()["messages"].empty()) {
    return refuse(400, "'messages' must be a non-empty array", "messages");
  }
  const Json& messages = body.json()["messages"];
  if (messages.size() > kMaxMessages) {
    return refuse(413, fmt::format("'messages' holds more than {}", kMaxMessages), "messages",
                  "too_large");
  }
  size_t total = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    const Json& message = messages[i];
    const auto role = message.is_object() ? message.find("role") : message.end();
    if (!message.is_object() || role == message.end() || !role->is_string()) {
      const std::string param = fmt::format("messages[{}].role", i);
      return refuse(400, fmt::format("'{}' must be a string", param), param);
    }
    YURAI_ASSIGN(std::string content, read_content(message, i));
    total += content.size();
    generate.messages.push_back({role->get<std::string>(), std::move(content)});
  }
  if (total > kMaxPromptBytes) {
    return refuse(413, fmt::format("the messages are larger than {} bytes", kMaxPromptBytes),
                  "messages", "too_large");
  }
  return {};
}

ApiResult<void> read_prompt(const RequestBody& body, GenerateRequest& generate) {
  const Json prompt = body.has("prompt") ? body.json()["prompt"] : Json("");
  const bool one = prompt.is_array() && prompt.size() == 1 && prompt[0].is_string();
  if (!prompt.is_string() && !one) {
    return refuse(400, "'prompt' must be one string; this model has no token ids", "prompt");
  }
  generate.prompt = (one ? prompt[0] : prompt).get<std::string>();
  if (generate.prompt.size() > kMaxPromptBytes) {
    return refuse(413, fmt::format("'prompt' is larger than {} bytes", kMaxPromptBytes), "prompt",
                  "too_large");
  }
  return {};
}

ApiResult<void> read_stop(const RequestBody& body, GenerateRequest& generate) {
  if (!body.has("stop")) return {};
  const Json& stop = body.json()["stop"];
  const Json list = stop.is_array() ? stop : Json::array({stop});
  if (list.size() > kMaxStops) {
    return refuse(400, fmt::format("'stop' holds more than {} strings", kMaxStops), "stop");
  }
  for (const Json& text : list) {
    if (!text.is_string() || text.get_ref<const std::string&>().empty() ||
        text.get_ref<const std::string&>().size() > kMaxStopBytes) {
      return refuse(400,
                    fmt::format("'stop' must be a string of 1 to {} bytes, or an array of them",
                                kMaxStopBytes),
                    "stop");
    }
    generate.stop.push_back(text.get<std::string>());
  }
  return {};
}

ApiResult<void> read_stream_options(const RequestBody& body, CompletionCall& call) {
  YURAI_ASSIGN(call.stream, body.boolean("stream", false));
  if (!body.has("stream_options")) return {};
  const Json& options = body.json()["stream_options"];
  if (!options.is_object() || !call.stream) {
    return refuse(400, "'stream_options' must be an object, and goes with 'stream': true",
                  "stream_options");
  }
  const auto usage = options.find("include_usage");
  if (usage == options.end() || usage->is_null()) return {};
  if (!usage->is_boolean()) {
    return refuse(400, "'stream_options.include_usage' must be true or false",
                  "stream_options.include_usage");
  }
  call.include_usage = usage->get<bool>();
  return {};
}

/// A boolean in a chat; the number of alternatives in a completion, where 0 counts too.
ApiResult<bool> read_logprobs(const RequestBody& body, bool chat) {
  if (!body.has("logprobs") || body.json()["logprobs"].is_boolean()) {
    return body.boolean("logprobs", false);
  }
  if (chat) return refuse(400, "'logprobs' must be true or false", "logprobs");
  YURAI_TRY(body.integer("logprobs", 0, 0, 20));
  return true;
}

}  // namespace

ApiResult<CompletionCall> read_completion_call(const RequestBody& body, bool chat,
                                               uint64_t fresh_seed) {
  CompletionCall call;
  call.chat = chat;
  if (chat) {
    YURAI_TRY(read_messages(body, call.generate));
  } else {
    YURAI_TRY(read_prompt(body, call.generate));
    YURAI_ASSIGN(call.echo, body.boolean("echo", false));
    YURAI_TRY(body.integer("best_of", 1, 1, 1));
  }
  YURAI_TRY(body.integer("n", 1, 1, 1));
  const char* limit = body.has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
  YURAI_ASSIGN(call.generate.max_chars, body.integer(limit, kDefaultMaxChars, 0, kMaxChars));
  YURAI_ASSIGN(call.generate.temperature, body.number("temperature", 1, 0, 100));
  TokenFilter& filter = call.generate.filter;
  YURAI_ASSIGN(filter.top_p, body.number("top_p", filter.top_p, 1e-9, 1));
  YURAI_ASSIGN(filter.top_k, body.integer("top_k", filter.top_k, 0, UINT32_MAX));
  YURAI_ASSIGN(filter.min_p, body.number("min_p", filter.min_p, 0, 1));
  YURAI_ASSIGN(filter.repetition_penalty,
               body.number("repetition_penalty", filter.repetition_penalty, 0.1, 10));
  YURAI_ASSIGN(call.generate.seed, body.integer("seed", fresh_seed, 0, UINT64_MAX));
  YURAI_TRY(read_stop(body, call.generate));
  YURAI_TRY(read_stream_options(body, call));
  YURAI_ASSIGN(call.logprobs, read_logprobs(body, chat));
  return call;
}

uint64_t num_text_symbols(const std::vector<GeneratedSymbol>& symbols) {
  return static_cast<uint64_t>(
      std::count_if(symbols.begin(), symbols.end(),
                    [](const GeneratedSymbol& symbol) { return !symbol.text.empty(); }));
}

CompletionAnswer::CompletionAnswer(const CompletionCall& call, std::string model, std::string id,
                                   int64_t created)
    : call_(call),
      model_(std::move(model)),
      id_((call.chat ? "chatcmpl-" : "cmpl-") + std::move(id)),
      created_(created),
      prompt_chars_(count_chars(call.generate.prompt)) {
  for (const ChatMessage& message : call.generate.messages) {
    prompt_chars_ += count_chars(message.content);
  }
}

Json CompletionAnswer::envelope(std::string_view object) const {
  return {{"id", id_}, {"object", object}, {"created", created_}, {"model", model_}};
}

Json CompletionAnswer::logprobs_of(const std::vector<GeneratedSymbol>& symbols,
                                   uint64_t first_char) const {
  if (!call_.logprobs) return nullptr;
  Json content = Json::array();
  Json tokens = Json::array();
  Json values = Json::array();
  Json offsets = Json::array();
  uint64_t at = first_char;
  for (const GeneratedSymbol& symbol : symbols) {
    if (symbol.text.empty()) continue;
    const Json value = symbol.probability ? Json(std::log(*symbol.probability)) : Json(nullptr);
    Json bytes = Json::array();
    for (const char byte : symbol.text) bytes.push_back(static_cast<unsigned char>(byte));
    content.push_back({{"token", symbol.text},
                       {"logprob", value},
                       {"bytes", std::move(bytes)},
                       {"top_logprobs", Json::array()}});
    tokens.push_back(symbol.text);
    values.push_back(value);
    offsets.push_back(at);
    at += count_chars(symbol.text);
  }
  if (call_.chat) return {{"content", std::move(content)}, {"refusal", nullptr}};
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(values)},
          {"top_logprobs", nullptr},
          {"text_offset", std::move(offsets)}};
}

Json CompletionAnswer::usage_counts(uint64_t num_symbols) const {
  return {{"prompt_tokens", prompt_chars_},
          {"completion_tokens", num_symbols},
          {"total_tokens", prompt_chars_ + num_symbols}};
}

Json CompletionAnswer::choice_of_text(std::string_view text, Json logprobs,
                                      Json finish_reason) const {
  return {{"text", text},
          {"index", 0},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", std::move(finish_reason)}};
}

Json CompletionAnswer::whole(const Generation& generation) const {
  Json answer = envelope(call_.chat ? "chat.completion" : "text_completion");
  Json logprobs = logprobs_of(generation.symbols, call_.echo ? prompt_chars_ : 0);
  if (call_.chat) {
    answer["choices"] = Json::array(
        {{{"index", 0},
          {"message", {{"role", "assistant"}, {"content", generation.text}, {"refusal", nullptr}}},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", generation.finish_reason}}});
  } else {
    const std::string text = (call_.echo ? call_.generate.prompt : "") + generation.text;
    answer["choices"] =
        Json::array({choice_of_text(text, std::move(logprobs), generation.finish_reason)});
  }
  answer["usage"] = usage_counts(num_text_symbols(generation.symbols));
  return answer;
}

Json CompletionAnswer::chunk(Json choice) const {
  Json json = envelope(call_.chat ? "chat.completion.chunk" : "text_completion");
  json["choices"] = Json::array({std::move(choice)});
  if (call_.include_usage) json["usage"] = nullptr;
  return json;
}

Json CompletionAnswer::first() const {
  if (!call_.chat) {
    return chunk(choice_of_text(call_.echo ? call_.generate.prompt : "", nullptr, nullptr));
  }
  return chunk({{"index", 0},
                {"delta", {{"role", "assistant"}, {"content", ""}}},
                {"logprobs", nullptr},
                {"finish_reason", nullptr}});
}

Json CompletionAnswer::piece(std::string_view text, const std::vector<GeneratedSymbol>& symbols) {
  Json logprobs = logprobs_of(symbols, sent_chars_ + (call_.echo ? prompt_chars_ : 0));
  sent_chars_ += count_chars(text);
  if (!call_.chat) return chunk(choice_of_text(text, std::move(logprobs), nullptr));
  return chunk({{"index", 0},
                {"delta", {{"content", text}}},
                {"logprobs", std::move(logprobs)},
                {"finish_reason", nullptr}});
}

Json CompletionAnswer::last(std::string_view finish_reason) const {
  if (!call_.chat) return chunk(choice_of_text("", nullptr, finish_reason));
  return chunk({{"index", 0},
                {"delta", Json::object()},
                {"logprobs", nullptr},
                {"finish_reason", finish_reason}});
}

Json CompletionAnswer::usage(uint64_t num_symbols) const {
  Json json = envelope(call_.chat ? "chat.completion.chunk" : "text_completion");
  json["choices"] = Json::array();
  json["usage"] = usage_counts(num_symbols);
  return json;
}

}  // namespace yurai

#include "yurai/lm/chat_template.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/jinja_evaluator.h"
#include "yurai/lm/jinja_syntax.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTemplateBytes = 1ull << 20;
constexpr uint64_t kMaxConfigBytes = 64ull << 20;
constexpr std::string_view kTemplateName = "chat_template.jinja";
constexpr std::string_view kConfigName = "tokenizer_config.json";

/// What tokenizer_config.json says of chats.
struct Config {
  std::optional<std::string> chat_template;
  std::optional<std::string> bos;
  std::optional<std::string> eos;
};

/// A special token: text, or an object with the text as "content".
std::optional<std::string> token_of(simdjson::dom::element json, std::string_view key) {
  std::string_view text;
  if (json[key].get(text) == simdjson::SUCCESS ||
      json[key]["content"].get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  return std::nullopt;
}

Result<Config> read_config(const fs::path& path, std::string_view name) {
  YURAI_ASSIGN(const std::string bytes, read_file(path, kMaxConfigBytes));
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(bytes).get(json) != simdjson::SUCCESS || !json.is_object()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: no JSON object", for_terminal(path.string())));
  }
  Config config{std::nullopt, token_of(json, "bos_token"), token_of(json, "eos_token")};
  std::string_view text;
  simdjson::dom::array list;
  if (json["chat_template"].get(text) == simdjson::SUCCESS) config.chat_template = text;
  if (json["chat_template"].get(list) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : list) {
      std::string_view named;
      if (item["name"].get(named) == simdjson::SUCCESS && named == name &&
          item["template"].get(text) == simdjson::SUCCESS) {
        config.chat_template = text;
      }
    }
  }
  return config;
}

}  // namespace

struct ChatTemplate::State {
  std::string text;
  jinja::Body body;
  std::optional<std::string> bos;
  std::optional<std::string> eos;
};

ChatTemplate::ChatTemplate(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view text) {
  if (text.size() > kMaxTemplateBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("a chat template of {} bytes; at most {} are read", text.size(),
                            kMaxTemplateBytes));
  }
  YURAI_TRY(check_utf8(text, "chat template"));
  auto state = std::make_unique<State>();
  state->text = text;
  YURAI_ASSIGN(state->body, jinja::parse(text));
  return ChatTemplate(std::move(state));
}

Result<ChatTemplate> ChatTemplate::open(const fs::path& dir, std::string_view name) {
  std::error_code ignored;
  Config config;
  if (fs::exists(dir / kConfigName, ignored)) {
    YURAI_ASSIGN(config, read_config(dir / kConfigName, name));
  }
  if (name == "default" && fs::exists(dir / kTemplateName, ignored)) {
    YURAI_ASSIGN(config.chat_template, read_file(dir / kTemplateName, kMaxTemplateBytes));
  }
  if (!config.chat_template) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("'{}' has no chat template '{}' in {} or {}; the model is none for "
                    "chats, or give a template",
                    for_terminal(dir.string()), for_terminal(name), kTemplateName, kConfigName));
  }
  YURAI_ASSIGN(ChatTemplate chat, parse(*config.chat_template));
  chat.state_->bos = std::move(config.bos);
  chat.state_->eos = std::move(config.eos);
  return chat;
}

Result<std::string> ChatTemplate::render(const Json& messages,
                                         const ChatRenderOptions& options) const {
  if (!messages.is_array() || !options.variables.is_object()) {
    return fail(ErrorCode::kInvalidArgument, "messages must be a list, variables an object");
  }
  // As transformers calls a template, also without tools.
  Json variables = {{"tools", nullptr}, {"documents", nullptr}};
  if (const auto& bos = options.bos ? options.bos : state_->bos) variables["bos_token"] = *bos;
  if (const auto& eos = options.eos ? options.eos : state_->eos) variables["eos_token"] = *eos;
  variables["add_generation_prompt"] = options.add_generation_prompt;
  variables.update(options.variables);
  variables["messages"] = messages;
  const jinja::Value value = jinja::from_json(variables);
  return jinja::evaluate(state_->body, *value.dict());
}

const std::string& ChatTemplate::text() const { return state_->text; }

}  // namespace yurai

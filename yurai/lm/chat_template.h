#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// The text that a model is asked with, from messages: the Jinja templates of public models.
///
///     YURAI_ASSIGN(const ChatTemplate chat, ChatTemplate::open("llm-jp-3-1.8b-instruct"));
///     YURAI_ASSIGN(const std::string prompt,
///                  chat.render(Json::parse(R"([{"role":"user","content":"由来とは？"}])"), {}));
///
/// docs/chat_templates.md says which part of Jinja is read. Templates are untrusted: they have no
/// files, clock or randomness, and one that nests, runs or prints too much ends in an error.
namespace yurai {

struct ChatRenderOptions {
  std::optional<std::string> bos{};  ///< bos_token; missing: what the model's folder names
  std::optional<std::string> eos{};  ///< eos_token
  bool add_generation_prompt = true;
  Json variables = Json::object();  ///< further ones, such as enable_thinking, tools
};

/// Immutable; const calls are thread-safe.
class ChatTemplate {
 public:
  /// kInvalidArgument with the line where it is no template that we read.
  static Result<ChatTemplate> parse(std::string_view text);
  /// From a model's folder: chat_template.jinja, else the chat_template of tokenizer_config.json
  /// (of several that have names, `name`). kNotFound where there is none.
  static Result<ChatTemplate> open(const std::filesystem::path& dir,
                                   std::string_view name = "default");

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// `messages`: a list of {"role", "content", …}. What the template itself raises, such as an
  /// order of roles that it does not take, is kInvalidArgument.
  Result<std::string> render(const Json& messages, const ChatRenderOptions& options) const;

  const std::string& text() const;

 private:
  struct State;
  explicit ChatTemplate(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "yurai/lm/chat_template.h"
#include "yurai/lm/language_model.h"
#include "yurai/model/transformer.h"
#include "yurai/tokenizer/tokenizer.h"

/// A transformer that answers: a model folder with its tokenizer.
///
///     YURAI_ASSIGN(const auto model, TransformerModel::open("run/checkpoints/step-300"));
///     YURAI_ASSIGN(const Generation text, model->generate({.prompt = "吾輩は"}, {}));
namespace yurai {

class TransformerModel final : public LanguageModel {
 public:
  /// The name that requests use is the folder's.
  static Result<std::unique_ptr<TransformerModel>> open(const std::filesystem::path& dir);

  std::string_view id() const override { return id_; }
  /// Continues the prompt; of a conversation, what the folder's chat template makes of it, or
  /// without one the last user message. Ends with an end token of the model ("stop"), a stop
  /// string, after `max_chars` tokens or at the longest context that the model was made for
  /// ("length"). Equal requests give equal texts on one machine. kInvalidArgument: what
  /// check_sampling refuses; a prompt that leaves no room; a message with the text of a special
  /// token, which the model would take for one.
  Result<Generation> generate(const GenerateRequest& request,
                              const OnSymbol& on_symbol) const override;

  const Transformer& transformer() const { return *transformer_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

  /// The tokens that a text is given to the model as: the begin token, where the tokenizer has one,
  /// then its own.
  Result<std::vector<int32_t>> encode_prompt(std::string_view text) const;

  Result<std::vector<float>> token_nats(std::span<const int32_t> tokens,
                                        std::span<const int32_t> targets) const override;

 private:
  TransformerModel() = default;
  Result<std::vector<int32_t>> encode_request(const GenerateRequest& request) const;

  std::string id_;
  std::unique_ptr<Transformer> transformer_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_;
  std::optional<Error> chat_error_;  ///< a template that we do not read
};

}  // namespace yurai

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "yurai/lm/language_model.h"
#include "yurai/model/decoder.h"
#include "yurai/model/decoder_queue.h"
#include "yurai/model/prompt_reader.h"

/// A transformer that answers: a model folder with its tokenizer.
///
///     YURAI_ASSIGN(const auto model, DecoderModel::open("run/checkpoints/step-300", {}));
///     YURAI_ASSIGN(const Generation text, model->generate({.prompt = "吾輩は"}, {}));
namespace yurai {

class DecoderModel final : public LanguageModel {
 public:
  struct Options {
    std::optional<WeightType> weights{};  ///< none: int8 where they are stored so, else f32
    unsigned threads = 1;
  };
  /// The name that requests use is the folder's.
  static Result<std::unique_ptr<DecoderModel>> open(const std::filesystem::path& dir,
                                                    const Options& options);

  std::string_view id() const override { return id_; }
  /// Continues what PromptReader makes of the request. Ends with an end token of the model
  /// ("stop"), a stop string, after `max_chars` tokens or at the longest context that the model was
  /// made for ("length"). Equal requests give equal texts. kInvalidArgument: what check_sampling
  /// refuses; a prompt that leaves no room.
  Result<Generation> generate(const GenerateRequest& request,
                              const OnSymbol& on_symbol) const override;
  /// The same, while the observer sees every token that the model reads, `tokens_read`: the
  /// prompt's and all that were drawn but the last.
  Result<Generation> generate_observed(const GenerateRequest& request, const OnSymbol& on_symbol,
                                       Observer& observer, std::vector<int32_t>& tokens_read) const;
  const ModelConfig& config() const { return decoder_->config(); }
  WeightType weights() const { return decoder_->weights(); }
  const Tokenizer& tokenizer() const { return prompts_.tokenizer(); }
  Result<std::vector<float>> token_nats(std::span<const int32_t> tokens,
                                        std::span<const int32_t> targets) const override;

 private:
  struct Onlooker;
  Result<Generation> run(const GenerateRequest& request, const OnSymbol& on_symbol,
                         Onlooker* onlooker) const;

  DecoderModel(std::string id, std::unique_ptr<Decoder> decoder, PromptReader prompts)
      : id_(std::move(id)),
        decoder_(std::move(decoder)),
        queue_(std::make_unique<DecoderQueue>(*decoder_)),
        prompts_(std::move(prompts)) {}

  std::string id_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<DecoderQueue> queue_;  ///< of calls at the same time
  PromptReader prompts_;
};

}  // namespace yurai

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/lm/language_model.h"
#include "yurai/tokenizer/tokenizer.h"

/// How well a model predicts texts.
///
///     YURAI_ASSIGN(const TextLoss loss, text_loss(*model, tokenizer, "吾輩は猫である。", 2048));
namespace yurai {

/// Of one text.
struct TextLoss {
  uint64_t tokens = 0;  ///< that were predicted
  uint64_t bytes = 0;   ///< that these stand for
  double nats = 0;      ///< their sum
};

/// Each token of a text is predicted from those before it, the first from the tokenizer's begin
/// token, or its end token where it has none; without either the first is not predicted. A text of
/// more than `context` tokens is read in pieces of so many, each of which begins with the token
/// before it and sees none of the piece before. As training reads documents, but for their end.
Result<TextLoss> text_loss(const LanguageModel& model, const Tokenizer& tokenizer,
                           std::string_view text, uint64_t context);

/// sum(y) / sum(x) over texts, and half its 95 % interval (normal, linearised: residuals y - ratio
/// · x), as if the texts were drawn at random; none of fewer than two.
struct MeanOfTexts {
  double mean = 0;
  std::optional<double> error{};
};
/// y and x: one of each text; sum(x) is more than 0.
MeanOfTexts mean_of_texts(std::span<const double> y, std::span<const double> x);

}  // namespace yurai

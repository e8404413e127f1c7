#include "yurai/model/text_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace yurai {

Result<TextLoss> text_loss(const LanguageModel& model, const Tokenizer& tokenizer,
                           std::string_view text, uint64_t context) {
  YURAI_CHECK(context > 0);
  YURAI_ASSIGN(const std::vector<Token> found,
               tokenizer.encode(text, {.add_special = false, .match_special = false}));
  const TokenizerFacts& facts = tokenizer.facts();
  const std::optional<uint32_t> begin = facts.begin ? facts.begin : facts.end;
  std::vector<int32_t> ids;  // and before them what the first is predicted from
  if (begin) ids.push_back(static_cast<int32_t>(*begin));
  for (const Token& token : found) ids.push_back(static_cast<int32_t>(token.id));
  TextLoss loss;
  if (ids.size() < 2) return loss;
  loss.tokens = ids.size() - 1;
  loss.bytes = begin ? text.size() : text.size() - found[1].byte_begin;
  for (size_t at = 0; at < loss.tokens; at += context) {
    const size_t count = std::min<size_t>(context, loss.tokens - at);
    YURAI_ASSIGN(
        const std::vector<float> nats,
        model.token_nats(std::span(ids).subspan(at, count), std::span(ids).subspan(at + 1, count)));
    loss.nats = std::accumulate(nats.begin(), nats.end(), loss.nats,
                                [](double sum, float each) { return sum + double{each}; });
  }
  if (!std::isfinite(loss.nats)) {
    return fail(ErrorCode::kCorrupt,
                "the model's loss is no finite number: its weights are damaged, or it was trained "
                "into that");
  }
  return loss;
}

MeanOfTexts mean_of_texts(std::span<const double> y, std::span<const double> x) {
  YURAI_CHECK(y.size() == x.size());
  const double all = std::accumulate(x.begin(), x.end(), 0.0);
  MeanOfTexts out{.mean = std::accumulate(y.begin(), y.end(), 0.0) / all};
  if (x.size() < 2) return out;
  double squares = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double residual = y[i] - out.mean * x[i];
    squares += residual * residual;
  }
  const auto n = static_cast<double>(x.size());
  out.error = 1.96 * std::sqrt(n / (n - 1) * squares) / all;
  return out;
}

}  // namespace yurai

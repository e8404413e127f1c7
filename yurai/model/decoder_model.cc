#include "yurai/model/decoder_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "yurai/base/random.h"
#include "yurai/base/stop.h"
#include "yurai/lm/symbol_stream.h"
#include "yurai/lm/token_sampler.h"
#include "yurai/model/model_import.h"

namespace yurai {
namespace {

constexpr std::string_view kNoCharacter = "\xEF\xBF\xBD";  // U+FFFD: bytes that are none yet

/// The text of tokens as they come. A token alone may be part of a character, and how it reads may
/// depend on the one before it.
class TokenText {
 public:
  TokenText(const Tokenizer& tokenizer, std::vector<uint32_t> prompt)
      : tokenizer_(tokenizer), ids_(std::move(prompt)) {
    // A few tokens of the prompt, so that the first new one is read where it stands.
    if (ids_.size() > 4) ids_.erase(ids_.begin(), ids_.end() - 4);
    read_ = ids_.size();
  }

  /// Adds a token; the text that is new, empty while a character is not complete.
  Result<std::string> add(uint32_t id) {
    ids_.push_back(id);
    return rest(false);
  }
  /// What is left, complete or not.
  Result<std::string> finish() { return rest(true); }

 private:
  Result<std::string> rest(bool all) {
    const std::span<const uint32_t> ids(ids_);
    YURAI_ASSIGN(const std::string before,
                 tokenizer_.decode(ids.first(read_), {.skip_special = true}));
    YURAI_ASSIGN(std::string now, tokenizer_.decode(ids, {.skip_special = true}));
    if (!all && now.ends_with(kNoCharacter)) return std::string();
    std::string fresh = now.substr(std::min(before.size(), now.size()));
    if (fresh.empty() && !all) return fresh;
    ids_.erase(ids_.begin(), ids_.begin() + static_cast<ptrdiff_t>(context_));
    context_ = ids_.size() - std::min<size_t>(ids_.size(), 4);
    read_ = ids_.size();
    return fresh;
  }

  const Tokenizer& tokenizer_;
  std::vector<uint32_t> ids_;
  size_t context_ = 0;  ///< tokens before it are no longer needed
  size_t read_ = 0;     ///< tokens whose text was handed out
};

}  // namespace

Result<std::unique_ptr<DecoderModel>> DecoderModel::open(const std::filesystem::path& dir,
                                                         const Options& options) {
  YURAI_ASSIGN(const ModelFolder folder, open_proven(dir));
  YURAI_ASSIGN(PromptReader prompts, PromptReader::open(folder));
  YURAI_ASSIGN(const Isa isa, choose_isa());
  const WeightType own = folder.config().int8_weights ? WeightType::kInt8 : WeightType::kF32;
  YURAI_ASSIGN(auto decoder, Decoder::open(folder, {.weights = options.weights.value_or(own),
                                                    .threads = options.threads,
                                                    .isa = isa}));
  return std::unique_ptr<DecoderModel>(
      new DecoderModel(std::filesystem::absolute(dir).lexically_normal().filename().string(),
                       std::move(decoder), std::move(prompts)));
}

struct DecoderModel::Onlooker {
  Observer* observer;
  std::vector<int32_t>* tokens_read;
};

Result<Generation> DecoderModel::generate(const GenerateRequest& request,
                                          const OnSymbol& on_symbol) const {
  return run(request, on_symbol, nullptr);
}

Result<Generation> DecoderModel::generate_observed(const GenerateRequest& request,
                                                   const OnSymbol& on_symbol, Observer& observer,
                                                   std::vector<int32_t>& tokens_read) const {
  Onlooker onlooker{&observer, &tokens_read};
  return run(request, on_symbol, &onlooker);
}

Result<Generation> DecoderModel::run(const GenerateRequest& request, const OnSymbol& on_symbol,
                                     Onlooker* onlooker) const {
  YURAI_TRY(check_sampling(request.temperature, request.filter));
  YURAI_ASSIGN(std::vector<int32_t> ids, prompts_.encode_request(request));
  const ModelConfig& config = decoder_->config();
  if (ids.size() >= config.max_positions) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the prompt has {} tokens; the model reads at most {} and needs room for "
                    "its answer; shorten it",
                    ids.size(), config.max_positions));
  }
  const auto ends = [&](uint32_t token) {
    return std::ranges::find(config.end_tokens, token) != config.end_tokens.end() ||
           token == prompts_.tokenizer().facts().end;
  };
  SplitMix64 random(request.seed);
  SymbolStream stream(request.stop, on_symbol);
  TokenText text(prompts_.tokenizer(), {ids.begin(), ids.end()});
  DecoderCache cache(*decoder_);
  const auto V = static_cast<size_t>(config.vocabulary_size);
  // Of tokens that the observer sees: the logits of the last.
  const auto read_observed = [&](std::span<const int32_t> tokens) -> Result<std::vector<float>> {
    onlooker->tokens_read->insert(onlooker->tokens_read->end(), tokens.begin(), tokens.end());
    const Observer& observer = *onlooker->observer;
    const bool all = observer.wants(Site::kFinal, 0) || observer.wants(Site::kLogits, 0);
    YURAI_ASSIGN(std::vector<float> read, decoder_->add(tokens, cache, all, onlooker->observer));
    read.erase(read.begin(), read.end() - static_cast<ptrdiff_t>(V));
    return read;
  };
  auto read = onlooker != nullptr ? read_observed(ids) : decoder_->add(ids, cache);
  YURAI_ASSIGN(std::vector<float> logits, std::move(read));
  std::optional<DecoderQueue::Text> steps;
  if (onlooker == nullptr) steps.emplace(*queue_, cache);
  GeneratedSymbol symbol;
  symbol.probability = 1;
  bool goes_on = true;
  for (uint64_t n = 0; n < request.max_chars && goes_on && ids.size() < config.max_positions; ++n) {
    YURAI_TRY(check_stop());
    if (n > 0) {
      YURAI_ASSIGN(logits, steps ? steps->add(ids.back()) : read_observed(std::span(ids).last(1)));
    }
    if (!std::ranges::all_of(logits, [](float value) { return std::isfinite(value); })) {
      return fail(ErrorCode::kCorrupt,
                  "the model answers with values that are no finite numbers: its weights are "
                  "damaged, or it was trained into them");
    }
    // The model may have places that no token fills.
    const DrawnToken drawn =
        draw_token(std::span(logits).first(prompts_.tokenizer().vocabulary_size()), ids,
                   request.temperature, request.filter, random);
    ids.push_back(static_cast<int32_t>(drawn.token));
    symbol.tokens.push_back(drawn.token);
    symbol.probability = *symbol.probability * drawn.probability;
    const bool end = ends(drawn.token);
    if (end) {
      YURAI_ASSIGN(symbol.text, text.finish());
      if (!symbol.text.empty()) {  // a character that the end cut short
        YURAI_ASSIGN(goes_on, stream.add(std::exchange(symbol, {})));
        if (!goes_on) break;
      }
    } else {
      YURAI_ASSIGN(symbol.text, text.add(drawn.token));
      if (symbol.text.empty()) continue;
    }
    YURAI_ASSIGN(goes_on, stream.add(std::exchange(symbol, {})));
    symbol.probability = 1;
  }
  if (goes_on && !symbol.tokens.empty()) {
    YURAI_ASSIGN(symbol.text, text.finish());
    if (!symbol.text.empty()) YURAI_TRY(stream.add(std::move(symbol)));
  }
  return stream.finish();
}

Result<std::vector<float>> DecoderModel::token_nats(std::span<const int32_t> tokens,
                                                    std::span<const int32_t> targets) const {
  YURAI_CHECK(tokens.size() == targets.size());
  const auto V = static_cast<size_t>(decoder_->config().vocabulary_size);
  std::vector<float> nats(tokens.size(), 0);
  DecoderCache cache(*decoder_);
  constexpr size_t kPiece = 64;  // their logits are in memory at once
  for (size_t begin = 0; begin < tokens.size(); begin += kPiece) {
    YURAI_TRY(check_stop());
    const size_t count = std::min(kPiece, tokens.size() - begin);
    YURAI_ASSIGN(const std::vector<float> logits,
                 decoder_->add(tokens.subspan(begin, count), cache, /*all=*/true));
    for (size_t i = 0; i < count; ++i) {
      const int32_t target = targets[begin + i];
      if (target < 0) continue;
      if (static_cast<size_t>(target) >= V) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("target {} is not in the model's vocabulary of {}", target, V));
      }
      const std::span<const float> row = std::span(logits).subspan(i * V, V);
      const auto largest = static_cast<double>(*std::ranges::max_element(row));
      double sum = 0;
      for (const float logit : row) sum += std::exp(static_cast<double>(logit) - largest);
      nats[begin + i] = static_cast<float>(largest + std::log(sum) -
                                           static_cast<double>(row[static_cast<size_t>(target)]));
    }
  }
  return nats;
}

}  // namespace yurai

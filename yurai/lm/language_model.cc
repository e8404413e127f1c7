#include "yurai/lm/language_model.h"

namespace yurai {

Json to_json(const Generation& generation) {
  Json symbols = Json::array();
  for (const GeneratedSymbol& symbol : generation.symbols) {
    Json json{{"text", symbol.text},
              {"probability", or_null(symbol.probability)},
              {"context_chars", or_null(symbol.context_chars)},
              {"context_count", or_null(symbol.context_count)},
              {"count", or_null(symbol.count)}};
    if (!symbol.tokens.empty()) json["tokens"] = symbol.tokens;
    symbols.push_back(std::move(json));
  }
  return Json{{"text", generation.text},
              {"finish_reason", generation.finish_reason},
              {"symbols", std::move(symbols)}};
}

Result<std::vector<float>> LanguageModel::token_nats(std::span<const int32_t>,
                                                     std::span<const int32_t>) const {
  return fail(ErrorCode::kInvalidArgument, "this model does not say what a given text costs it");
}

}  // namespace yurai

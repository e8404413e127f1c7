#include "yurai/lm/language_model.h"

namespace yurai {

Json to_json(const Generation& generation) {
  Json symbols = Json::array();
  for (const GeneratedSymbol& symbol : generation.symbols) {
    symbols.push_back(Json{{"text", symbol.text},
                           {"probability", or_null(symbol.probability)},
                           {"context_chars", or_null(symbol.context_chars)},
                           {"context_count", or_null(symbol.context_count)},
                           {"count", or_null(symbol.count)}});
  }
  return Json{{"text", generation.text},
              {"finish_reason", generation.finish_reason},
              {"symbols", std::move(symbols)}};
}

}  // namespace yurai

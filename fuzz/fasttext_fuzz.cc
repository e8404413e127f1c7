#include <cstddef>
#include <cstdint>
#include <string>

#include "yurai/curate/fasttext_model.h"

/// A model's file: it is refused, or gives probabilities.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  const auto model = FastTextModel::read({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!model) return 0;
  for (const char* text : {"", "ab ba", "日本語のはなし\n", "__label__ja"}) {
    const auto probability = model->probability(text, 0);
    YURAI_CHECK(!probability || (*probability >= 0 && *probability <= 1));
  }
  return 0;
}

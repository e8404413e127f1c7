#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "yurai/corpus/corpus.h"

namespace yurai {

/// A short piece of a document, to be traced as if it were an answer.
struct SampledPassage {
  uint64_t document = 0;
  uint32_t source = 0;
  std::string text;  ///< at most kPassageChars characters
};
inline constexpr size_t kPassageChars = 200;

/// Passages of a corpus, and what each must not be traced to: its group, which is its source, or
/// its document where that source holds nearly the whole corpus.
struct PassageSample {
  std::vector<SampledPassage> passages;
  uint32_t num_sources = 0;
  std::vector<uint32_t> group_of_document;
  uint32_t num_groups = 0;
  bool by_document = false;  ///< some group is a document
};

/// Draws 200 to 1,600 passages, as many from each source, spread over its documents. Deterministic.
Result<PassageSample> draw_passages(const Corpus& corpus);

}  // namespace yurai

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/search/document_search.h"

/// Which passages speak about what the sentences of an answer speak about. Near in words; never a
/// match: what stands word for word in a document is the trace's to say.
namespace yurai {

struct RelatedOptions {
  uint64_t max_passages = 3;     ///< a sentence
  size_t passage_chars = 160;    ///< at most
  double min_overlap = 0.25;     ///< passages that hold less of a sentence's weight are left out
  uint64_t max_sentences = 200;  ///< of a longer answer the first
};

/// A sentence and the passages nearest to it, best first.
struct RelatedSentence {
  uint64_t byte_begin = 0;  ///< into the answer
  uint64_t byte_end = 0;
  uint64_t char_begin = 0;
  uint64_t char_end = 0;
  std::string text;
  std::vector<PassageHit> passages;
};

struct Related {
  std::vector<RelatedSentence> sentences;  ///< those that have passages, in order
  bool truncated = false;                  ///< the answer has more than `max_sentences`
};

/// kInvalidArgument names the byte where the answer is not UTF-8.
Result<Related> related_passages(const DocumentSearch& search, const Corpus& corpus,
                                 std::string_view answer, const RelatedOptions& options = {});

/// {"sentences":[{"byte_begin","byte_end","char_begin","char_end","text","passages":[…]}],"truncated"}
Json to_json(const Related& related);

}  // namespace yurai

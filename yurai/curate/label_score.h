#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/corpus/reject.h"
#include "yurai/curate/label_model.h"

namespace yurai {

/// The score of one document.
struct LabelScore {
  std::string id;      ///< as the corpus would have it
  std::string sha256;  ///< of the text: the key to join by
  double score = 0;
  bool positive = false;  ///< score >= threshold
};
Json to_json(const LabelScore& score);

struct LabelScoreSummary {
  uint64_t documents = 0;
  uint64_t positive = 0;
  uint64_t rejected = 0;
};
Json to_json(const LabelScoreSummary& summary);

struct LabelScoreSinks {
  std::function<Result<void>(const LabelScore&)> score;
  std::function<Result<void>(const Reject&)> reject;
};

/// Scores what the inputs hold, in order, one at a time: corpora, the folders of `corpus filter`
/// and `corpus dedup`, and whatever else a corpus is built from.
Result<LabelScoreSummary> score_documents(const LabelModel& model,
                                          const std::vector<std::filesystem::path>& inputs,
                                          const ReadOptions& options, const LabelScoreSinks& sinks,
                                          const Progress& progress);

}  // namespace yurai

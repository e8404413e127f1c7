#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/index_builder.h"
#include "yurai/ngram/naive_counts.h"

namespace yurai::testing {

/// For tests: an index of a few documents, in a folder that goes away with it.
///
///     const SmallIndex index({"a document", "another"}, PointMode::kWord);
///     IndexSession session(*index);
class SmallIndex {
 public:
  explicit SmallIndex(const std::vector<std::string>& texts, PointMode points = PointMode::kChar)
      : index_(build(directory_, texts, points).value()) {}
  const CorpusIndex& operator*() const { return index_; }

 private:
  static Result<CorpusIndex> build(const TemporaryDirectory& directory,
                                   const std::vector<std::string>& texts, PointMode points) {
    std::vector<Document> documents;
    for (const std::string& text : texts) {
      Document& document = documents.emplace_back();
      document.id = fmt::format("d{}", documents.size());
      document.text = text;
    }
    YURAI_TRY(write_corpus(directory / "corpus", documents));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(directory / "index", {}));
    IndexBuildOptions options;
    options.points = points;
    YURAI_TRY(build_index(directory / "corpus", options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return CorpusIndex::open(directory / "index");
  }

  TemporaryDirectory directory_;
  CorpusIndex index_;
};

}  // namespace yurai::testing

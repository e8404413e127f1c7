#pragma once

#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/search/document_search.h"
#include "yurai/search/search_builder.h"

namespace yurai::testing {

/// Builds the search files of a corpus as the artefact `dir` and opens them.
inline Result<DocumentSearch> write_search(const std::filesystem::path& dir, const Corpus& corpus,
                                           const SearchBuildOptions& options = {},
                                           Disk* disk = nullptr) {
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(dir, {.force = false, .disk = disk}));
  YURAI_TRY(build_document_search(corpus, options, stage, no_progress));
  YURAI_TRY(write_manifest(Manifest{}, stage));
  YURAI_TRY(stage.commit());
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir));
  YURAI_ASSIGN(auto search, DocumentSearch::open({{dir, manifest}}));
  return std::move(*search);
}

/// A corpus of these texts and its search, in a folder that goes away.
class SearchedTexts {
 public:
  explicit SearchedTexts(const std::vector<std::string>& texts,
                         const SearchBuildOptions& options = {})
      : corpus_(write_corpus(directory_ / "corpus", documents(texts)).value()),
        search_(write_search(directory_ / "search", corpus_, options).value()) {}
  const Corpus& corpus() const { return corpus_; }
  const DocumentSearch& search() const { return search_; }
  std::filesystem::path dir() const { return directory_ / "search"; }

 private:
  static std::vector<Document> documents(const std::vector<std::string>& texts) {
    std::vector<Document> documents;
    for (const std::string& text : texts) {
      documents.push_back({.id = "d" + std::to_string(documents.size()), .text = text});
    }
    return documents;
  }
  TemporaryDirectory directory_;
  Corpus corpus_;
  DocumentSearch search_;
};

}  // namespace yurai::testing

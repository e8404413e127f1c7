#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/record/artefact_folder.h"

/// Which documents a text is about: BM25 over pairs of characters and words, block-max, persisted.
///
///     YURAI_ASSIGN(const auto search, DocumentSearch::open(index.search_folders()));
///     YURAI_ASSIGN(const auto hits, search->search("猫の名前は何ですか", 10));
namespace yurai {

struct SearchHit {
  uint64_t document = 0;  ///< number in the corpus, those left out not counted
  double score = 0;
  bool operator==(const SearchHit&) const = default;
};

/// What a query cost.
struct SearchCost {
  uint64_t num_reads = 0;     ///< 4 KiB blocks
  uint64_t num_postings = 0;  ///< scored or probed
};

/// The part of a document that holds most of a query.
struct Passage {
  uint64_t byte_begin = 0;  ///< into the document's text
  uint64_t byte_end = 0;
  std::string text;
  double score = 0;  ///< sum over the query's different terms in it of their weights
};

struct PassageHit {
  SearchHit hit;
  Document document;  ///< without its text
  Passage passage;
  double overlap = 0;  ///< share of the weight of the query's terms that the passage holds
};

/// Immutable; const calls are thread-safe. Keeps a byte a document and 8 bytes a page of terms.
class DocumentSearch {
 public:
  /// Of consecutive documents, a part in each folder; several give what one of all documents would.
  /// Nothing when one was built without it (`--no-search`). The documents `left_out` (ascending)
  /// are no hits, and the others are numbered without them.
  static Result<std::optional<DocumentSearch>> open(
      const std::vector<ArtefactFolder>& folders, std::vector<uint64_t> left_out = {},
      ReadableFile::Mode mode = ReadableFile::Mode::kCached);
  DocumentSearch(DocumentSearch&&) noexcept;
  DocumentSearch& operator=(DocumentSearch&&) noexcept;
  ~DocumentSearch();

  uint64_t num_documents() const;

  /// The `limit` best documents, by score, then number: exactly those that scoring every document
  /// would give. Documents without any of the query's terms are none. What was left out still
  /// counts in how rare terms are.
  /// kInvalidArgument names the byte where the query is not UTF-8.
  Result<std::vector<SearchHit>> search(std::string_view query, uint64_t limit,
                                        SearchCost* cost = nullptr) const;

  /// The same with each document's best passage of at most `max_chars` characters.
  /// `corpus` is the one that was searched.
  Result<std::vector<PassageHit>> search_passages(const Corpus& corpus, std::string_view query,
                                                  uint64_t limit, size_t max_chars) const;

 private:
  struct State;
  explicit DocumentSearch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// {"score","overlap","id","byte_begin","byte_end","passage","title",…}: a row of `index search`.
Json to_json(const PassageHit& hit);

}  // namespace yurai

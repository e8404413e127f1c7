#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/record/trace.h"
#include "yurai/trace/credit.h"

/// Which documents hold a span.
namespace yurai {

/// Blocks that a session of one trace keeps before it is made anew: 64 MiB.
inline constexpr uint64_t kMaxTraceBlocks = 16 << 10;

/// The first occurrence of a span in a document.
struct Place {
  uint64_t document = 0;
  uint64_t position = 0;  ///< into the corpus's text
};

struct SpanDocuments {
  std::vector<Place> first;                ///< by document; of more than 1,000 the first ones
  std::vector<CreditedDocument> credited;  ///< the same documents
  uint64_t total = 0;
};

/// A span on its way to the trace.
struct Candidate {
  Span span;
  RankRange range;                           ///< its occurrences
  uint64_t folded_bytes = 0;                 ///< of one found in folded text; else 0
  const SpanDocuments* documents = nullptr;  ///< once they were looked for
};

/// Sources and licences of documents, each document's row read once.
class OriginTable {
 public:
  explicit OriginTable(const Corpus& corpus) : corpus_(corpus) {}

  Result<uint64_t> of(uint64_t document);
  const std::vector<Origin>& origins() const { return origins_; }
  bool known(uint64_t origin) const {
    return !origins_[origin].source.empty() && !origins_[origin].license.empty();
  }

 private:
  const Corpus& corpus_;
  std::unordered_map<uint64_t, uint64_t> of_document_;
  std::map<Origin, uint64_t> numbers_;
  std::vector<Origin> origins_;
};

/// The documents of each span, those of spans with the same occurrences read once.
class DocumentFinder {
 public:
  /// `origins` are those of the corpus of `index`, or of the one whose folded twin it is.
  DocumentFinder(const CorpusIndex& index, OriginTable& origins)
      : index_(index), origins_(origins) {
    session_.emplace(index);
  }

  /// Valid as long as the finder. kResourceExhausted when the spans of one answer have too many.
  Result<const SpanDocuments*> find(RankRange range);

  /// A session that does not yet hold too much.
  IndexSession& session() {
    if (session_->num_reads() > kMaxTraceBlocks) session_.emplace(index_);
    return *session_;
  }

 private:
  Result<SpanDocuments> read(RankRange range);

  const CorpusIndex& index_;
  OriginTable& origins_;
  std::optional<IndexSession> session_;
  std::map<std::pair<uint64_t, uint64_t>, SpanDocuments> found_;
  uint64_t num_places_ = 0;
};

}  // namespace yurai

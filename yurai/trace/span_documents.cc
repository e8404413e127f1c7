#include "yurai/trace/span_documents.h"

#include <fmt/format.h>

#include <algorithm>

namespace yurai {
namespace {

/// Documents of a span that share its credit and may be shown; of more, the first in corpus order.
constexpr size_t kMaxCreditedDocuments = 1000;
constexpr uint64_t kPositionsAtOnce = 64 << 10;
/// Documents over all spans of a trace.
constexpr uint64_t kMaxPlaces = 16'000'000;

}  // namespace

Result<uint64_t> OriginTable::of(uint64_t document) {
  if (const auto known = of_document_.find(document); known != of_document_.end()) {
    return known->second;
  }
  YURAI_ASSIGN(Document row, corpus_.row(document));
  Origin origin{std::move(row.source), std::move(row.license)};
  const auto [entry, added] = numbers_.try_emplace(origin, origins_.size());
  if (added) origins_.push_back(std::move(origin));
  of_document_.emplace(document, entry->second);
  return entry->second;
}

Result<const SpanDocuments*> DocumentFinder::find(RankRange range) {
  const std::pair key(range.begin, range.end);
  auto known = found_.find(key);
  if (known == found_.end()) {
    YURAI_ASSIGN(SpanDocuments documents, read(range));
    known = found_.emplace(key, std::move(documents)).first;
  }
  num_places_ += known->second.first.size();
  if (num_places_ > kMaxPlaces) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the spans of this answer share their credit {} times or more; trace "
                            "it with a smaller max_chance, or in parts",
                            kMaxPlaces));
  }
  return &known->second;
}

Result<SpanDocuments> DocumentFinder::read(RankRange range) {
  const Corpus& corpus = index_.corpus();
  SpanDocuments documents;
  std::vector<Place>& first = documents.first;
  const bool at_once = range.size() <= kPositionsAtOnce;
  std::vector<bool> seen(at_once ? 0 : corpus.num_documents());
  uint64_t last = corpus.num_documents();  // no document beyond is among the first
  for (uint64_t done = 0; done < range.size(); done += kPositionsAtOnce) {
    YURAI_ASSIGN(const std::vector<uint64_t> positions,
                 session().positions(range, done, kPositionsAtOnce));
    for (const uint64_t position : positions) {
      const uint64_t document = corpus.document_at(position);
      if (document <= last) first.push_back({document, position});
      if (at_once || seen[document]) continue;
      seen[document] = true;
      ++documents.total;
    }
    std::sort(first.begin(), first.end(),
              [](const Place& a, const Place& b) { return a.position < b.position; });
    first.erase(
        std::unique(first.begin(), first.end(),
                    [](const Place& a, const Place& b) { return a.document == b.document; }),
        first.end());
    if (at_once) documents.total = first.size();
    first.resize(std::min(first.size(), kMaxCreditedDocuments));
    if (first.size() == kMaxCreditedDocuments) last = first.back().document;
  }
  first.shrink_to_fit();
  documents.credited.reserve(first.size());
  for (const Place& place : first) {
    YURAI_ASSIGN(const uint64_t origin, origins_.of(place.document));
    documents.credited.push_back({place.document, origin});
  }
  return documents;
}

}  // namespace yurai

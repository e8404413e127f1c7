#include "yurai/trace/tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "yurai/base/utf8.h"
#include "yurai/trace/calibration.h"
#include "yurai/trace/credit.h"
#include "yurai/trace/maximal_spans.h"
#include "yurai/trace/null_model.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxAnswerBytes = 16 << 20;
/// Documents of a span that share its credit and may be shown; of more, the first in corpus order.
constexpr size_t kMaxCreditedDocuments = 1000;
constexpr uint64_t kMaxSpanTextBytes = 256 << 20;
constexpr uint64_t kPositionsAtOnce = 64 << 10;
/// Few matches are so long: from here on the backward search asks less.
constexpr uint64_t kFewSpansBytes = 24;

/// The first occurrence of a span in a document.
struct Place {
  uint64_t document = 0;
  uint64_t position = 0;  ///< into the corpus's text
};

struct SpanDocuments {
  std::vector<Place> first;  ///< by document, at most kMaxCreditedDocuments
  uint64_t total = 0;
};

Result<SpanDocuments> find_documents(const CorpusIndex& index, IndexSession& session,
                                     RankRange range) {
  std::vector<Place> places;
  for (uint64_t first = 0; first < range.size(); first += kPositionsAtOnce) {
    YURAI_ASSIGN(std::vector<uint64_t> positions,
                 session.positions(range, first, kPositionsAtOnce));
    for (const uint64_t position : positions) {
      places.push_back({index.corpus().document_at(position), position});
    }
    std::sort(places.begin(), places.end(),
              [](const Place& a, const Place& b) { return a.position < b.position; });
    places.erase(
        std::unique(places.begin(), places.end(),
                    [](const Place& a, const Place& b) { return a.document == b.document; }),
        places.end());
  }
  SpanDocuments documents;
  documents.total = places.size();
  places.resize(std::min(places.size(), kMaxCreditedDocuments));
  documents.first = std::move(places);
  return documents;
}

/// Sources and licences of documents, each document's row read once.
class OriginTable {
 public:
  explicit OriginTable(const Corpus& corpus) : corpus_(corpus) {}

  Result<uint64_t> of(uint64_t document) {
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

/// A span on its way to the trace.
struct Candidate {
  Span span;
  RankRange range;
  SpanDocuments documents;
};

/// What a document has of the answer: the sum over its spans of their size times how few documents
/// share them (the inverse document frequency of BM25; a span counts once a document).
std::unordered_map<uint64_t, double> document_weights(const std::vector<Candidate>& candidates,
                                                      uint64_t num_documents) {
  std::unordered_map<uint64_t, double> weights;
  for (const Candidate& candidate : candidates) {
    const auto total = static_cast<double>(candidate.documents.total);
    const double rarity =
        std::log1p((static_cast<double>(num_documents) - total + 0.5) / (total + 0.5));
    const auto size = static_cast<double>(candidate.span.byte_end - candidate.span.byte_begin);
    for (const Place& place : candidate.documents.first) {
      weights[place.document] += rarity * size;
    }
  }
  return weights;
}

}  // namespace

struct Tracer::State {
  const CorpusIndex* index;
  NullModel null_model;
  Calibration calibration;

  Result<std::vector<Candidate>> significant_spans(std::string_view answer,
                                                   const TraceOptions& options) const;
};

Result<Tracer> Tracer::open(const CorpusIndex& index) {
  YURAI_ASSIGN(const std::string model_bytes,
               read_manifest_file(index.dir(), index.manifest(), kNullModelName));
  YURAI_ASSIGN(NullModel null_model, NullModel::parse(model_bytes));
  YURAI_ASSIGN(const std::string calibration_bytes,
               read_manifest_file(index.dir(), index.manifest(), kCalibrationName));
  YURAI_ASSIGN(Calibration calibration, parse_calibration(calibration_bytes));
  return Tracer(
      std::make_unique<State>(State{&index, std::move(null_model), std::move(calibration)}));
}

Tracer::Tracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tracer::Tracer(Tracer&&) noexcept = default;
Tracer& Tracer::operator=(Tracer&&) noexcept = default;
Tracer::~Tracer() = default;

Result<std::vector<Candidate>> Tracer::State::significant_spans(std::string_view answer,
                                                                const TraceOptions& options) const {
  YURAI_ASSIGN(const std::vector<MaximalSpan> spans,
               options.min_bytes < kFewSpansBytes ? maximal_spans(*index, answer)
                                                  : long_spans(*index, answer, options.min_bytes));
  const TextNgrams ngrams = look_up(null_model, answer);
  const double ln_points =
      std::log(static_cast<double>(std::max<uint64_t>(1, index->num_points())));

  std::vector<Candidate> candidates;
  uint64_t text_bytes = 0;
  // Begins ascend and so do ends: two cursors count the characters.
  uint64_t begin_byte = 0, begin_char = 0, end_byte = 0, end_char = 0;
  for (const MaximalSpan& span : spans) {
    begin_char += count_chars(answer.substr(begin_byte, span.begin - begin_byte));
    end_char += count_chars(answer.substr(end_byte, span.end - end_byte));
    begin_byte = span.begin;
    end_byte = span.end;
    if (span.size() < options.min_bytes) continue;
    const Script script =
        script_of(std::span(ngrams.chars).subspan(begin_char, end_char - begin_char));
    Candidate candidate;
    candidate.range = span.range;
    candidate.span.count = span.range.size();
    candidate.span.score =
        -(ln_points + ln_chance(ngrams, begin_char, end_char, span.range.size(), script));
    candidate.span.chance_per_10k = calibration.chance_per_10k(script, candidate.span.score);
    if (!(candidate.span.chance_per_10k <= options.max_chance)) continue;
    candidate.span.byte_begin = span.begin;
    candidate.span.byte_end = span.end;
    candidate.span.char_begin = begin_char;
    candidate.span.char_end = end_char;
    candidate.span.text = answer.substr(span.begin, span.size());
    text_bytes += span.size();
    if (text_bytes > kMaxSpanTextBytes) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("the spans of this answer take more than {} MiB; trace it in parts, "
                              "or with a smaller max_chance",
                              kMaxSpanTextBytes >> 20));
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

Result<Trace> Tracer::trace(std::string_view answer, const TraceOptions& options) const {
  if (const auto invalid = find_invalid_utf8(answer)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("byte {} of the answer is not UTF-8", *invalid));
  }
  if (answer.size() > kMaxAnswerBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the answer has {} bytes, at most {} can be traced at once",
                            answer.size(), kMaxAnswerBytes));
  }
  if (!(options.max_chance >= 0)) {
    return fail(ErrorCode::kInvalidArgument, "max_chance must be a number of 0 or more");
  }
  const CorpusIndex& index = *state_->index;
  YURAI_ASSIGN(std::vector<Candidate> candidates, state_->significant_spans(answer, options));

  OriginTable origins(index.corpus());
  std::vector<CreditedSpan> credited;
  IndexSession session(index);
  for (Candidate& candidate : candidates) {
    YURAI_ASSIGN(candidate.documents, find_documents(index, session, candidate.range));
    Span& span = candidate.span;
    span.documents_total = candidate.documents.total;
    span.credit_truncated = candidate.documents.total > candidate.documents.first.size();
    CreditedSpan& shares = credited.emplace_back();
    shares.byte_begin = span.byte_begin;
    shares.byte_end = span.byte_end;
    for (const Place& place : candidate.documents.first) {
      YURAI_ASSIGN(const uint64_t origin, origins.of(place.document));
      shares.documents.push_back({place.document, origin});
    }
  }
  Credits credits = credit(answer.size(), credited, origins.origins());

  Trace trace;
  trace.text = answer;
  trace.points = index.points();
  trace.index = index.corpus().identity();
  trace.credits = std::move(credits.credits);
  if (!answer.empty()) {
    const auto bytes = static_cast<double>(answer.size());
    trace.coverage = static_cast<double>(credits.covered_bytes) / bytes;
    trace.uncovered_share = static_cast<double>(answer.size() - credits.covered_bytes) / bytes;
  }

  const auto weights = document_weights(candidates, index.corpus().num_documents());
  for (Candidate& candidate : candidates) {
    struct Ranked {
      double weight;
      bool known;
      Place place;
    };
    std::vector<Ranked> ranked;
    for (const Place& place : candidate.documents.first) {
      YURAI_ASSIGN(const uint64_t origin, origins.of(place.document));
      ranked.push_back({weights.at(place.document), origins.known(origin), place});
    }
    const size_t shown = std::min<size_t>(ranked.size(), options.max_documents);
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(shown), ranked.end(),
                      [](const Ranked& a, const Ranked& b) {
                        if (a.weight != b.weight) return a.weight > b.weight;
                        if (a.known != b.known) return a.known;
                        return a.place.document < b.place.document;
                      });
    Span& span = candidate.span;
    for (size_t i = 0; i < shown; ++i) {
      YURAI_ASSIGN(Occurrence occurrence,
                   session.occurrence(ranked[i].place.position, span.byte_end - span.byte_begin));
      span.documents.push_back(std::move(occurrence));
    }
    trace.spans.push_back(std::move(span));
  }
  std::sort(trace.spans.begin(), trace.spans.end(), [](const Span& a, const Span& b) {
    return a.score != b.score ? a.score > b.score : a.byte_begin < b.byte_begin;
  });
  return trace;
}

}  // namespace yurai

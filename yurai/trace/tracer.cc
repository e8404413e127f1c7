#include "yurai/trace/tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include "yurai/base/utf8.h"
#include "yurai/trace/calibration.h"
#include "yurai/trace/credit.h"
#include "yurai/trace/long_spans.h"
#include "yurai/trace/maximal_spans.h"
#include "yurai/trace/null_model.h"

namespace yurai {
namespace {

/// Documents of a span that share its credit and may be shown; of more, the first in corpus order.
constexpr size_t kMaxCreditedDocuments = 1000;
constexpr uint64_t kMaxSpanTextBytes = 256 << 20;
constexpr uint64_t kPositionsAtOnce = 64 << 10;
/// From this length on spans are looked for where they may begin only.
constexpr uint64_t kMinLongSpan = 16;
constexpr uint64_t kBytesPerThread = 64 << 10;
constexpr uint64_t kMaxThreads = 16;
/// What one trace may take: occurrences read, documents over all spans, bytes of what is shown,
/// blocks that a session keeps (64 MiB).
constexpr uint64_t kMaxOccurrences = 50'000'000;
constexpr uint64_t kMaxPlaces = 16'000'000;
constexpr uint64_t kMaxShownBytes = 1 << 30;
constexpr uint64_t kShownOverheadBytes = 1 << 10;  // of a document's fields and what stands around
constexpr uint64_t kMaxBlocks = 16 << 10;

/// The first occurrence of a span in a document.
struct Place {
  uint64_t document = 0;
  uint64_t position = 0;  ///< into the corpus's text
};

struct SpanDocuments {
  std::vector<Place> first;                ///< by document, at most kMaxCreditedDocuments
  std::vector<CreditedDocument> credited;  ///< the same documents
  uint64_t total = 0;
};

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

/// The documents of each span, those of spans with the same occurrences read once.
class DocumentFinder {
 public:
  explicit DocumentFinder(const CorpusIndex& index) : index_(index), origins_(index.corpus()) {
    session_.emplace(index);
  }

  /// Valid as long as the finder.
  Result<const SpanDocuments*> find(RankRange range) {
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

  /// A session that does not yet hold too much.
  IndexSession& session() {
    if (session_->num_reads() > kMaxBlocks) session_.emplace(index_);
    return *session_;
  }
  const OriginTable& origins() const { return origins_; }

 private:
  Result<SpanDocuments> read(RankRange range) {
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

  const CorpusIndex& index_;
  OriginTable origins_;
  std::optional<IndexSession> session_;
  std::map<std::pair<uint64_t, uint64_t>, SpanDocuments> found_;
  uint64_t num_places_ = 0;
};

/// A span on its way to the trace.
struct Candidate {
  Span span;
  RankRange range;
  const SpanDocuments* documents = nullptr;
};

/// Refuses before it begins what would take too long.
Result<void> check_occurrences(const std::vector<Candidate>& candidates) {
  std::set<std::pair<uint64_t, uint64_t>> ranges;
  uint64_t occurrences = 0;
  for (const Candidate& candidate : candidates) {
    const RankRange range = candidate.range;
    if (ranges.emplace(range.begin, range.end).second) occurrences += range.size();
  }
  if (occurrences <= kMaxOccurrences) return {};
  return fail(ErrorCode::kResourceExhausted,
              fmt::format("the spans of this answer occur {} times, more than the {} whose "
                          "documents are looked up at once; trace it with a smaller max_chance, or "
                          "in parts",
                          occurrences, kMaxOccurrences));
}

/// What a document has of the answer: the sum over its spans of their size times how few documents
/// share them (the inverse document frequency of BM25; a span counts once a document).
std::unordered_map<uint64_t, double> document_weights(const std::vector<Candidate>& candidates,
                                                      uint64_t num_documents) {
  std::unordered_map<uint64_t, double> weights;
  for (const Candidate& candidate : candidates) {
    const auto total = static_cast<double>(candidate.documents->total);
    const double rarity =
        std::log1p((static_cast<double>(num_documents) - total + 0.5) / (total + 0.5));
    const auto size = static_cast<double>(candidate.span.byte_end - candidate.span.byte_begin);
    for (const Place& place : candidate.documents->first) {
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
  const bool only_long = options.min_bytes >= kMinLongSpan;
  const uint64_t num_threads =
      std::clamp<uint64_t>(answer.size() / kBytesPerThread, 1,
                           std::min<uint64_t>(kMaxThreads, std::thread::hardware_concurrency()));
  YURAI_ASSIGN(const std::vector<MaximalSpan> spans,
               only_long
                   ? long_spans(*index, answer, options.min_bytes, static_cast<int>(num_threads))
                   : maximal_spans(*index, answer));
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

namespace {

Result<void> check_answer(std::string_view answer, double max_chance) {
  if (const auto invalid = find_invalid_utf8(answer)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("byte {} of the answer is not UTF-8", *invalid));
  }
  if (answer.size() > kMaxAnswerBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the answer has {} bytes, at most {} can be traced at once",
                            answer.size(), kMaxAnswerBytes));
  }
  if (!(max_chance >= 0)) {
    return fail(ErrorCode::kInvalidArgument, "max_chance must be a number of 0 or more");
  }
  return {};
}

}  // namespace

Result<Trace> Tracer::trace(std::string_view answer, const TraceOptions& options) const {
  YURAI_TRY(check_answer(answer, options.max_chance));
  const CorpusIndex& index = *state_->index;
  YURAI_ASSIGN(std::vector<Candidate> candidates, state_->significant_spans(answer, options));

  YURAI_TRY(check_occurrences(candidates));

  DocumentFinder finder(index);
  const OriginTable& origins = finder.origins();
  std::vector<CreditedSpan> credited;
  for (Candidate& candidate : candidates) {
    YURAI_ASSIGN(candidate.documents, finder.find(candidate.range));
    Span& span = candidate.span;
    span.documents_total = candidate.documents->total;
    span.credit_truncated = candidate.documents->total > candidate.documents->first.size();
    credited.push_back({span.byte_begin, span.byte_end, candidate.documents->credited});
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
  uint64_t shown_bytes = 0;
  for (Candidate& candidate : candidates) {
    struct Ranked {
      double weight;
      bool known;
      Place place;
    };
    std::vector<Ranked> ranked;
    ranked.reserve(candidate.documents->first.size());
    for (size_t i = 0; i < candidate.documents->first.size(); ++i) {
      const Place& place = candidate.documents->first[i];
      const uint64_t origin = candidate.documents->credited[i].origin;
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
    shown_bytes += shown * (span.byte_end - span.byte_begin + kShownOverheadBytes);
    if (shown_bytes > kMaxShownBytes) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("the documents of these spans take more than {} MiB to show; ask for "
                              "fewer of each (max_documents), or trace with a smaller max_chance",
                              kMaxShownBytes >> 20));
    }
    for (size_t i = 0; i < shown; ++i) {
      YURAI_ASSIGN(
          Occurrence occurrence,
          finder.session().occurrence(ranked[i].place.position, span.byte_end - span.byte_begin));
      span.documents.push_back(std::move(occurrence));
    }
    trace.spans.push_back(std::move(span));
  }
  std::sort(trace.spans.begin(), trace.spans.end(), [](const Span& a, const Span& b) {
    return a.score != b.score ? a.score > b.score : a.byte_begin < b.byte_begin;
  });
  return trace;
}

namespace {

/// How many bytes of each part of the work, and of all of it, lie in spans (by begin).
double fill_cells(std::string_view work, const std::vector<Candidate>& candidates,
                  uint64_t num_cells, std::vector<WorkCell>& cells) {
  std::vector<std::pair<uint64_t, uint64_t>> covered;  // apart from each other
  for (const Candidate& candidate : candidates) {
    const Span& span = candidate.span;
    if (covered.empty() || span.byte_begin > covered.back().second) {
      covered.emplace_back(span.byte_begin, span.byte_end);
    } else {
      covered.back().second = std::max(covered.back().second, span.byte_end);
    }
  }
  const auto border = [&](uint64_t cell) {
    return char_floor(work,
                      work.size() / num_cells * cell + work.size() % num_cells * cell / num_cells);
  };
  uint64_t total = 0;
  size_t first = 0;
  for (uint64_t i = 0; i < num_cells; ++i) {
    WorkCell cell{border(i), border(i + 1), 0};
    if (cell.byte_begin == cell.byte_end) continue;
    uint64_t found = 0;
    while (first < covered.size() && covered[first].second <= cell.byte_begin) ++first;
    for (size_t j = first; j < covered.size() && covered[j].first < cell.byte_end; ++j) {
      found +=
          std::min(covered[j].second, cell.byte_end) - std::max(covered[j].first, cell.byte_begin);
    }
    total += found;
    cell.share_found =
        static_cast<double>(found) / static_cast<double>(cell.byte_end - cell.byte_begin);
    cells.push_back(cell);
  }
  return static_cast<double>(total);
}

/// Whether a date begins with a year of four digits, so that earlier ones sort first.
bool is_dated(const std::string& date) {
  return date.size() >= 4 &&
         std::all_of(date.begin(), date.begin() + 4, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<WorkMap> Tracer::trace_work(std::string_view work, const WorkOptions& options) const {
  YURAI_TRY(check_answer(work, options.max_chance));
  const CorpusIndex& index = *state_->index;
  YURAI_ASSIGN(std::vector<Candidate> candidates,
               state_->significant_spans(
                   work, {.max_chance = options.max_chance, .min_bytes = options.min_bytes}));
  YURAI_TRY(check_occurrences(candidates));
  DocumentFinder finder(index);
  std::vector<CreditedSpan> credited;
  struct Held {
    uint64_t bytes = 0, spans = 0, reached = 0;
  };
  std::map<uint64_t, Held> held;  // by document
  for (Candidate& candidate : candidates) {
    YURAI_ASSIGN(candidate.documents, finder.find(candidate.range));
    Span& span = candidate.span;
    span.documents_total = candidate.documents->total;
    span.credit_truncated = candidate.documents->total > candidate.documents->first.size();
    credited.push_back({span.byte_begin, span.byte_end, candidate.documents->credited});
    for (const Place& place : candidate.documents->first) {
      Held& one = held[place.document];
      one.bytes += span.byte_end - std::max(span.byte_begin, std::min(one.reached, span.byte_end));
      one.reached = std::max(one.reached, span.byte_end);
      ++one.spans;
    }
  }
  WorkMap map;
  map.bytes = work.size();
  map.chars = count_chars(work);
  map.num_spans = candidates.size();
  map.num_documents = held.size();
  map.points = index.points();
  map.index = index.corpus().identity();
  map.credits = credit(work.size(), credited, finder.origins().origins()).credits;
  const double found = fill_cells(work, candidates, options.num_cells, map.cells);
  if (!work.empty()) map.share_found = found / static_cast<double>(work.size());

  std::vector<std::pair<uint64_t, Held>> ranked(held.begin(), held.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  for (const auto& [number, one] : ranked) {
    const auto bytes = static_cast<double>(one.bytes);
    if (bytes >= found / 2) ++map.num_copies;
    const bool listed = map.documents.size() < options.max_documents;
    if (!listed && bytes < found / 10) break;
    YURAI_ASSIGN(Document row, index.corpus().row(number));
    WorkDocument document{std::move(row), one.bytes, one.spans};
    if (bytes >= found / 10 && is_dated(document.document.date) &&
        (!map.earliest || document.document.date < map.earliest->document.date)) {
      map.earliest = document;
    }
    if (listed) map.documents.push_back(std::move(document));
  }

  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return a.span.text.size() > b.span.text.size();
                   });
  candidates.resize(std::min<size_t>(candidates.size(), options.max_passages));
  constexpr size_t kDocumentsOfPassage = 3;
  for (Candidate& candidate : candidates) {
    for (const Place& place : candidate.documents->first) {
      if (candidate.span.documents.size() == kDocumentsOfPassage) break;
      YURAI_ASSIGN(Occurrence occurrence,
                   finder.session().occurrence(place.position, candidate.span.text.size()));
      candidate.span.documents.push_back(std::move(occurrence));
    }
    map.longest.push_back(std::move(candidate.span));
  }
  return map;
}

Result<std::vector<NearCopy>> Tracer::near_copies(std::string_view answer,
                                                  const NearCopyOptions& options) const {
  YURAI_TRY(check_answer(answer, options.max_chance));
  return find_near_copies(*state_->index, state_->null_model, state_->calibration, answer, options);
}

}  // namespace yurai

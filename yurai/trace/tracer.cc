#include "yurai/trace/tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/folded_places.h"
#include "yurai/text/fold_difference.h"
#include "yurai/trace/credit.h"
#include "yurai/trace/folded_spans.h"
#include "yurai/trace/long_spans.h"
#include "yurai/trace/significance.h"
#include "yurai/trace/span_documents.h"

namespace yurai {
namespace {

/// What one trace may take: bytes of spans, occurrences read, bytes of what is shown.
constexpr uint64_t kMaxSpanTextBytes = 256 << 20;
constexpr uint64_t kMaxOccurrences = 50'000'000;
constexpr uint64_t kMaxShownBytes = 1 << 30;
constexpr uint64_t kShownOverheadBytes = 1 << 10;  // of a document's fields and what stands around

/// Refuses before it begins what would take too long.
Result<void> check_occurrences(const std::vector<Candidate>& candidates) {
  std::set<std::tuple<bool, uint64_t, uint64_t>> ranges;  // of the index and of its twin
  uint64_t occurrences = 0;
  for (const Candidate& candidate : candidates) {
    const RankRange range = candidate.range;
    if (ranges.emplace(candidate.folded_bytes > 0, range.begin, range.end).second) {
      occurrences += range.size();
    }
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
  Significance significance;
  std::optional<Significance> folded;  ///< of the folded twin, where it was opened

  Result<std::vector<Candidate>> significant_spans(std::string_view answer,
                                                   const std::vector<MaximalSpan>& spans,
                                                   double max_chance, uint64_t min_bytes) const;
};

Result<Tracer> Tracer::open(const CorpusIndex& index) {
  YURAI_ASSIGN(Significance significance, Significance::open(index));
  std::optional<Significance> folded;
  if (index.folded() != nullptr) {
    YURAI_ASSIGN(folded, Significance::open(*index.folded()));
  }
  return Tracer(std::make_unique<State>(State{&index, std::move(significance), std::move(folded)}));
}

Tracer::Tracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tracer::Tracer(Tracer&&) noexcept = default;
Tracer& Tracer::operator=(Tracer&&) noexcept = default;
Tracer::~Tracer() = default;

bool Tracer::can_fold() const { return state_->folded.has_value(); }

/// Those of the maximal spans that are strong and long enough.
Result<std::vector<Candidate>> Tracer::State::significant_spans(
    std::string_view answer, const std::vector<MaximalSpan>& spans, double max_chance,
    uint64_t min_bytes) const {
  const TextNgrams ngrams = look_up(significance.null_model, answer);
  std::vector<Candidate> candidates;
  // Begins ascend and so do ends: two cursors count the characters.
  uint64_t begin_byte = 0, begin_char = 0, end_byte = 0, end_char = 0;
  for (const MaximalSpan& span : spans) {
    begin_char += count_chars(answer.substr(begin_byte, span.begin - begin_byte));
    end_char += count_chars(answer.substr(end_byte, span.end - end_byte));
    begin_byte = span.begin;
    end_byte = span.end;
    if (span.size() < min_bytes) continue;
    Candidate candidate;
    candidate.range = span.range;
    candidate.span.count = span.range.size();
    significance.weigh(ngrams, begin_char, end_char, candidate.span);
    if (!(candidate.span.chance_per_10k <= max_chance)) continue;
    candidate.span.byte_begin = span.begin;
    candidate.span.byte_end = span.end;
    candidate.span.char_begin = begin_char;
    candidate.span.char_end = end_char;
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

namespace {

/// Gives the spans their texts.
Result<void> fill_texts(std::string_view answer, std::vector<Candidate>& candidates) {
  uint64_t text_bytes = 0;
  for (Candidate& candidate : candidates) {
    Span& span = candidate.span;
    text_bytes += span.byte_end - span.byte_begin;
    if (text_bytes > kMaxSpanTextBytes) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("the spans of this answer take more than {} MiB; trace it in parts, "
                              "or with a smaller max_chance",
                              kMaxSpanTextBytes >> 20));
    }
    span.text = answer.substr(span.byte_begin, span.byte_end - span.byte_begin);
  }
  return {};
}

/// Reads the occurrences that are shown; of folded spans where they stand in the original.
class OccurrenceReader {
 public:
  OccurrenceReader(const CorpusIndex& index, DocumentFinder& finder)
      : index_(index), finder_(finder), comparison_(folder_of_thread()) {}

  Result<Occurrence> read(const Candidate& candidate, uint64_t position) {
    const Span& span = candidate.span;
    if (candidate.folded_bytes == 0) {
      return finder_.session().occurrence(position, span.byte_end - span.byte_begin);
    }
    if (!places_ || places_->num_reads() > kMaxTraceBlocks) {
      places_.emplace(index_, folder_of_thread());
    }
    YURAI_ASSIGN(const FoldedPlaces::Place place,
                 places_->original(position, candidate.folded_bytes));
    YURAI_ASSIGN(Occurrence occurrence,
                 finder_.session().occurrence(place.position, place.size_bytes));
    const auto kinds = comparison_.compare(span.text, occurrence.match, place.skip);
    if (!kinds) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("the folded twin of '{}' does not fit its corpus; rebuild with "
                              "'yurai index build --fold'",
                              for_terminal(index_.dir().string())));
    }
    occurrence.folded = FoldedMatch{place.char_begin, place.char_end, kinds->names()};
    kinds_ |= *kinds;
    return occurrence;
  }

  /// What differed in the folded occurrences since the last call.
  std::vector<std::string_view> take_kinds() { return std::exchange(kinds_, {}).names(); }

 private:
  const CorpusIndex& index_;
  DocumentFinder& finder_;
  std::optional<FoldedPlaces> places_;
  FoldComparison comparison_;
  FoldKinds kinds_;
};

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
  if (options.fold && !can_fold()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' was built without a folded twin, or opened without it; build it "
                            "again with 'yurai index build --fold'",
                            for_terminal(index.dir().string())));
  }
  YURAI_ASSIGN(const std::vector<MaximalSpan> spans,
               spans_of_size(index, answer, options.min_bytes));
  YURAI_ASSIGN(std::vector<Candidate> candidates,
               state_->significant_spans(answer, spans, options.max_chance, options.min_bytes));
  if (options.fold) {
    YURAI_ASSIGN(std::vector<Candidate> folded,
                 folded_spans(*index.folded(), *state_->folded, answer, spans,
                              {options.max_chance, options.min_bytes}));
    std::move(folded.begin(), folded.end(), std::back_inserter(candidates));
  }
  YURAI_TRY(fill_texts(answer, candidates));
  YURAI_TRY(check_occurrences(candidates));

  OriginTable origins(index.corpus());
  DocumentFinder finder(index, origins);
  std::optional<DocumentFinder> folded_finder;
  if (options.fold) folded_finder.emplace(*index.folded(), origins);
  std::vector<CreditedSpan> credited;
  for (Candidate& candidate : candidates) {
    DocumentFinder& in = candidate.folded_bytes > 0 ? *folded_finder : finder;
    YURAI_ASSIGN(candidate.documents, in.find(candidate.range));
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
  OccurrenceReader occurrences(index, finder);
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
    const bool is_folded = candidate.folded_bytes > 0;
    // What a folded span differs in, its best document says even where none is shown.
    const size_t shown = std::min<size_t>(
        ranked.size(), std::max<uint64_t>(options.max_documents, is_folded ? 1 : 0));
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
      YURAI_ASSIGN(Occurrence occurrence, occurrences.read(candidate, ranked[i].place.position));
      if (i < options.max_documents) span.documents.push_back(std::move(occurrence));
    }
    if (is_folded) span.differs = occurrences.take_kinds();
    trace.spans.push_back(std::move(span));
  }
  std::stable_sort(trace.spans.begin(), trace.spans.end(), [](const Span& a, const Span& b) {
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
  YURAI_ASSIGN(const std::vector<MaximalSpan> spans, spans_of_size(index, work, options.min_bytes));
  YURAI_ASSIGN(std::vector<Candidate> candidates,
               state_->significant_spans(work, spans, options.max_chance, options.min_bytes));
  YURAI_TRY(fill_texts(work, candidates));
  YURAI_TRY(check_occurrences(candidates));
  OriginTable origins(index.corpus());
  DocumentFinder finder(index, origins);
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
  map.credits = credit(work.size(), credited, origins.origins()).credits;
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
  return find_near_copies(*state_->index, state_->significance.null_model,
                          state_->significance.calibration, answer, options);
}

}  // namespace yurai

#include "yurai/trace/folded_spans.h"

#include <algorithm>

#include "yurai/base/utf8.h"
#include "yurai/text/fold.h"
#include "yurai/trace/long_spans.h"

namespace yurai {
namespace {

/// Whole pieces [begin, end) of the folded answer, bytes [folded_begin, folded_end) of its text.
struct PieceSpan {
  size_t begin = 0;
  size_t end = 0;
  uint64_t folded_begin = 0;
  uint64_t folded_end = 0;
  RankRange range;
};

/// Cuts each span to whole pieces; what then lies in another one is left out.
Result<std::vector<PieceSpan>> cut_to_pieces(const CorpusIndex& twin, const FoldedText& folded,
                                             const std::vector<MaximalSpan>& spans) {
  const std::vector<uint32_t>& begins = folded.folded_begins;
  const auto begin_of = [&](size_t piece) -> uint64_t {
    return piece < begins.size() ? begins[piece] : folded.text.size();
  };
  IndexSession session(twin);
  std::vector<PieceSpan> cut;
  for (const MaximalSpan& span : spans) {
    PieceSpan pieces;
    pieces.begin = static_cast<size_t>(std::lower_bound(begins.begin(), begins.end(), span.begin) -
                                       begins.begin());
    pieces.end =
        span.end == folded.text.size()
            ? begins.size()
            : static_cast<size_t>(std::upper_bound(begins.begin(), begins.end(), span.end) -
                                  begins.begin()) -
                  1;
    if (pieces.begin >= pieces.end) continue;
    pieces.folded_begin = begin_of(pieces.begin);
    pieces.folded_end = begin_of(pieces.end);
    pieces.range = span.range;
    if (pieces.folded_begin != span.begin || pieces.folded_end != span.end) {
      YURAI_ASSIGN(
          pieces.range,
          session.find(std::string_view(folded.text)
                           .substr(pieces.folded_begin, pieces.folded_end - pieces.folded_begin)));
    }
    if (!cut.empty() && cut.back().end >= pieces.end) continue;
    if (!cut.empty() && cut.back().begin == pieces.begin) cut.pop_back();
    cut.push_back(pieces);
  }
  return cut;
}

/// The parts of the folded text whose original lies in one of the spans.
std::vector<KnownPart> folded_parts(const FoldedText& folded,
                                    const std::vector<MaximalSpan>& spans) {
  const auto index_of = [](const std::vector<uint32_t>& places, auto found) {
    return static_cast<size_t>(found - places.begin());
  };
  const std::vector<uint32_t>& begins = folded.original_begins;
  const std::vector<uint32_t>& ends = folded.original_ends;
  std::vector<KnownPart> parts;
  for (const MaximalSpan& span : spans) {
    const size_t begin =
        index_of(begins, std::lower_bound(begins.begin(), begins.end(), span.begin));
    const size_t end = index_of(ends, std::upper_bound(ends.begin(), ends.end(), span.end));
    if (begin >= end) continue;
    parts.push_back({folded.folded_begins[begin],
                     end < begins.size() ? folded.folded_begins[end] : folded.text.size()});
  }
  return parts;
}

/// Whether [begin, end) lies in one of the spans, whose begins and ends ascend.
bool lies_in(const std::vector<MaximalSpan>& spans, uint64_t begin, uint64_t end) {
  const auto after =
      std::upper_bound(spans.begin(), spans.end(), begin,
                       [](uint64_t at, const MaximalSpan& span) { return at < span.begin; });
  return after != spans.begin() && std::prev(after)->end >= end;
}

/// Counts the characters before places that ascend.
class CharCursor {
 public:
  explicit CharCursor(std::string_view text) : text_(text) {}
  uint64_t at(uint64_t byte) {
    chars_ += count_chars(text_.substr(byte_, byte - byte_));
    byte_ = byte;
    return chars_;
  }

 private:
  std::string_view text_;
  uint64_t byte_ = 0;
  uint64_t chars_ = 0;
};

}  // namespace

Result<std::vector<Candidate>> folded_spans(const CorpusIndex& twin,
                                            const Significance& significance,
                                            std::string_view answer,
                                            const std::vector<MaximalSpan>& exact,
                                            const FoldedSpanOptions& options) {
  const FoldedText folded = folder_of_thread().fold(answer);
  YURAI_ASSIGN(const std::vector<MaximalSpan> spans,
               unknown_spans(twin, folded.text, options.min_bytes, folded_parts(folded, exact)));
  YURAI_ASSIGN(const std::vector<PieceSpan> pieces, cut_to_pieces(twin, folded, spans));
  const TextNgrams ngrams = look_up(significance.null_model, folded.text);

  std::vector<Candidate> candidates;
  CharCursor begin_char(answer), end_char(answer);
  CharCursor folded_begin_char(folded.text), folded_end_char(folded.text);
  for (const PieceSpan& part : pieces) {
    const uint64_t begin = folded.original_begins[part.begin];
    const uint64_t end = folded.original_ends[part.end - 1];
    const uint64_t size = part.folded_end - part.folded_begin;
    if (size < options.min_bytes || lies_in(exact, begin, end)) continue;
    Candidate candidate;
    candidate.range = part.range;
    candidate.folded_bytes = size;
    Span& span = candidate.span;
    span.count = part.range.size();
    significance.weigh(ngrams, folded_begin_char.at(part.folded_begin),
                       folded_end_char.at(part.folded_end), span);
    if (!(span.chance_per_10k <= options.max_chance)) continue;
    span.byte_begin = begin;
    span.byte_end = end;
    span.char_begin = begin_char.at(begin);
    span.char_end = end_char.at(end);
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace yurai

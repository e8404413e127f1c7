#include "yurai/trace/near_copies.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "yurai/base/utf8.h"
#include "yurai/trace/maximal_spans.h"

namespace yurai {
namespace {

constexpr uint64_t kMinPieceChars = 4;
/// A piece that occurs more often says little about where it comes from.
constexpr uint64_t kMaxOccurrences = 200;
constexpr uint64_t kMaxHits = 1 << 20;
/// Between two pieces, on either side.
constexpr int64_t kMaxGapBytes = 24;
/// Ways in which the next piece may stand after the last: places in the answer by places in the
/// text.
constexpr double kPlacesOfNext = 9 * 9;

/// A piece of the answer in a document.
struct Hit {
  uint64_t document = 0;
  uint64_t position = 0;  ///< into the corpus's text
  uint64_t begin = 0;     ///< into the answer
  uint64_t size = 0;
  double score = 0;
  uint64_t end() const { return begin + size; }
  uint64_t position_end() const { return position + size; }
};

using Chain = std::vector<Hit>;

/// Whether `next` may follow `last`: a little further in the answer and in the document.
bool follows(const Hit& last, const Hit& next) {
  const auto gap = static_cast<int64_t>(next.begin) - static_cast<int64_t>(last.end());
  const auto text_gap =
      static_cast<int64_t>(next.position) - static_cast<int64_t>(last.position_end());
  const auto least = -static_cast<int64_t>(std::min(last.size, next.size) / 2);
  return next.position > last.position && gap <= kMaxGapBytes && text_gap <= kMaxGapBytes &&
         gap >= least && text_gap >= least && (gap > 0 || text_gap > 0 || gap != text_gap);
}

/// Chains of one document's hits (by begin): each goes on with the nearest that follows.
std::vector<Chain> chains_of(const std::vector<Hit>& hits) {
  std::vector<Chain> chains;
  size_t first_open = 0;  // chains before it ended too far back
  for (const Hit& hit : hits) {
    Chain* best = nullptr;
    for (size_t i = chains.size(); i-- > first_open;) {
      const Hit& last = chains[i].back();
      if (follows(last, hit) && (best == nullptr || last.end() > best->back().end())) {
        best = &chains[i];
      }
    }
    if (best != nullptr) {
      best->push_back(hit);
    } else {
      chains.push_back({hit});
    }
    while (first_open < chains.size() &&
           chains[first_open].back().end() + 2 * kMaxGapBytes < hit.begin) {
      ++first_open;
    }
  }
  return chains;
}

/// Least number of characters to insert, delete or replace.
uint64_t edit_distance(std::string_view a, std::string_view b) {
  const std::vector<char32_t> from = decode_chars(a), to = decode_chars(b);
  std::vector<uint64_t> row(to.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    uint64_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      const uint64_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

class Search {
 public:
  Search(const CorpusIndex& index, const NullModel& null_model, const Calibration& calibration,
         std::string_view answer, const NearCopyOptions& options)
      : index_(index),
        calibration_(calibration),
        answer_(answer),
        options_(options),
        ngrams_(look_up(null_model, answer)),
        ln_points_(std::log(static_cast<double>(std::max<uint64_t>(1, index.num_points())))),
        session_(index) {
    chars_before_.reserve(answer.size() + 1);
    uint64_t chars = 0;
    for (const char byte : answer) {
      chars_before_.push_back(chars);
      chars += begins_char(byte) ? 1 : 0;
    }
    chars_before_.push_back(chars);
  }

  Result<std::vector<NearCopy>> run() {
    YURAI_ASSIGN(const std::vector<MaximalSpan> spans, maximal_spans(index_, answer_));
    std::vector<Hit> hits;
    for (const MaximalSpan& span : spans) {
      const uint64_t num_chars = chars_before_[span.end] - chars_before_[span.begin];
      if (num_chars < kMinPieceChars || span.range.size() > kMaxOccurrences) continue;
      if (hits.size() > kMaxHits) break;
      const double score =
          -(ln_points_ + ln_chance(ngrams_, chars_before_[span.begin], chars_before_[span.end],
                                   span.range.size(), script(span.begin, span.end)));
      YURAI_ASSIGN(const auto positions, session_.positions(span.range, 0, span.range.size()));
      for (const uint64_t position : positions) {
        hits.push_back(
            {index_.corpus().document_at(position), position, span.begin, span.size(), score});
      }
    }
    std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
      return std::tie(a.document, a.begin, a.position) < std::tie(b.document, b.begin, b.position);
    });
    std::vector<NearCopy> copies;
    for (size_t i = 0; i < hits.size();) {
      size_t end = i;
      while (end < hits.size() && hits[end].document == hits[i].document) ++end;
      const std::vector<Hit> of_document(hits.begin() + static_cast<ptrdiff_t>(i),
                                         hits.begin() + static_cast<ptrdiff_t>(end));
      for (const Chain& chain : chains_of(of_document)) YURAI_TRY(add(chain, copies));
      i = end;
    }
    return chosen(std::move(copies));
  }

 private:
  Script script(uint64_t begin, uint64_t end) const {
    const auto first = ngrams_.chars.begin();
    return std::any_of(first + static_cast<ptrdiff_t>(chars_before_[begin]),
                       first + static_cast<ptrdiff_t>(chars_before_[end]), is_cjk)
               ? Script::kCjk
               : Script::kOther;
  }

  Result<void> add(const Chain& chain, std::vector<NearCopy>& copies) {
    if (chain.size() < 2) return {};
    NearCopy copy;
    copy.byte_begin = chain.front().begin;
    copy.byte_end = chain.back().end();
    for (const Hit& hit : chain) copy.score += hit.score;
    copy.score += static_cast<double>(chain.size() - 1) * (ln_points_ - std::log(kPlacesOfNext));
    copy.chance_per_10k =
        calibration_.chance_per_10k(script(copy.byte_begin, copy.byte_end), copy.score);
    if (!(copy.chance_per_10k <= options_.max_chance)) return {};

    const uint64_t position = chain.front().position;
    YURAI_ASSIGN(copy.occurrence,
                 session_.occurrence(position, chain.back().position_end() - position));
    const std::string_view text = copy.occurrence.match;
    uint64_t at = chain.front().end(), text_at = chain.front().size;
    for (size_t i = 1; i < chain.size(); ++i) {
      // Where pieces overlap on one side the later one begins later, on both.
      const Hit& hit = chain[i];
      uint64_t begin = hit.begin, text_begin = hit.position - position;
      const uint64_t overlap =
          std::max(at - std::min(at, begin), text_at - std::min(text_at, text_begin));
      begin += overlap;
      text_begin += overlap;
      while (begin < hit.end() && !begins_char(answer_[begin])) ++begin, ++text_begin;
      copy.edits +=
          edit_distance(answer_.substr(at, begin - at), text.substr(text_at, text_begin - text_at));
      at = hit.end();
      text_at = hit.position_end() - position;
    }
    copy.text = answer_.substr(copy.byte_begin, copy.byte_end - copy.byte_begin);
    copy.char_begin = chars_before_[copy.byte_begin];
    copy.char_end = chars_before_[copy.byte_end];
    const uint64_t longer = std::max(copy.char_end - copy.char_begin, count_chars(text));
    copy.identity = 1 - static_cast<double>(copy.edits) / static_cast<double>(longer);
    if (copy.edits > 0 && copy.identity >= options_.min_identity) {
      copies.push_back(std::move(copy));
    }
    return {};
  }

  /// The strongest first; one that mostly lies where so many were chosen already is left out.
  std::vector<NearCopy> chosen(std::vector<NearCopy> copies) const {
    std::stable_sort(copies.begin(), copies.end(), [](const NearCopy& a, const NearCopy& b) {
      return a.score != b.score ? a.score > b.score : a.byte_begin < b.byte_begin;
    });
    std::vector<NearCopy> kept;
    for (NearCopy& copy : copies) {
      uint64_t num_there = 0;
      bool same_document = false;
      for (const NearCopy& other : kept) {
        const uint64_t begin = std::max(copy.byte_begin, other.byte_begin);
        const uint64_t end = std::min(copy.byte_end, other.byte_end);
        if (end <= begin || 2 * (end - begin) < copy.byte_end - copy.byte_begin) continue;
        ++num_there;
        same_document |= other.occurrence.document_number == copy.occurrence.document_number;
      }
      if (!same_document && num_there < options_.max_documents) kept.push_back(std::move(copy));
    }
    std::stable_sort(kept.begin(), kept.end(), [](const NearCopy& a, const NearCopy& b) {
      return a.byte_begin < b.byte_begin;
    });
    return kept;
  }

  const CorpusIndex& index_;
  const Calibration& calibration_;
  std::string_view answer_;
  const NearCopyOptions& options_;
  const TextNgrams ngrams_;
  const double ln_points_;
  IndexSession session_;
  std::vector<uint64_t> chars_before_;  ///< of each byte of the answer, and of its end
};

}  // namespace

Result<std::vector<NearCopy>> find_near_copies(const CorpusIndex& index,
                                               const NullModel& null_model,
                                               const Calibration& calibration,
                                               std::string_view answer,
                                               const NearCopyOptions& options) {
  return Search(index, null_model, calibration, answer, options).run();
}

Json to_json(const std::vector<NearCopy>& copies) {
  Json list = Json::array();
  for (const NearCopy& copy : copies) {
    list.push_back({{"byte_begin", copy.byte_begin},
                    {"byte_end", copy.byte_end},
                    {"char_begin", copy.char_begin},
                    {"char_end", copy.char_end},
                    {"text", copy.text},
                    {"identity", copy.identity},
                    {"edits", copy.edits},
                    {"score", copy.score},
                    {"chance_per_10k", copy.chance_per_10k},
                    {"document", to_json(copy.occurrence)}});
  }
  return list;
}

}  // namespace yurai

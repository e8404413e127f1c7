#include "yurai/trace/maximal_spans.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "yurai/base/ascii.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxCompared = 4ull << 30;
/// A session keeps the blocks that it read; this many are 64 MiB.
constexpr uint64_t kMaxBlocks = 16 << 10;
constexpr size_t kWindow = 256;
/// From this length on, the next span is searched from the end of the last.
constexpr size_t kLongSpan = 128;
/// So many places are read for at once, where reading is what takes time.
constexpr size_t kFetchedPlaces = 256;

class SpanSearch {
 public:
  SpanSearch(const CorpusIndex& index, std::string_view answer) : index_(index), answer_(answer) {
    session_.emplace(index);
    const bool chars = index.points() == PointMode::kChar;
    for (size_t at = 0; at < answer.size(); at = next_char(at)) {
      if (chars || !is_word_byte(answer[at])) sure_.push_back(at);
    }
  }

  Result<std::vector<MaximalSpan>> run() {
    std::vector<MaximalSpan> spans;
    uint64_t reached = 0;  // nothing before `at` matches beyond this
    size_t searched = 0;   // no need to search for a start before this
    for (size_t at = 0; at < answer_.size() && reached < answer_.size();) {
      if (reached <= at + kLongSpan) YURAI_TRY(look_ahead(at));
      LongestMatch match;
      if (const auto known = ahead_.find(at); known != ahead_.end()) {
        match = known->second;
      } else {
        YURAI_ASSIGN(match, longest(at, answer_.size()));
      }
      if (match.size_bytes > 0 && at + match.size_bytes > reached) {
        reached = at + match.size_bytes;
        spans.push_back({at, reached, match.range});
        searched = at;
      }
      if (reached > at + kLongSpan && reached < answer_.size() && at >= searched) {
        YURAI_ASSIGN(searched, first_sure_start_beyond(at, reached));
        const auto first = std::lower_bound(sure_.begin(), sure_.end(), searched);
        const size_t before = first == sure_.begin() ? 0 : first[-1];
        at = std::max(at, before);  // not from here, but perhaps from a place that is not sure
      }
      at = next_char(at);
    }
    return spans;
  }

 private:
  size_t next_char(size_t at) const { return at + char_bytes(answer_, at); }

  /// Searches from the next places at once, if what was needed so far had to come from a file.
  Result<void> look_ahead(size_t at) {
    if (at < fetched_ || session_->num_missed() == 0) return {};
    std::vector<std::string_view> texts;
    std::vector<size_t> places;
    for (; at < answer_.size() && texts.size() < kFetchedPlaces; at = next_char(at)) {
      texts.push_back(window_of(at, kWindow, answer_.size()));
      places.push_back(at);
    }
    fetched_ = at;
    YURAI_ASSIGN(const std::vector<LongestMatch> matches, session_->longest_matches(texts));
    ahead_.clear();
    for (size_t i = 0; i < texts.size(); ++i) {
      const bool whole = texts[i].size() == answer_.size() - places[i];
      if (whole || matches[i].size_bytes < texts[i].size()) ahead_[places[i]] = matches[i];
    }
    return {};
  }

  std::string_view window_of(size_t begin, size_t window, size_t limit) const {
    const size_t end = window >= limit - begin ? limit : char_floor(answer_, begin + window);
    return answer_.substr(begin, end - begin);
  }

  /// The longest match from `begin` that ends at `limit` or before.
  Result<LongestMatch> longest(size_t begin, size_t limit) {
    if (session_->num_reads() > kMaxBlocks) session_.emplace(index_);
    for (size_t window = kWindow;; window *= 2) {
      const std::string_view text = window_of(begin, window, limit);
      compared_ += text.size();
      if (compared_ > kMaxCompared) {
        return fail(ErrorCode::kResourceExhausted,
                    "the answer repeats long passages of the corpus too often to be traced whole; "
                    "trace it in parts");
      }
      YURAI_ASSIGN(LongestMatch match, session_->longest_match(text));
      if (text.size() == limit - begin || match.size_bytes < text.size()) return match;
    }
  }

  /// The first place after `at` from which the answer matches beyond `reached`, among those where
  /// every occurrence is seen; `at` itself does not. If a part stands in the corpus so does every
  /// shorter end of it, so the search goes back from `reached` in growing steps and then halves.
  Result<size_t> first_sure_start_beyond(size_t at, size_t reached) {
    const size_t end = next_char(reached);
    const auto index_of = [&](size_t place) {
      return static_cast<size_t>(std::lower_bound(sure_.begin(), sure_.end(), place) -
                                 sure_.begin());
    };
    size_t low = index_of(at + 1);    // none below matches
    size_t high = index_of(reached);  // this one matches, or lies beyond
    for (size_t step = 8; low < high; step *= 2) {
      const size_t probe = high - low > step ? high - step : low + (high - low) / 2;
      YURAI_ASSIGN(const LongestMatch match, longest(sure_[probe], end));
      if (match.size_bytes == end - sure_[probe]) {
        high = probe;
      } else {
        low = probe + 1;
        step = answer_.size();  // halve from now on
      }
    }
    return high < sure_.size() ? sure_[high] : answer_.size();
  }

  const CorpusIndex& index_;
  std::string_view answer_;
  std::vector<size_t> sure_;  ///< characters of which the index has every occurrence
  std::optional<IndexSession> session_;
  uint64_t compared_ = 0;
  size_t fetched_ = 0;                              ///< places before this were searched from
  std::unordered_map<size_t, LongestMatch> ahead_;  ///< the last of them, where that was enough
};

}  // namespace

Result<std::vector<MaximalSpan>> maximal_spans(const CorpusIndex& index, std::string_view answer) {
  return SpanSearch(index, answer).run();
}

}  // namespace yurai

#include "yurai/trace/long_spans.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "yurai/base/stop.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

/// From this length on spans are looked for where they may begin only.
constexpr uint64_t kMinLongSpan = 16;
constexpr uint64_t kBytesPerThread = 64 << 10;
constexpr uint64_t kMaxThreads = 16;

constexpr uint64_t kMaxCompared = 16ull << 30;
/// A session keeps the blocks that it read; this many are 64 MiB.
constexpr uint64_t kMaxBlocks = 16 << 10;
constexpr size_t kWindow = 128;
constexpr size_t kFirstStep = 16;

/// A part of the answer that stands in the corpus.
struct Found {
  size_t begin = 0;
  LongestMatch match;
  size_t end() const { return begin + match.size_bytes; }
};

/// The spans that begin in one part of the answer, from its end to its begin.
class PartSearch {
 public:
  PartSearch(const CorpusIndex& index, std::string_view answer, size_t min_bytes,
             const std::vector<KnownPart>& known)
      : index_(index), answer_(answer), min_bytes_(min_bytes), known_(known) {
    session_.emplace(index);
  }

  /// Those that begin in [begin, end), by begin descending; one that begins before is cut there.
  Result<std::vector<MaximalSpan>> run(size_t begin, size_t end) {
    std::vector<MaximalSpan> spans;
    if (answer_.size() < min_bytes_ || begin >= end) return spans;
    size_t at = char_floor(answer_, std::min(end - 1, answer_.size() - min_bytes_));
    while (at >= begin) {
      Found found;
      if (before_ && before_->begin == at) {
        found = *before_;
      } else {
        YURAI_ASSIGN(found, longest(at, 0));
      }
      const size_t reached = found.end();
      const bool is_long = found.match.size_bytes >= min_bytes_;
      if (is_long ? reached > known_until(at) : 2 * found.match.size_bytes >= min_bytes_) {
        YURAI_TRY(extend(begin, found));
      }
      if (found.match.size_bytes >= min_bytes_ && reached > known_until(found.begin)) {
        YURAI_ASSIGN(const MaximalSpan span, leftmost(begin, std::move(found)));
        at = span.begin;
        spans.push_back(span);
        if (at == begin) break;
        at = char_floor(answer_, at - 1);
      } else {
        // Nothing from before `at` reaches further: go to where that is enough.
        const size_t starts = unknown_starts(reached);
        if (starts <= begin) break;
        at = char_floor(answer_, starts - 1);
      }
    }
    return spans;
  }

 private:
  /// The longest match from `begin`, of about `expected` bytes or less.
  Result<Found> longest(size_t begin, size_t expected) {
    if (session_->num_reads() > kMaxBlocks) session_.emplace(index_);
    const size_t rest = answer_.size() - begin;
    for (size_t window = std::max({kWindow, 2 * min_bytes_, expected + kWindow});; window *= 2) {
      const bool whole = window >= rest;
      const size_t end = whole ? answer_.size() : char_floor(answer_, begin + window);
      YURAI_TRY(note_compared(end - begin));
      YURAI_ASSIGN(LongestMatch match, session_->longest_match(answer_.substr(begin, end - begin)));
      if (whole || match.size_bytes < end - begin) return Found{begin, std::move(match)};
    }
  }

  Result<void> note_compared(size_t bytes) {
    compared_ += bytes;
    if (compared_ <= kMaxCompared) return {};
    return fail(ErrorCode::kResourceExhausted,
                "the text repeats long passages of the corpus too often to be traced whole; "
                "trace it in parts");
  }

  /// How far from `at` on the answer is known.
  size_t known_until(size_t at) const {
    const auto after =
        std::upper_bound(known_.begin(), known_.end(), at,
                         [](size_t place, const KnownPart& part) { return place < part.begin; });
    return after == known_.begin() ? 0 : std::prev(after)->end;
  }

  /// Only before this place something that ends at `reached` is long enough and not known.
  size_t unknown_starts(size_t reached) const {
    const size_t starts = reached < min_bytes_ ? 0 : reached - min_bytes_ + 1;
    const auto part =
        std::lower_bound(known_.begin(), known_.end(), reached,
                         [](const KnownPart& one, size_t end) { return one.end < end; });
    return part == known_.end() ? starts : std::min<size_t>(starts, part->begin);
  }

  /// Takes in what stands before `found`, from `low` on, as it does before the occurrence that is
  /// known.
  Result<void> extend(size_t low, Found& found) {
    if (found.begin == low || !found.match.position) return {};
    YURAI_ASSIGN(size_t shared, session_->shared_before(*found.match.position,
                                                        answer_.substr(low, found.begin - low)));
    while (shared > 0 && !begins_char(answer_[found.begin - shared])) --shared;
    YURAI_TRY(note_compared(shared));
    found.begin -= shared;
    found.match.size_bytes += shared;
    *found.match.position -= shared;
    if (shared > 0) found.match.range = {};  // until it is asked for
    return {};
  }

  /// The longest part that stands in the corpus, begins at `low` or later and ends where `found`
  /// does, which is one of them, extended. Another occurrence may go further than the one that
  /// `found` was extended by: it is looked for at growing steps, then by halves.
  Result<MaximalSpan> leftmost(size_t low, Found found) {
    bool halves = false;
    for (size_t step = 1; found.begin > low;) {
      const size_t probe = char_floor(answer_, found.begin - std::min(step, found.begin - low));
      YURAI_ASSIGN(Found other, longest(probe, found.end() - probe));
      if (other.end() >= found.end()) {
        found = std::move(other);
        YURAI_TRY(extend(low, found));
      } else {
        low = probe + char_bytes(answer_, probe);
        halves = true;
        before_ = std::move(other);
      }
      step = halves ? std::max<size_t>(1, (found.begin - low) / 2) : std::max(kFirstStep, 2 * step);
    }
    if (found.match.range.size() == 0) {
      YURAI_ASSIGN(found.match.range,
                   session_->find_known(answer_.substr(found.begin, found.match.size_bytes)));
    }
    return MaximalSpan{found.begin, found.end(), found.match.range};
  }

  const CorpusIndex& index_;
  std::string_view answer_;
  size_t min_bytes_;
  const std::vector<KnownPart>& known_;
  std::optional<IndexSession> session_;
  std::optional<Found> before_;  ///< what was looked up last before a span
  uint64_t compared_ = 0;
};

Result<std::vector<MaximalSpan>> search_parts(const CorpusIndex& index, std::string_view answer,
                                              uint64_t min_bytes,
                                              const std::vector<KnownPart>& known,
                                              int num_threads) {
  const auto num_parts = static_cast<size_t>(std::max(1, num_threads));
  std::vector<Result<std::vector<MaximalSpan>>> parts(num_parts);
  const auto border = [&](size_t part) {
    return char_floor(
        answer, answer.size() / num_parts * part + answer.size() % num_parts * part / num_parts);
  };
  const auto search = [&, stop = current_stop()](size_t part) {
    const StopScope scope(stop);
    PartSearch one(index, answer, min_bytes, known);
    parts[part] = one.run(border(part), border(part + 1));
  };
  std::vector<std::thread> threads;
  for (size_t part = 1; part < num_parts; ++part) threads.emplace_back(search, part);
  search(0);
  for (std::thread& thread : threads) thread.join();

  std::vector<MaximalSpan> spans;
  for (Result<std::vector<MaximalSpan>>& part : parts) {
    if (!part) return fail(std::move(part).error());
    for (auto span = part->rbegin(); span != part->rend(); ++span) {
      // What a part cut at its begin lies in a span of the part before.
      if (spans.empty() || span->end > spans.back().end) spans.push_back(*span);
    }
  }
  return spans;
}

int threads_for(std::string_view answer) {
  return static_cast<int>(
      std::clamp<uint64_t>(answer.size() / kBytesPerThread, 1,
                           std::min<uint64_t>(kMaxThreads, std::thread::hardware_concurrency())));
}

}  // namespace

Result<std::vector<MaximalSpan>> long_spans(const CorpusIndex& index, std::string_view answer,
                                            uint64_t min_bytes, int num_threads) {
  if (index.points() != PointMode::kChar || min_bytes == 0) {
    YURAI_ASSIGN(std::vector<MaximalSpan> all, maximal_spans(index, answer));
    std::erase_if(all, [&](const MaximalSpan& span) { return span.size() < min_bytes; });
    return all;
  }
  return search_parts(index, answer, min_bytes, {}, num_threads);
}

Result<std::vector<MaximalSpan>> unknown_spans(const CorpusIndex& index, std::string_view answer,
                                               uint64_t min_bytes,
                                               const std::vector<KnownPart>& known) {
  return search_parts(index, answer, std::max<uint64_t>(1, min_bytes), known, threads_for(answer));
}

Result<std::vector<MaximalSpan>> spans_of_size(const CorpusIndex& index, std::string_view answer,
                                               uint64_t min_bytes) {
  if (min_bytes < kMinLongSpan) return maximal_spans(index, answer);
  return long_spans(index, answer, min_bytes, threads_for(answer));
}

}  // namespace yurai

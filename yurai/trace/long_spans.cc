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
      YURAI_ASSIGN(const LongestMatch match, longest(at, answer_.size()));
      const size_t reached = at + match.size_bytes;
      if (match.size_bytes >= min_bytes_ && reached > known_until(at)) {
        YURAI_ASSIGN(const MaximalSpan span, leftmost(begin, {at, reached, match.range}));
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
  /// The longest match from `begin` that ends at `limit` or before.
  Result<LongestMatch> longest(size_t begin, size_t limit) {
    if (session_->num_reads() > kMaxBlocks) session_.emplace(index_);
    for (size_t window = std::max(kWindow, 2 * min_bytes_);; window *= 2) {
      const bool whole = window >= limit - begin;
      const size_t end = whole ? limit : char_floor(answer_, begin + window);
      compared_ += end - begin;
      if (compared_ > kMaxCompared) {
        return fail(ErrorCode::kResourceExhausted,
                    "the text repeats long passages of the corpus too often to be traced whole; "
                    "trace it in parts");
      }
      YURAI_ASSIGN(const LongestMatch match,
                   session_->longest_match(answer_.substr(begin, end - begin)));
      if (whole || match.size_bytes < end - begin) return match;
    }
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

  /// The longest part that stands in the corpus, begins at `begin` or later and ends where `span`
  /// does, which is such a part. Back in growing steps, then by halves.
  Result<MaximalSpan> leftmost(size_t begin, MaximalSpan span) {
    const auto extend = [&](size_t from) -> Result<bool> {
      YURAI_ASSIGN(const LongestMatch match, longest(from, span.end));
      if (match.size_bytes < span.end - from) return false;
      span.begin = from;
      span.range = match.range;
      return true;
    };
    size_t step = 16;
    size_t low = begin;  // nothing is known about what lies before the span's begin and after it
    while (span.begin > begin) {
      const size_t probe =
          span.begin - begin <= step ? begin : char_floor(answer_, span.begin - step);
      YURAI_ASSIGN(const bool found, extend(probe));
      if (!found) {
        low = probe + char_bytes(answer_, probe);
        break;
      }
      step *= 2;
    }
    while (low < span.begin) {  // from there it holds, from before `low` it does not
      const size_t middle = char_floor(answer_, low + (span.begin - low) / 2);
      YURAI_ASSIGN(const bool found, extend(middle));
      if (!found) low = middle + char_bytes(answer_, middle);
    }
    return span;
  }

  const CorpusIndex& index_;
  std::string_view answer_;
  size_t min_bytes_;
  const std::vector<KnownPart>& known_;
  std::optional<IndexSession> session_;
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

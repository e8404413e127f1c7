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
  PartSearch(const CorpusIndex& index, std::string_view answer, size_t min_bytes)
      : index_(index), answer_(answer), min_bytes_(min_bytes) {
    session_.emplace(index);
  }

  /// Those that begin in [begin, end), by begin descending; one that begins before is cut there.
  Result<std::vector<MaximalSpan>> run(size_t begin, size_t end) {
    std::vector<MaximalSpan> spans;
    if (answer_.size() < min_bytes_ || begin >= end) return spans;
    size_t at = char_floor(answer_, std::min(end - 1, answer_.size() - min_bytes_));
    while (at >= begin) {
      YURAI_ASSIGN(LongestMatch match, longest(at, answer_.size()));
      const size_t reached = at + match.size_bytes;
      if (match.size_bytes >= min_bytes_) {
        YURAI_ASSIGN(at, leftmost_start(begin, at, reached));
        YURAI_ASSIGN(match, longest(at, reached));
        spans.push_back({at, reached, match.range});
        if (at == begin) break;
        at = char_floor(answer_, at - 1);
      } else {
        if (reached < begin + min_bytes_) break;
        at = char_floor(answer_, reached - min_bytes_);
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

  /// The first place from `begin` on from which the answer stands in the corpus up to `reached`, as
  /// it does from `known`. Back in growing steps, then by halves.
  Result<size_t> leftmost_start(size_t begin, size_t known, size_t reached) {
    const auto holds = [&](size_t from) -> Result<bool> {
      YURAI_ASSIGN(const LongestMatch match, longest(from, reached));
      return match.size_bytes == reached - from;
    };
    size_t step = 16;
    size_t low = begin;  // nothing is known about what lies before `known` and after it
    while (known > begin) {
      const size_t probe = known - begin <= step ? begin : char_floor(answer_, known - step);
      YURAI_ASSIGN(const bool found, holds(probe));
      if (!found) {
        low = probe + char_bytes(answer_, probe);
        break;
      }
      known = probe;
      step *= 2;
    }
    while (low < known) {  // from `known` it holds, from before `low` it does not
      const size_t middle = char_floor(answer_, low + (known - low) / 2);
      YURAI_ASSIGN(const bool found, holds(middle));
      if (found) {
        known = middle;
      } else {
        low = middle + char_bytes(answer_, middle);
      }
    }
    return known;
  }

  const CorpusIndex& index_;
  std::string_view answer_;
  size_t min_bytes_;
  std::optional<IndexSession> session_;
  uint64_t compared_ = 0;
};

}  // namespace

Result<std::vector<MaximalSpan>> long_spans(const CorpusIndex& index, std::string_view answer,
                                            uint64_t min_bytes, int num_threads) {
  if (index.points() != PointMode::kChar || min_bytes == 0) {
    YURAI_ASSIGN(std::vector<MaximalSpan> all, maximal_spans(index, answer));
    std::erase_if(all, [&](const MaximalSpan& span) { return span.size() < min_bytes; });
    return all;
  }
  const auto num_parts = static_cast<size_t>(std::max(1, num_threads));
  std::vector<Result<std::vector<MaximalSpan>>> parts(num_parts);
  const auto border = [&](size_t part) {
    return char_floor(
        answer, answer.size() / num_parts * part + answer.size() % num_parts * part / num_parts);
  };
  const auto search = [&, stop = current_stop()](size_t part) {
    const StopScope scope(stop);
    PartSearch one(index, answer, min_bytes);
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

Result<std::vector<MaximalSpan>> spans_of_size(const CorpusIndex& index, std::string_view answer,
                                               uint64_t min_bytes) {
  if (min_bytes < kMinLongSpan) return maximal_spans(index, answer);
  const uint64_t num_threads =
      std::clamp<uint64_t>(answer.size() / kBytesPerThread, 1,
                           std::min<uint64_t>(kMaxThreads, std::thread::hardware_concurrency()));
  return long_spans(index, answer, min_bytes, static_cast<int>(num_threads));
}

}  // namespace yurai

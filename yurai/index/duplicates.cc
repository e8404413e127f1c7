#include "yurai/index/duplicates.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "yurai/base/parallel.h"
#include "yurai/base/utf8.h"
#include "yurai/index/leaf.h"
#include "yurai/index/points.h"

namespace yurai {
namespace {

constexpr uint64_t kRanksAtOnce = 4096;
constexpr uint64_t kPositionsAtOnce = 64 << 10;
constexpr uint64_t kMaxKeptReads = 4096;
constexpr size_t kShownChars = 200;
constexpr uint64_t kMaxCharBytes = 4;

/// Suffixes from `begin` on that share `size` bytes.
struct Shared {
  uint64_t size = 0;
  uint64_t begin = 0;
  std::string before;    ///< the character before the first
  bool differs = false;  ///< before others stands another one
  void add(const Shared& inner) { differs |= inner.differs || before != inner.before; }
};

struct Found {
  uint64_t size = 0;
  RankRange range;
  bool operator<(const Found& other) const {  // a worse one is larger
    return size != other.size ? size > other.size : range.begin < other.range.begin;
  }
};

/// Intervals of suffixes that share so many bytes, from the inside out, as a walk through the order
/// with a stack finds them: T. Kasai et al., "Linear-time longest-common-prefix computation in
/// suffix arrays and its applications", CPM 2001.
class Walk {
 public:
  Walk(const CorpusIndex& index, const DuplicateOptions& options)
      : index_(index), options_(options) {}

  /// The best of those that begin in `part`: from the first suffix there that shares too little
  /// with the one before it, to such a one beyond. `walked(n)` hears of n ranks more.
  template <class Walked>
  Result<std::vector<Found>> run(RankRange part, const Walked& walked) {
    const uint64_t num_points = index_.num_points();
    std::optional<SuffixNeighbour> last;
    for (uint64_t begin = part.begin; begin < num_points; begin += kRanksAtOnce) {
      const uint64_t end = std::min(begin + kRanksAtOnce, num_points);
      IndexSession session(index_);  // keeps what it reads, so each goes soon
      YURAI_ASSIGN(const auto suffixes, session.neighbours({begin, end}));
      for (uint64_t rank = begin; rank < end; ++rank) {
        const SuffixNeighbour& next = suffixes[rank - begin];
        const bool begins = rank == 0 || next.shared_bytes < options_.min_bytes;
        if (begins && rank >= part.end) return finish(rank, last);
        if (!begins && !last) continue;  // of the part before
        if (last) YURAI_TRY(step(rank - 1, last->position, next.shared_bytes));
        last = next;
      }
      walked(end - begin);
    }
    return finish(num_points, last);
  }

 private:
  Result<std::vector<Found>> finish(uint64_t end, const std::optional<SuffixNeighbour>& last) {
    if (last) YURAI_TRY(step(end - 1, last->position, 0));
    return std::move(best_);
  }

  /// The suffix of `rank` shares `shared` bytes with the one after it.
  Result<void> step(uint64_t rank, uint64_t position, uint32_t shared) {
    if (shared < options_.min_bytes) shared = 0;
    if (shared == 0 && open_.empty()) return {};
    Shared inner{0, rank, {}, false};
    YURAI_TRY(look_before(position, inner));
    while (!open_.empty() && open_.back().size > shared) {
      Shared outer = std::move(open_.back());
      open_.pop_back();
      outer.add(inner);
      const uint64_t around = std::max<uint64_t>(shared, open_.empty() ? 0 : open_.back().size);
      if (outer.differs) YURAI_TRY(keep(outer, rank + 1, around));
      inner = std::move(outer);
    }
    if (!open_.empty() && open_.back().size == shared) {
      open_.back().add(inner);
    } else if (shared > 0) {
      inner.size = shared;
      open_.push_back(std::move(inner));
    }
    return {};
  }

  TextReader& text() {
    if (!text_ || text_->num_reads() > kMaxKeptReads) text_.emplace(index_.corpus().text());
    return *text_;
  }

  /// What stands before a place, if an occurrence may begin there.
  Result<void> look_before(uint64_t position, Shared& shared) {
    const uint64_t begin = position - std::min(2 * kMaxCharBytes, position);
    YURAI_ASSIGN(const std::string bytes, text().bytes(begin, position - begin));
    size_t at = bytes.size();
    while (at > 0 && !begins_char(bytes[at - 1])) --at;
    if (at > 0) --at;
    shared.differs = at == 0 || !is_point(bytes.data(), at, index_.points());
    shared.before = bytes.substr(at);
    return {};
  }

  /// Suffixes up to `end`; more of them share `around` bytes.
  Result<void> keep(const Shared& shared, uint64_t end, uint64_t around) {
    Found found{shared.size, {shared.begin, end}};
    IndexSession session(index_);
    YURAI_ASSIGN(const auto first, session.positions(found.range, 0, 1));
    if (shared.size == kMaxLcp) {
      YURAI_ASSIGN(const auto last, session.positions({end - 1, end}, 0, 1));
      YURAI_ASSIGN(found.size, shared_bytes(first[0], last[0]));
    }
    // To the last whole character.
    const uint64_t tail = std::min(found.size, 2 * kMaxCharBytes);
    YURAI_ASSIGN(const std::string bytes, text().bytes(first[0] + found.size - tail, tail));
    size_t at = bytes.size();
    while (at > 0 && !begins_char(bytes[at - 1])) --at;
    if (at > 0 && at - 1 + char_bytes(bytes, at - 1) > bytes.size()) {
      found.size -= bytes.size() - (at - 1);
    }
    // Cut, it may be what more suffixes share.
    if (found.size < options_.min_bytes || found.size <= around || options_.limit == 0) return {};
    if (best_.size() == options_.limit) {
      if (!(found < best_.front())) return {};
      std::pop_heap(best_.begin(), best_.end());
      best_.pop_back();
    }
    best_.push_back(found);
    std::push_heap(best_.begin(), best_.end());
    return {};
  }

  /// Of two suffixes, to the end of a document at most.
  Result<uint64_t> shared_bytes(uint64_t a, uint64_t b) {
    constexpr uint64_t kChunk = 1 << 16;
    const uint64_t size = index_.corpus().text().size_bytes();
    for (uint64_t shared = 0;;) {
      const uint64_t chunk = std::min(kChunk, size - std::max(a, b) - shared);
      YURAI_ASSIGN(const std::string left, text().bytes(a + shared, chunk));
      YURAI_ASSIGN(const std::string right, text().bytes(b + shared, chunk));
      const auto same = static_cast<uint64_t>(
          std::mismatch(left.begin(), left.end(), right.begin()).first - left.begin());
      const uint64_t end = std::min<uint64_t>(same, left.find(kDocumentSeparator));
      shared += end;
      if (end < chunk || chunk == 0) return shared;
    }
  }

  const CorpusIndex& index_;
  const DuplicateOptions& options_;
  std::vector<Shared> open_;  ///< by size
  std::vector<Found> best_;   ///< a heap
  std::optional<TextReader> text_;
};

/// The best of all, the best first.
Result<std::vector<Found>> walk_all(const CorpusIndex& index, const DuplicateOptions& options,
                                    const Progress& progress) {
  const uint64_t num_points = index.num_points();
  std::mutex mutex;  // of all that follows
  uint64_t num_walked = 0;
  std::vector<Found> best;
  Result<void> result;
  const auto walked = [&](uint64_t count) {
    const std::lock_guard lock(mutex);
    num_walked = std::min(num_walked + count, num_points);
    progress("compare neighbours", num_walked, num_points);
  };
  for_each_part(options.num_threads, num_points, [&](uint64_t begin, uint64_t end) {
    auto found = Walk(index, options).run({begin, end}, walked);
    const std::lock_guard lock(mutex);
    if (!found) {
      result = fail(std::move(found).error());
      return;
    }
    best.insert(best.end(), found->begin(), found->end());
  });
  YURAI_TRY(result);
  std::sort(best.begin(), best.end());
  best.resize(std::min<uint64_t>(best.size(), options.limit));
  return best;
}

/// The first place in each of the first documents.
Result<std::vector<Occurrence>> documents_of(const CorpusIndex& index, const Found& found,
                                             uint64_t max_documents) {
  std::map<uint64_t, uint64_t> places;  // by document
  for (uint64_t done = 0; done < found.range.size(); done += kPositionsAtOnce) {
    IndexSession session(index);
    YURAI_ASSIGN(const auto positions, session.positions(found.range, done, kPositionsAtOnce));
    for (const uint64_t position : positions) {
      const auto [place, added] = places.emplace(index.corpus().document_at(position), position);
      if (!added) place->second = std::min(place->second, position);
      if (places.size() > max_documents) places.erase(std::prev(places.end()));
    }
  }
  std::vector<Occurrence> documents;
  for (const auto& [document, position] : places) {
    IndexSession session(index);
    YURAI_ASSIGN(Occurrence occurrence, session.occurrence(position, found.size));
    occurrence.match = first_chars(occurrence.match, kShownChars);
    documents.push_back(std::move(occurrence));
  }
  return documents;
}

}  // namespace

Result<std::vector<Duplicate>> find_duplicates(const CorpusIndex& index,
                                               const DuplicateOptions& options,
                                               const Progress& progress) {
  if (options.min_bytes == 0 || options.min_bytes > kMaxLcp) {
    return fail(ErrorCode::kInvalidArgument, "the least size must be 1 to 65,535 bytes");
  }
  YURAI_ASSIGN(const std::vector<Found> found, walk_all(index, options, progress));
  std::vector<Duplicate> duplicates;
  for (const Found& one : found) {
    Duplicate duplicate{one.size, one.range.size(), {}};
    YURAI_ASSIGN(duplicate.documents, documents_of(index, one, options.max_documents));
    duplicates.push_back(std::move(duplicate));
  }
  return duplicates;
}

Json to_json(const Duplicate& duplicate) {
  Json documents = Json::array();
  for (const Occurrence& occurrence : duplicate.documents) {
    Json document = to_json(occurrence);
    for (const char* shown_once : {"match", "before", "after"}) document.erase(shown_once);
    documents.push_back(std::move(document));
  }
  return {{"bytes", duplicate.size_bytes},
          {"count", duplicate.count},
          {"text", duplicate.documents.empty() ? "" : duplicate.documents.front().match},
          {"documents", std::move(documents)}};
}

}  // namespace yurai

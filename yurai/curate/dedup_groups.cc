#include <algorithm>
#include <map>
#include <mutex>

#include "yurai/curate/dedup_stages.h"
#include "yurai/curate/parallel_tasks.h"
#include "yurai/curate/union_find.h"

namespace yurai {
namespace {

/// The rows of all similar pairs, ascending.
Result<std::vector<uint64_t>> rows_of(PairSpill& similar) {
  std::vector<uint64_t> rows;
  YURAI_TRY(similar.visit_chunks([&](std::span<const Pair> chunk) -> Result<void> {
    for (const Pair& pair : chunk) rows.insert(rows.end(), {pair.first, pair.second});
    return {};
  }));
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  rows.shrink_to_fit();
  return rows;
}

/// A row by its number among the rows, with the smallest of its group.
struct Member {
  uint64_t group = 0;
  uint64_t row = 0;
};

/// Ascending by group, then by row.
Result<std::vector<Member>> group_rows(const DedupJob& job, PairSpill& similar,
                                       std::span<const uint64_t> rows) {
  UnionFind groups(rows.size());
  const auto number = [&](uint64_t row) {
    return static_cast<uint64_t>(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
  };
  constexpr size_t kPairsPerTask = 4096;
  YURAI_TRY(similar.visit_chunks([&](std::span<const Pair> chunk) {
    const size_t num_tasks = (chunk.size() + kPairsPerTask - 1) / kPairsPerTask;
    return for_each_task(job.options.num_threads, num_tasks, [&](size_t task) -> Result<void> {
      const size_t begin = task * kPairsPerTask;
      for (const Pair& pair : chunk.subspan(begin, std::min(kPairsPerTask, chunk.size() - begin))) {
        groups.unite(number(pair.first), number(pair.second));
      }
      return {};
    });
  }));
  std::vector<Member> members(rows.size());
  for (uint64_t i = 0; i < rows.size(); ++i) members[i] = {groups.find(i), i};
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return a.group != b.group ? a.group < b.group : a.row < b.row;
  });
  return members;
}

/// The rows of one group that were kept so far, the first ones with their shingles at hand.
class KeptRows {
 public:
  explicit KeptRows(const RowFactsReader& reader) : reader_(&reader) {}

  /// The first to which `row` is at least `threshold` alike.
  struct Match {
    const RowFacts* kept = nullptr;
    double jaccard = 0;
  };
  Result<Match> find(const RowFacts& row, double threshold) const {
    if (const auto same = by_text_.find(row.text_hash); same != by_text_.end()) {
      return Match{&rows_[same->second], 1.0};
    }
    std::vector<uint64_t> shingles;
    if (row.num_shingles > 0) {
      YURAI_ASSIGN(shingles, reader_->shingles(row));
    }
    for (size_t i = 0; i < std::min(rows_.size(), kMaxKeptPerGroup) && !shingles.empty(); ++i) {
      std::vector<uint64_t> read;
      if (i >= shingles_.size()) {
        YURAI_ASSIGN(read, reader_->shingles(rows_[i]));
      }
      const std::vector<uint64_t>& other = i < shingles_.size() ? shingles_[i] : read;
      if (other.empty()) continue;
      const double jaccard =
          jaccard_index(intersection_size(shingles, other), shingles.size(), other.size());
      if (jaccard >= threshold) return Match{&rows_[i], jaccard};
    }
    return Match{};
  }

  Result<void> add(RowFacts row) {
    by_text_.emplace(row.text_hash, rows_.size());
    if (shingles_.size() == rows_.size() && num_shingles_ + row.num_shingles <= kShinglesAtHand) {
      YURAI_ASSIGN(std::vector<uint64_t> set, reader_->shingles(row));
      num_shingles_ += set.size();
      shingles_.push_back(std::move(set));
    }
    rows_.push_back(std::move(row));
    return {};
  }

 private:
  static constexpr uint64_t kShinglesAtHand = 1 << 20;

  const RowFactsReader* reader_;
  std::vector<RowFacts> rows_;
  std::vector<std::vector<uint64_t>> shingles_;
  std::map<TextHash, size_t> by_text_;
  uint64_t num_shingles_ = 0;
};

Result<std::vector<Removal>> removals_of(const DedupJob& job, const RowFactsReader& reader,
                                         std::span<const Member> group,
                                         std::span<const uint64_t> rows) {
  std::vector<RowFacts> members;
  for (const Member& member : group) {
    YURAI_ASSIGN(RowFacts facts, reader.find(rows[member.row]));
    members.push_back(std::move(facts));
  }
  std::stable_partition(members.begin(), members.end(),
                        [](const RowFacts& facts) { return !facts.license.empty(); });
  std::vector<Removal> removals;
  KeptRows kept(reader);
  for (RowFacts& row : members) {
    YURAI_ASSIGN(const KeptRows::Match match, kept.find(row, job.options.parameters.threshold));
    if (match.kept == nullptr) {
      YURAI_TRY(kept.add(std::move(row)));
    } else {
      removals.push_back(
          {row.key, match.kept->key, match.jaccard, row.text_hash == match.kept->text_hash});
    }
  }
  return removals;
}

}  // namespace

Result<std::vector<Removal>> choose_removals(const DedupJob& job, PairSpill& similar,
                                             const RowFactsReader& reader) {
  YURAI_ASSIGN(const std::vector<uint64_t> rows, rows_of(similar));
  YURAI_ASSIGN(const std::vector<Member> members, group_rows(job, similar, rows));
  std::vector<size_t> begins;
  for (size_t i = 0; i < members.size(); ++i) {
    if (i == 0 || members[i].group != members[i - 1].group) begins.push_back(i);
  }
  std::vector<Removal> removals;
  size_t done = 0;
  std::mutex mutex;
  const auto choose = [&](size_t i) -> Result<void> {
    const size_t end = i + 1 < begins.size() ? begins[i + 1] : members.size();
    const auto group = std::span(members).subspan(begins[i], end - begins[i]);
    YURAI_ASSIGN(const std::vector<Removal> found, removals_of(job, reader, group, rows));
    const std::lock_guard lock(mutex);
    removals.insert(removals.end(), found.begin(), found.end());
    job.progress("groups", (done += group.size()) * sizeof(Member),
                 members.size() * sizeof(Member));
    return {};
  };
  YURAI_TRY(for_each_task(job.options.num_threads, begins.size(), choose));
  std::sort(removals.begin(), removals.end(),
            [](const Removal& a, const Removal& b) { return a.row < b.row; });
  return removals;
}

}  // namespace yurai

#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

struct Pair {
  uint64_t first = 0;
  uint64_t second = 0;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};

/// Pairs that may be more than fit in memory, on disk: added in any order, visited in ascending
/// order. The file goes with the object unless it is told to stay; it is opened only to write a
/// full buffer, so that there may be thousands of spills. Native byte order: it is for this
/// machine. Not thread-safe.
///
///     PairSpill spill(scratch / "keys-00003");
///     YURAI_TRY(spill.add({key, row}));
///     YURAI_TRY(spill.visit_sorted(64 << 20, [&](const Pair& pair) { …; return Result<void>();
///     }));
class PairSpill {
 public:
  using Visit = std::function<Result<void>(const Pair&)>;

  explicit PairSpill(std::filesystem::path path);
  PairSpill(PairSpill&& other) noexcept;
  PairSpill& operator=(PairSpill&& other) noexcept;
  ~PairSpill();

  Result<void> add(const Pair& pair);
  Result<void> add(std::span<const Pair> pairs);
  uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  /// Writes what is still in memory: the file holds every pair now.
  Result<void> flush();

  /// The file stays when the object goes.
  void keep_file() { keeps_file_ = true; }
  /// The hash of all pairs, in the order in which they were added.
  uint64_t hash() const { return hash_; }
  /// Goes on from a file that stayed: its first `num_pairs` pairs, which have this hash; what is
  /// behind them is cut off. kCorrupt when they are not there.
  Result<void> reopen(uint64_t num_pairs, uint64_t hash);

  /// Every pair in ascending order, equal ones each. Takes about `memory_bytes`: what does not fit
  /// is split by its highest differing bits into spills beside this one, and those in turn.
  Result<void> visit_sorted(uint64_t memory_bytes, const Visit& visit);

  /// The pairs in the order in which they were added, some thousands at a time.
  Result<void> visit_chunks(const std::function<Result<void>(std::span<const Pair>)>& visit);

 private:
  Result<void> split(uint64_t memory_bytes, const Visit& visit);
  void remove();

  std::filesystem::path path_;  ///< empty when moved from
  std::vector<Pair> buffer_;
  uint64_t size_ = 0;
  uint64_t hash_ = 0;
  bool on_disk_ = false;
  bool keeps_file_ = false;
};

}  // namespace yurai

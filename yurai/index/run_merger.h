#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/run_file.h"
#include "yurai/index/text_cache.h"

namespace yurai {

/// Merges sorted runs of consecutive parts of a corpus. A tree of losers that compares by what each
/// record shares with the one it lost to, and by the bytes after that: W. Ng, K. Kakehi, "Merging
/// String Sequences by Longest Common Prefixes", IPSJ Digital Courier 4, 2008. The text is read
/// only where runs share more than the keys show. Not thread-safe.
class RunMerger {
 public:
  /// The records of one run to merge.
  struct Range {
    const Run* run = nullptr;
    uint64_t begin = 0;
    uint64_t end = 0;
  };

  /// `ranges` in the order of the corpus; `text` must outlive the merger.
  static Result<RunMerger> create(std::span<const Range> ranges, TextCache& text);
  /// The same of readers of consecutive parts.
  static Result<RunMerger> create(std::vector<std::unique_ptr<RecordReader>> readers,
                                  TextCache& text);

  /// Fills `out` from its beginning; fewer than fit: there are no more. The lcp of the very first
  /// record is 0.
  Result<size_t> fill(std::span<RunRecord> out);

 private:
  struct Cursor {
    std::unique_ptr<RecordReader> reader;
    RunRecord record;
    bool ended = false;
  };

  RunMerger(std::vector<Cursor> cursors, TextCache& text)
      : cursors_(std::move(cursors)), text_(&text) {}
  Result<void> build_tree();
  /// Whether `a` comes before `b`, both compared with the same record; the other one is compared
  /// with it then.
  Result<bool> before(uint32_t a, uint32_t b);
  Result<bool> before_by_text(uint32_t a, uint32_t b, uint64_t shared);

  std::vector<Cursor> cursors_;
  TextCache* text_;
  std::vector<uint32_t> losers_;  // of the matches, [1, size)
  uint32_t winner_ = 0;
};

/// The leaf entry of a merged record.
inline uint64_t leaf_entry(const RunRecord& record) {
  return pack({record.position, record.lcp,
               record.lcp < kMaxLcp ? static_cast<uint8_t>(record.key >> 56) : uint8_t{0}});
}

}  // namespace yurai

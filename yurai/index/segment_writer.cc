#include "yurai/index/segment_writer.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "yurai/base/page_cache.h"
#include "yurai/base/parallel.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

constexpr uint64_t kCacheBytes = 32 << 20;
/// A leaf may end a sixteenth early where neighbours share less: separators are shorter then.
constexpr size_t kSlack = 16;
/// Leaves of so many are encoded at once: 2 MiB of pages.
constexpr size_t kEntriesAtOnce = 1 << 18;
constexpr LeafEntry kNoLeast{0, kMaxLcp, 0};

/// The one with the lesser lcp, the later one where they have the same.
void take_least(const LeafEntry& entry, LeafEntry& least) {
  if (entry.lcp <= least.lcp) least = entry;
}

}  // namespace

ReadText read_from(const TextFile& text) {
  return [&text, cache = std::make_shared<PageCache>(kCacheBytes)](
             uint64_t position, std::span<char> out) -> Result<void> {
    TextReader reader(text, cache.get());
    YURAI_ASSIGN(const std::string bytes, reader.bytes(position, out.size()));
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return {};
  };
}

SegmentWriter::SegmentWriter(uint64_t text_bytes, ReadText read_text, PageFileWriter leaves,
                             FencesWriter fences, int num_threads)
    : read_text_(std::move(read_text)),
      leaves_(std::move(leaves)),
      fences_(std::move(fences)),
      num_threads_(num_threads),
      position_bits_(static_cast<unsigned>(std::bit_width(text_bytes))),
      least_(kNoLeast) {}

Result<SegmentWriter> SegmentWriter::create(StagingDirectory& stage, uint64_t text_bytes,
                                            ReadText read_text, int num_threads) {
  YURAI_ASSIGN(PageFileWriter leaves, PageFileWriter::create(stage, kLeavesName));
  YURAI_ASSIGN(FencesWriter fences, FencesWriter::create(stage));
  return SegmentWriter(text_bytes, std::move(read_text), std::move(leaves), std::move(fences),
                       num_threads);
}

Result<void> SegmentWriter::append(std::span<const uint64_t> entries) {
  while (!entries.empty()) {
    const auto some = entries.first(std::min(entries.size(), kEntriesAtOnce));
    entries = entries.subspan(some.size());
    pending_.insert(pending_.end(), some.begin(), some.end());
    std::vector<size_t> ends;
    for (size_t end = 0; (end = leaf_end(end)) != 0;) ends.push_back(end);
    YURAI_TRY(write_leaves(ends));
  }
  return {};
}

/// Where the leaf ends that begins at pending entry `begin`; 0: it may take more than there are.
size_t SegmentWriter::leaf_end(size_t begin) const {
  const size_t entry_bits = position_bits_ + 16, long_bits = 16;
  size_t room = 8 * (kPagePayload - Leaf::kHeaderBytes);  // in bits
  size_t full = begin;
  for (;; ++full) {
    if (full == pending_.size()) return 0;
    const size_t bits = entry_bits + (unpack(pending_[full]).lcp >= Leaf::kLongLcp ? long_bits : 0);
    if (bits > room) break;
    room -= bits;
  }
  size_t end = full;
  uint32_t least = unpack(pending_[full]).lcp;
  const size_t most = full - begin;
  for (size_t i = full - 1; i >= full - most / kSlack && i > begin; --i) {
    const uint32_t lcp = unpack(pending_[i]).lcp;
    if (lcp < least) {
      least = lcp;
      end = i;
    }
  }
  return end;
}

/// Writes pending entries as leaves, which end there.
Result<void> SegmentWriter::write_leaves(std::span<const size_t> ends) {
  if (ends.empty()) return {};
  std::vector<EncodedLeaf> leaves(ends.size());
  std::vector<Result<void>> results(ends.size());
  const auto num_threads =
      static_cast<int>(std::min(static_cast<size_t>(num_threads_), ends.size()));
  for_each_part(num_threads, ends.size(), [&](uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      results[i] = encode(i == 0 ? 0 : ends[i - 1], ends[i], leaves[i]);
    }
  });
  for (size_t i = 0; i < leaves.size(); ++i) {
    YURAI_TRY(results[i]);
    const size_t begin = i == 0 ? 0 : ends[i - 1];
    take_least(unpack(pending_[begin]), least_);
    leaves[i].fence.leaf_lcp = least_.lcp;
    leaves[i].fence.leaf_branch = least_.branch;
    least_ = leaves[i].least;
    YURAI_TRY(fences_.add(leaves[i].fence, num_written_ + begin));
    YURAI_TRY(leaves_.append(leaves[i].payload));
  }
  num_written_ += ends.back();
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(ends.back()));
  return {};
}

/// Makes a leaf of pending entries [begin, end), all but its fence's least lcp.
Result<void> SegmentWriter::encode(size_t begin, size_t end, EncodedLeaf& leaf) const {
  const std::span<const uint64_t> entries(&pending_[begin], end - begin);
  const LeafEntry first = unpack(entries.front());
  leaf.fence.first_position = first.position;
  leaf.fence.first_lcp = first.lcp;
  if (num_written_ + begin > 0) {
    leaf.fence.size = std::min<size_t>(first.lcp + 1, kMaxFenceBytes);
    YURAI_TRY(read_text_(first.position, std::span(leaf.fence.bytes).first(leaf.fence.size)));
  }
  leaf.payload = Leaf::encode(entries, num_written_ + begin, position_bits_);
  leaf.least = kNoLeast;
  for (const uint64_t entry : entries.subspan(1)) take_least(unpack(entry), leaf.least);
  return {};
}

Result<void> SegmentWriter::finish() {
  if (!pending_.empty()) {
    const size_t end = pending_.size();
    YURAI_TRY(write_leaves({&end, 1}));
  }
  YURAI_TRY(leaves_.close());
  return fences_.finish(num_written_);
}

}  // namespace yurai

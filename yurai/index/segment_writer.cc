#include "yurai/index/segment_writer.h"

#include <algorithm>
#include <bit>

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

constexpr uint64_t kCacheBytes = 32 << 20;
/// A leaf may end a sixteenth early where neighbours share less: separators are shorter then.
constexpr size_t kSlack = 16;

bool is_long(const LeafEntry& entry) { return entry.lcp >= Leaf::kLongLcp; }

}  // namespace

SegmentWriter::SegmentWriter(const TextFile& text, PageFileWriter leaves, FencesWriter fences)
    : text_(&text),
      cache_(std::make_unique<PageCache>(kCacheBytes)),
      leaves_(std::move(leaves)),
      fences_(std::move(fences)),
      position_bits_(static_cast<unsigned>(std::bit_width(text.size_bytes()))) {}

Result<SegmentWriter> SegmentWriter::create(StagingDirectory& stage, const TextFile& text) {
  YURAI_ASSIGN(PageFileWriter leaves, PageFileWriter::create(stage, kLeavesName));
  YURAI_ASSIGN(FencesWriter fences, FencesWriter::create(stage));
  return SegmentWriter(text, std::move(leaves), std::move(fences));
}

Result<void> SegmentWriter::append(std::span<const uint64_t> entries) {
  for (const uint64_t entry : entries) YURAI_TRY(add(unpack(entry)));
  return {};
}

Result<void> SegmentWriter::add(const LeafEntry& entry) {
  const size_t num_long = num_long_ + (is_long(entry) ? 1 : 0);
  if (Leaf::num_bytes(pending_.size() + 1, num_long, position_bits_) > kPagePayload) {
    size_t cut = pending_.size();
    uint32_t least = entry.lcp;
    for (size_t i = cut - 1; i >= pending_.size() - pending_.size() / kSlack && i > 0; --i) {
      if (pending_[i].lcp < least) {
        least = pending_[i].lcp;
        cut = i;
      }
    }
    YURAI_TRY(write_leaf(cut));
  }
  pending_.push_back(entry);
  num_long_ += is_long(entry) ? 1 : 0;
  return {};
}

/// Writes the first `count` pending entries as a leaf.
Result<void> SegmentWriter::write_leaf(size_t count) {
  const std::span<const LeafEntry> entries = std::span(pending_).first(count);
  const auto take_least = [&](const LeafEntry& entry) {
    if (entry.lcp > leaf_lcp_) return;
    leaf_lcp_ = entry.lcp;
    leaf_branch_ = entry.branch;
  };
  const LeafEntry& first = entries.front();
  take_least(first);
  Fence fence;
  fence.first_position = first.position;
  fence.first_lcp = first.lcp;
  fence.leaf_lcp = leaf_lcp_;
  fence.leaf_branch = leaf_branch_;
  if (leaves_.num_pages() > 0) {
    fence.size = std::min<size_t>(first.lcp + 1, kMaxFenceBytes);
    TextReader reader(*text_, cache_.get());
    YURAI_ASSIGN(const std::string separator, reader.bytes(first.position, fence.size));
    std::copy(separator.begin(), separator.end(), fence.bytes.begin());
  }
  YURAI_TRY(fences_.add(fence, num_written_));
  YURAI_TRY(leaves_.append(Leaf::encode(entries, num_written_, position_bits_)));
  num_written_ += count;
  leaf_lcp_ = kMaxLcp;
  leaf_branch_ = 0;
  for (const LeafEntry& entry : entries.subspan(1)) take_least(entry);
  num_long_ -= static_cast<size_t>(std::count_if(entries.begin(), entries.end(), is_long));
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
  return {};
}

Result<void> SegmentWriter::finish() {
  if (!pending_.empty()) YURAI_TRY(write_leaf(pending_.size()));
  YURAI_TRY(leaves_.close());
  return fences_.finish(num_written_);
}

}  // namespace yurai

#include "yurai/index/fences.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace yurai {
namespace {

constexpr std::string_view kMagic = "yuraifen";
constexpr uint64_t kVersion = 1;
constexpr size_t kHeaderBytes = 32;
constexpr size_t kPositionBytes = 5;
constexpr size_t kRowBytes = kPositionBytes + 2 + 2 + 1;
constexpr uint64_t kGroup = 256;

void append_little(std::string& out, uint64_t value, size_t num_bytes) {
  for (size_t i = 0; i < num_bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t little(const char* bytes, size_t num_bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, num_bytes);
  return value;
}

}  // namespace

// magic | version | number of leaves | bytes of separators | positions | first lcps | leaf lcps |
// leaf branches | separators
Result<Fences> Fences::parse(std::string bytes, uint64_t num_leaves) {
  const auto corrupt = [](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("fences.bin: {}", what));
  };
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) {
    return corrupt("it has no header of an index");
  }
  if (const uint64_t version = little(&bytes[8], 8); version != kVersion) {
    return corrupt(fmt::format("version {}, this program reads {}", version, kVersion));
  }
  const uint64_t rest = bytes.size() - kHeaderBytes;
  const uint64_t separator_size = little(&bytes[24], 8);
  if (little(&bytes[16], 8) != num_leaves || num_leaves > rest / kRowBytes ||
      rest - num_leaves * kRowBytes != separator_size) {
    return corrupt(fmt::format("{} bytes do not fit {} leaves", bytes.size(), num_leaves));
  }
  Fences fences;
  fences.bytes_ = std::move(bytes);
  fences.size_ = num_leaves;
  fences.begins_in_group_.reserve(num_leaves);
  uint64_t begin = 0;
  for (uint64_t leaf = 0; leaf < num_leaves; ++leaf) {
    if (leaf % kGroup == 0) fences.group_begins_.push_back(begin);
    fences.begins_in_group_.push_back(static_cast<uint16_t>(begin - fences.group_begins_.back()));
    begin += separator_bytes(leaf, fences.first_lcp(leaf));
  }
  if (begin != separator_size) {
    return corrupt(
        fmt::format("the separators take {} bytes, their lengths say {}", separator_size, begin));
  }
  return fences;
}

uint64_t Fences::first_position(uint64_t leaf) const {
  return little(bytes_.data() + kHeaderBytes + leaf * kPositionBytes, kPositionBytes);
}
uint32_t Fences::first_lcp(uint64_t leaf) const {
  return static_cast<uint32_t>(
      little(bytes_.data() + kHeaderBytes + size_ * kPositionBytes + leaf * 2, 2));
}
uint32_t Fences::leaf_lcp(uint64_t leaf) const {
  return static_cast<uint32_t>(
      little(bytes_.data() + kHeaderBytes + size_ * (kPositionBytes + 2) + leaf * 2, 2));
}
uint8_t Fences::leaf_branch(uint64_t leaf) const {
  return static_cast<uint8_t>(bytes_[kHeaderBytes + size_ * (kPositionBytes + 4) + leaf]);
}
std::string_view Fences::separator(uint64_t leaf) const {
  const uint64_t begin = group_begins_[leaf / kGroup] + begins_in_group_[leaf];
  return {bytes_.data() + kHeaderBytes + size_ * kRowBytes + begin,
          separator_bytes(leaf, first_lcp(leaf))};
}

Fences::Side Fences::side(uint64_t leaf, std::string_view text) const {
  const std::string_view cut = separator(leaf);
  const size_t common = std::min(cut.size(), text.size());
  const int order = common == 0 ? 0 : std::memcmp(cut.data(), text.data(), common);
  if (order != 0) return order < 0 ? Side::kBelow : Side::kAbove;
  if (text.size() < cut.size()) return Side::kPrefixed;
  const bool is_cut = leaf > 0 && first_lcp(leaf) >= kMaxFenceBytes;
  if (!is_cut) return Side::kBelow;
  return text.size() == cut.size() ? Side::kPrefixed : Side::kTie;
}

Fences::Range Fences::find(std::string_view text) const {
  Range range{0, size_};
  uint64_t last = size_;
  while (range.begin < last) {
    const uint64_t middle = range.begin + (last - range.begin) / 2;
    const Side found = side(middle, text);
    if (found == Side::kBelow) {
      range.begin = middle + 1;
    } else {
      last = middle;
      if (found == Side::kAbove) range.end = middle;
    }
  }
  uint64_t first = range.begin;  // leaves before it are not above, from range.end on they are
  while (first < range.end) {
    const uint64_t middle = first + (range.end - first) / 2;
    if (side(middle, text) == Side::kAbove) {
      range.end = middle;
    } else {
      first = middle + 1;
    }
  }
  return range;
}

uint64_t Fences::search(Range range, std::string_view text) const {
  return blind_search(
      range.begin, range.end, text, [this](uint64_t leaf) { return leaf_lcp(leaf); },
      [this](uint64_t leaf) { return leaf_branch(leaf); });
}

FencesWriter::FencesWriter(uint64_t max_points) {
  const uint64_t max_leaves = max_points / kEntriesPerLeaf + 1;
  positions_.reserve(max_leaves * kPositionBytes);
  first_lcps_.reserve(max_leaves * 2);
  leaf_lcps_.reserve(max_leaves * 2);
  leaf_branches_.reserve(max_leaves);
  separators_.reserve(max_leaves * kMaxFenceBytes);
}

void FencesWriter::add(const Fences::Fence& fence) {
  append_little(positions_, fence.first.position, kPositionBytes);
  append_little(first_lcps_, fence.first.lcp, 2);
  append_little(leaf_lcps_, fence.leaf_lcp, 2);
  append_little(leaf_branches_, fence.leaf_branch, 1);
  separators_ += fence.separator;
  ++size_;
}

std::string FencesWriter::bytes() && {
  std::string out(kMagic);
  append_little(out, kVersion, 8);
  append_little(out, size_, 8);
  append_little(out, separators_.size(), 8);
  for (std::string* part :
       {&positions_, &first_lcps_, &leaf_lcps_, &leaf_branches_, &separators_}) {
    out += *part;
    *part = {};
  }
  return out;
}

}  // namespace yurai

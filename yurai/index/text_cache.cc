#include "yurai/index/text_cache.h"

#include <algorithm>

#include "yurai/corpus/corpus.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

/// Of text, decoded.
constexpr uint64_t kDecodedBytes = 1024;
constexpr uint64_t kMinCopyBytes = 256;
constexpr size_t kMaxCopies = 1 << 16;
constexpr uint64_t kCopiesMemory = kMaxCopies * 96;

}  // namespace

Result<TextCache> TextCache::create(const TextFile& text, uint64_t memory_bytes) {
  const uint64_t blocks =
      (std::max(memory_bytes, kMinMemory) - kCopiesMemory) / (kDecodedBytes + sizeof(Set) / 2);
  const uint64_t num_sets =
      std::max<uint64_t>(1, std::min(blocks, text.size_bytes() / kDecodedBytes + 2) / 2);
  YURAI_ASSIGN(auto bytes, LargeArray<char>::allocate(num_sets * 2 * kDecodedBytes));
  std::vector<Set> sets(num_sets);
  for (uint64_t i = 0; i < num_sets; ++i) {
    sets[i] = {{0, 0}, {static_cast<uint32_t>(2 * i), static_cast<uint32_t>(2 * i + 1)}};
  }
  return TextCache(text, std::move(bytes), std::move(sets));
}

Result<std::string_view> TextCache::view(uint64_t position) {
  const uint64_t block = position / kDecodedBytes;
  Set& set = sets_[block % sets_.size()];
  if (set.blocks[0] != block + 1) {
    std::swap(set.blocks[0], set.blocks[1]);
    std::swap(set.slots[0], set.slots[1]);
    if (set.blocks[0] != block + 1) {
      set.blocks[0] = 0;
      const uint64_t begin = block * kDecodedBytes;
      YURAI_TRY(text_->read(
          begin, bytes_.span().subspan(set.slots[0] * kDecodedBytes,
                                       std::min(kDecodedBytes, text_->size_bytes() - begin))));
      set.blocks[0] = block + 1;
      ++num_reads_;
    }
  }
  const uint64_t at = position % kDecodedBytes;
  const uint64_t end =
      std::min<uint64_t>(kDecodedBytes, text_->size_bytes() - block * kDecodedBytes);
  return std::string_view(&bytes_.span()[set.slots[0] * kDecodedBytes + at], end - at);
}

Result<uint64_t> TextCache::compare(uint64_t a, uint64_t b, uint64_t shared, uint64_t enough) {
  while (shared < enough) {
    YURAI_ASSIGN(const std::string_view left, view(a + shared));
    YURAI_ASSIGN(const std::string_view right, view(b + shared));
    const uint64_t size = std::min({left.size(), right.size(), enough - shared});
    uint64_t i = 0;
    for (; i + kKeyBytes <= size; i += kKeyBytes) {
      const uint64_t key_a = load_key(left.data() + i);
      const uint64_t key_b = load_key(right.data() + i);
      if (key_a != key_b) return shared + i + shared_key_bytes(key_a, key_b);
      if (ends_in_key(key_a)) return shared + i + key_end(key_a);
    }
    for (; i < size; ++i) {
      if (left[i] != right[i] || left[i] == kDocumentSeparator) return shared + i;
    }
    shared += size;
  }
  return shared;
}

Result<uint64_t> TextCache::shared_bytes(uint64_t a, uint64_t b, uint64_t shared) {
  const uint64_t near = shared + kMinCopyBytes;
  YURAI_ASSIGN(shared, compare(a, b, shared, near));
  if (shared < near) return shared;
  const auto known = copies_.upper_bound({b - a, a + shared});
  if (known != copies_.end() && known->first.first == b - a) {
    const uint64_t begin = known->second > a ? known->second - a : 0;
    YURAI_ASSIGN(shared, compare(a, b, shared, begin));
    if (shared >= begin) {
      known->second = std::min(known->second, a);
      return known->first.second - a;
    }
  } else {
    YURAI_ASSIGN(shared, compare(a, b, shared, ~uint64_t{0}));
  }
  if (copies_.size() >= kMaxCopies) copies_.clear();
  copies_[{b - a, a + shared}] = a;
  return shared;
}

Result<uint64_t> TextCache::key(uint64_t position) {
  char bytes[kKeyBytes];
  std::fill_n(bytes, kKeyBytes, kDocumentSeparator);
  for (size_t size = 0; size < kKeyBytes && position + size < text_->size_bytes();) {
    YURAI_ASSIGN(const std::string_view more, view(position + size));
    const size_t taken = std::min(more.size(), kKeyBytes - size);
    std::copy_n(more.data(), taken, bytes + size);
    size += taken;
  }
  return load_key(bytes);
}

}  // namespace yurai

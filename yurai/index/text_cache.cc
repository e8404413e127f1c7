#include "yurai/index/text_cache.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

/// Of text, decoded.
constexpr uint64_t kDecodedBytes = 1024;
/// What is shared beyond so many bytes is worth to be remembered.
constexpr uint64_t kMinCopyBytes = 128;
constexpr uint64_t kFewBytes = 32;
constexpr uint64_t kCopiesShare = 8;  // of the memory: one part of so many

}  // namespace

Result<TextCache> TextCache::create(const TextFile& text, uint64_t memory_bytes) {
  memory_bytes = std::max(memory_bytes, kMinMemory);
  const uint64_t copies_bytes = memory_bytes / kCopiesShare;
  YURAI_ASSIGN(auto copies, KnownCopies::create(text.size_bytes(), copies_bytes));
  const uint64_t blocks = (memory_bytes - copies_bytes) / (kDecodedBytes + sizeof(Set) / 2);
  const uint64_t num_sets =
      std::max<uint64_t>(1, std::min(blocks, text.size_bytes() / kDecodedBytes + 2) / 2);
  YURAI_ASSIGN(auto bytes, LargeArray<char>::allocate(num_sets * 2 * kDecodedBytes));
  std::vector<Set> sets(num_sets);
  for (uint64_t i = 0; i < num_sets; ++i) {
    sets[i] = {{0, 0}, {static_cast<uint32_t>(2 * i), static_cast<uint32_t>(2 * i + 1)}};
  }
  return TextCache(text, std::move(bytes), std::move(sets), std::move(copies));
}

Result<std::string_view> TextCache::view(uint64_t position) {
  if (position >= text_->size_bytes()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' ends at byte {}, inside of a document; build the corpus again",
                            for_terminal(text_->path().string()), text_->size_bytes()));
  }
  const uint64_t block = position / kDecodedBytes;
  Set& set = set_of(block);
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

Result<uint64_t> TextCache::read_on(uint64_t a, uint64_t b, uint64_t shared, uint64_t enough) {
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

Result<uint64_t> TextCache::read_back(uint64_t a, uint64_t b, uint64_t enough) {
  uint64_t shared = 0;
  while (shared < enough) {
    // What stands before both in a block of each.
    const uint64_t size = std::min({enough - shared, (a - shared - 1) % kDecodedBytes + 1,
                                    (b - shared - 1) % kDecodedBytes + 1});
    YURAI_ASSIGN(const std::string_view left, view(a - shared - size));
    YURAI_ASSIGN(const std::string_view right, view(b - shared - size));
    uint64_t i = size;
    while (i >= kKeyBytes) {
      const uint64_t key = load_key(left.data() + i - kKeyBytes);
      if (key != load_key(right.data() + i - kKeyBytes) || ends_in_key(key)) break;
      i -= kKeyBytes;
    }
    while (i > 0 && left[i - 1] == right[i - 1] && left[i - 1] != kDocumentSeparator) --i;
    shared += size - i;
    if (i > 0) break;
  }
  return shared;
}

Result<void> TextCache::remember(uint64_t first, uint64_t last, KnownCopy copy) {
  const uint64_t block_begin = KnownCopies::block_begin(first);
  if (copy.begin > block_begin) {
    YURAI_ASSIGN(const uint64_t before,
                 read_back(copy.begin, copy.begin + copy.way, copy.begin - block_begin));
    copy.begin -= before;
  }
  for (uint64_t at = first; at <= last; at = KnownCopies::block_end(at)) {
    copies_.at(at, copy.way) = copy;
  }
  return {};
}

Result<Difference> TextCache::compare(uint64_t a, uint64_t b, uint64_t shared) {
  if (a > b) {
    YURAI_ASSIGN(Difference difference, compare(b, a, shared));
    std::swap(difference.key_a, difference.key_b);
    return difference;
  }
  const uint64_t way = b - a;
  const auto ended = [&](uint64_t at) -> Result<KnownCopy> {
    YURAI_ASSIGN(const uint64_t key_a, key(at));
    YURAI_ASSIGN(const uint64_t key_b, key(at + way));
    return KnownCopy{way, a, at, key_a, key_b};
  };
  KnownCopy found;
  if (!in_copies_) {  // it costs less to read a little than to look for what is not there
    const uint64_t enough = shared + kFewBytes;
    YURAI_ASSIGN(shared, read_on(a, b, shared, enough));
    if (shared < enough) {
      YURAI_ASSIGN(found, ended(a + shared));
      return Difference{shared, found.key_a, found.key_b};
    }
  }
  // These lie anywhere in memory: all are on their way while the first is waited for.
  const uint64_t begin = a + shared;
  __builtin_prefetch(&copies_.at(begin, way), 1);
  __builtin_prefetch(&set_of(begin / kDecodedBytes));
  __builtin_prefetch(&set_of((begin + way) / kDecodedBytes));
  uint64_t at = begin;
  while (true) {
    const KnownCopy& known = copies_.at(at, way);
    const bool is_known = known.way == way && at <= known.end;
    const uint64_t enough = is_known ? known.begin : KnownCopies::block_end(at);
    if (at < enough) {
      YURAI_ASSIGN(shared, read_on(a, b, at - a, enough - a));
      at = a + shared;
    }
    if (at < enough) {
      YURAI_ASSIGN(found, ended(at));
      break;
    }
    if (is_known) {
      found = known;
      found.begin = std::min(known.begin, a);
      break;
    }
  }
  in_copies_ = found.end - begin >= kMinCopyBytes;
  if (in_copies_ && at > begin) YURAI_TRY(remember(begin, at, found));
  return Difference{found.end - a, found.key_a, found.key_b};
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

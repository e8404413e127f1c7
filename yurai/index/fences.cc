#include "yurai/index/fences.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "yurai/base/large_array.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr std::string_view kMagic = "yuraidir";
constexpr uint64_t kVersion = 2;
constexpr size_t kDirectoryHeader = 40;
constexpr size_t kHeadBytes = 17;  // and the separator
constexpr uint8_t kCutFlag = 0x80;

constexpr uint64_t kSmallBytes = 256 << 10;  // more is worth huge pages
constexpr size_t kPageHeader = 24;
constexpr size_t kGroupBytes = 6;
constexpr uint64_t kLeavesPerGroup = 32;
constexpr size_t kMoreFollows = 15;
constexpr size_t kTieBytes = 10;

template <size_t kNumBytes>
uint64_t little(const char* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, kNumBytes);
  return value;
}

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

// Where a separator stands to a text with which it shares `shared` bytes.
constexpr int kBelow = 0;  // below it, or a prefix of it
constexpr int kInside =
    1;  // the text is a proper prefix of it; or it is cut, and a prefix of the text
constexpr int kAbove = 2;

int side_of(std::string_view separator, bool is_cut, std::string_view text, size_t shared) {
  if (shared == separator.size()) return is_cut ? kInside : kBelow;
  if (shared == text.size()) return kInside;
  return static_cast<uint8_t>(separator[shared]) < static_cast<uint8_t>(text[shared]) ? kBelow
                                                                                      : kAbove;
}

/// The first eight bytes of a separator or a text as a number that compares as they do; what is
/// missing is `pad`.
uint64_t first_bytes(std::string_view text, uint8_t pad) {
  uint64_t key = 0;
  std::memset(&key, pad, sizeof(key));
  std::memcpy(&key, text.data(), std::min(text.size(), sizeof(key)));
  return __builtin_bswap64(key);
}

/// The last of the separators numbered [begin, end) that `is_before` is true of, as it is of the
/// first; of those with other first bytes than the text's, `keys` tell without a look at them.
template <class IsBefore>
uint64_t last_before(std::span<const uint64_t> keys, uint64_t begin, uint64_t end, uint64_t key,
                     const IsBefore& is_before) {
  const auto first = [&](uint64_t from, const auto& less) {
    uint64_t size = end - from;
    const uint64_t* at = keys.data() + from;
    while (size > 1) {  // without a branch
      const uint64_t half = size / 2;
      at += less(at[half - 1]) ? half : 0;
      size -= half;
    }
    return static_cast<uint64_t>(at - keys.data()) + (size == 1 && less(*at) ? 1 : 0);
  };
  const uint64_t equal = first(begin, [&](uint64_t other) { return other < key; });
  end = first(equal, [&](uint64_t other) { return other <= key; });
  begin = std::max(begin, equal == 0 ? 0 : equal - 1);
  while (end - begin > 1) {
    const uint64_t middle = begin + (end - begin) / 2;
    (is_before(middle) ? begin : end) = middle;
  }
  return begin;
}

/// The parts of a page of fences.bin.
struct PageParts {
  explicit PageParts(const char* bytes) : page(bytes) {}
  uint64_t num_leaves() const { return little<2>(page); }
  uint64_t num_groups() const { return (num_leaves() + kLeavesPerGroup - 1) / kLeavesPerGroup; }
  uint64_t first_leaf() const { return little<8>(page + 8); }
  uint64_t first_rank() const { return little<8>(page + 16); }
  const char* group(uint64_t number) const { return page + kPageHeader + kGroupBytes * number; }
  size_t group_begin(uint64_t number) const { return little<2>(group(number)); }
  uint64_t group_rank(uint64_t number) const { return first_rank() + little<4>(group(number) + 2); }

  const char* page;
};

/// A record of a group: a separator as it follows the one before it.
struct Record {
  /// The one at `at`, after a separator of `size_before` bytes.
  Record(const char* at, size_t size_before) {
    const auto head = static_cast<unsigned char>(*at++);
    const auto length = [&](size_t nibble) {
      return nibble < kMoreFollows ? nibble : nibble + static_cast<unsigned char>(*at++);
    };
    kept = size_before - length(head >> 4);
    const size_t num_added = length(head & 15u);
    added = {at, num_added};
    tie = at + num_added;
  }
  size_t size() const { return kept + added.size(); }
  bool has_tie() const { return size() == kMaxFenceBytes; }
  uint32_t first_lcp() const { return static_cast<uint32_t>(little<2>(tie + 5)); }
  bool is_cut() const { return has_tie() && first_lcp() >= kMaxFenceBytes; }
  const char* end() const { return has_tie() ? tie + kTieBytes : tie; }

  size_t kept = 0;         ///< bytes of the one before that it begins with
  std::string_view added;  ///< what follows them
  const char* tie = nullptr;
};

/// Goes through the fences of a group.
class Records {
 public:
  explicit Records(const char* record) : at_(record) { next(); }
  const Fence& fence() const { return fence_; }

  void next() {
    const Record record(at_, fence_.size);
    std::copy(record.added.begin(), record.added.end(), fence_.bytes.begin() + record.kept);
    fence_.size = record.size();
    at_ = record.end();
    if (!record.has_tie()) {
      fence_.first_lcp = fence_.size == 0 ? 0 : static_cast<uint32_t>(fence_.size - 1);
      return;
    }
    fence_.first_position = little<5>(record.tie);
    fence_.first_lcp = record.first_lcp();
    fence_.leaf_lcp = static_cast<uint32_t>(little<2>(record.tie + 7));
    fence_.leaf_branch = static_cast<uint8_t>(record.tie[9]);
  }

  /// Whether `count` records lie well-formed in [record, end).
  static bool are_sound(const char* record, const char* end, uint64_t count) {
    size_t size = 0;
    for (; count > 0; --count) {
      size_t lengths[2];
      if (record == end) return false;
      const auto head = static_cast<unsigned char>(*record++);
      for (int i = 0; i < 2; ++i) {
        lengths[i] = i == 0 ? head >> 4 : head & 15u;
        if (lengths[i] < kMoreFollows) continue;
        if (record == end) return false;
        lengths[i] += static_cast<unsigned char>(*record++);
      }
      if (lengths[0] > size || size - lengths[0] + lengths[1] > kMaxFenceBytes) return false;
      size = size - lengths[0] + lengths[1];
      const size_t rest = lengths[1] + (size == kMaxFenceBytes ? kTieBytes : 0);
      if (static_cast<size_t>(end - record) < rest) return false;
      record += rest;
    }
    return true;
  }

 private:
  const char* at_;
  Fence fence_;
};

void append_record(std::string_view before, const Fence& fence, std::string& out) {
  const size_t shared = common_prefix(before, fence.separator());
  const size_t lengths[] = {before.size() - shared, fence.size - shared};
  out.push_back(static_cast<char>(std::min(lengths[0], kMoreFollows) << 4 |
                                  std::min(lengths[1], kMoreFollows)));
  for (const size_t length : lengths) {
    if (length >= kMoreFollows) out.push_back(static_cast<char>(length - kMoreFollows));
  }
  out += fence.separator().substr(shared);
  if (fence.size < kMaxFenceBytes) return;
  append_fixed(fence.first_position, 5, out);
  append_fixed(fence.first_lcp, 2, out);
  append_fixed(fence.leaf_lcp, 2, out);
  append_fixed(fence.leaf_branch, 1, out);
}

}  // namespace

/// The pages that were needed so far, in huge pages of memory.
class Fences::Pages {
 public:
  /// A page, and the first bytes of its groups' separators.
  struct Page {
    const char* bytes = nullptr;
    std::span<const uint64_t> group_keys;
  };

  Pages(LargeArray<PageBuffer> pages, uint64_t count)
      : pages_(std::move(pages)), group_keys_(count), is_there_(count) {}

  bool has(uint64_t number) const { return is_there_[number].load(std::memory_order_acquire); }
  Page operator[](uint64_t number) const {
    return {pages_.span()[number].bytes.data(), group_keys_[number]};
  }
  /// Keeps the page, if no other thread brought it.
  void keep(uint64_t number, const PageBuffer& page) {
    const std::lock_guard lock(mutex_);
    if (has(number)) return;
    pages_.span()[number] = page;
    const PageParts parts(page.bytes.data());
    for (uint64_t group = 0; group < parts.num_groups(); ++group) {
      const Record first(parts.page + parts.group_begin(group), 0);
      group_keys_[number].push_back(first_bytes(first.added, 0));
    }
    is_there_[number].store(true, std::memory_order_release);
    num_bytes_.fetch_add(kPageBytes + parts.num_groups() * sizeof(uint64_t),
                         std::memory_order_relaxed);
  }
  uint64_t num_bytes() const { return num_bytes_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;
  LargeArray<PageBuffer> pages_;
  std::vector<std::vector<uint64_t>> group_keys_;
  std::vector<std::atomic<bool>> is_there_;
  std::atomic<uint64_t> num_bytes_{0};
};

Fences::Fences(PageFile file, std::shared_ptr<Pages> pages)
    : file_(std::move(file)), pages_(std::move(pages)) {}

// magic | version | number of leaves | number of points | number of pages; then of each page: first
// leaf (8 bytes) | first rank (8) | size of the first separator, its highest bit: cut (1) | it
Result<Fences> Fences::open(const std::filesystem::path& dir, std::string_view directory,
                            ReadableFile::Mode mode) {
  const auto corrupt = [](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", kDirectoryName, what));
  };
  if (directory.size() < kDirectoryHeader || !directory.starts_with(kMagic)) {
    return corrupt("it has no header of an index");
  }
  if (const uint64_t version = little<8>(&directory[8]); version != kVersion) {
    return corrupt(fmt::format("version {}, this program reads {}", version, kVersion));
  }
  const uint64_t num_pages = little<8>(&directory[32]);
  YURAI_ASSIGN(PageFile file, PageFile::open(dir / kFencesName, num_pages, mode));
  YURAI_ASSIGN(auto memory, LargeArray<PageBuffer>::allocate(num_pages, kSmallBytes));
  Fences fences(std::move(file), std::make_shared<Pages>(std::move(memory), num_pages));
  fences.num_leaves_ = little<8>(&directory[16]);
  fences.num_points_ = little<8>(&directory[24]);
  std::string_view rest = directory.substr(kDirectoryHeader);
  if (num_pages > rest.size() / kHeadBytes) return corrupt("it ends early");
  for (uint64_t number = 0; number < num_pages; ++number) {
    if (rest.size() < kHeadBytes) return corrupt("it ends early");
    const auto size = static_cast<uint8_t>(rest[16]);
    const Head head{little<8>(&rest[0]), little<8>(&rest[8]), fences.head_separators_.size(),
                    static_cast<uint8_t>(size & ~kCutFlag), (size & kCutFlag) != 0};
    rest.remove_prefix(kHeadBytes);
    if (rest.size() < head.separator_size) return corrupt("it ends early");
    const bool is_first = number == 0;
    const bool ascends = is_first ? head.first_leaf == 0 && head.first_rank == 0
                                  : head.first_leaf > fences.heads_.back().first_leaf &&
                                        head.first_rank > fences.heads_.back().first_rank;
    if (!ascends || head.first_leaf >= fences.num_leaves_ ||
        head.first_rank >= fences.num_points_ || is_first != (head.separator_size == 0)) {
      return corrupt("its pages do not ascend");
    }
    fences.heads_.push_back(head);
    fences.head_separators_ += rest.substr(0, head.separator_size);
    fences.head_keys_.push_back(first_bytes(rest.substr(0, head.separator_size), 0));
    rest.remove_prefix(head.separator_size);
  }
  if (!rest.empty() || (num_pages == 0) != (fences.num_leaves_ == 0) ||
      (num_pages == 0) != (fences.num_points_ == 0) || fences.num_leaves_ > fences.num_points_) {
    return corrupt("its numbers do not fit each other");
  }
  fences.heads_.push_back(
      {fences.num_leaves_, fences.num_points_, fences.head_separators_.size(), 0, false});
  return fences;
}

Result<const char*> Fences::page(uint64_t number) const {
  if (pages_->has(number)) return (*pages_)[number].bytes;
  auto buffer = std::make_unique_for_overwrite<PageBuffer>();
  YURAI_TRY(file_.read(number, buffer->bytes.data()));
  if (!is_sound(buffer->bytes.data(), number)) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': page {} is not well-formed; rebuild with 'yurai index build'",
                            for_terminal(file_.path().string()), number));
  }
  pages_->keep(number, *buffer);
  return (*pages_)[number].bytes;
}

/// Proves all that the searches rely on, so that they need not look again.
bool Fences::is_sound(const char* page, uint64_t number) const {
  const PageParts parts(page);
  const Head& head = heads_[number];
  const Head& next = heads_[number + 1];
  const uint64_t num_groups = parts.num_groups();
  if (parts.first_leaf() != head.first_leaf || parts.first_rank() != head.first_rank ||
      parts.num_leaves() != next.first_leaf - head.first_leaf ||
      kPageHeader + kGroupBytes * num_groups > kPagePayload) {
    return false;
  }
  uint64_t rank = head.first_rank;
  for (uint64_t group = 0; group < num_groups; ++group) {
    const uint64_t leaves = std::min(kLeavesPerGroup, parts.num_leaves() - group * kLeavesPerGroup);
    const size_t begin = parts.group_begin(group);
    if (parts.group_rank(group) < rank || parts.group_rank(group) >= next.first_rank ||
        begin > kPagePayload || !Records::are_sound(page + begin, page + kPagePayload, leaves)) {
      return false;
    }
    rank = parts.group_rank(group);
  }
  const Records first(page + parts.group_begin(0));
  return parts.group_rank(0) == head.first_rank &&
         first.fence().separator() == head_separator(number) &&
         first.fence().is_cut() == head.is_cut;
}

/// The first leaf whose separator is on that side or beyond.
struct Fences::Bound {
  Group group;  // that of the leaf before
  uint64_t leaf = 0;
  int side = kAbove;
  size_t shared = 0;             // its separator with the text
  bool is_exact_before = false;  // whether the separator before it is the text
};

Result<Fences::Bound> Fences::bound(std::string_view text, int side, Group from) const {
  // The last page, and the last group in it, whose first separator is before; the first one always
  // is. Behind a group that is known to be before it is rarely far.
  const uint64_t key = first_bytes(text, side == kInside ? 0 : 0xFF);
  const uint64_t number =
      last_before(head_keys_, from.page, heads_.size() - 1, key, [&](uint64_t middle) {
        const std::string_view separator = head_separator(middle);
        const size_t shared = common_prefix(separator, text);
        return side_of(separator, heads_[middle].is_cut, text, shared) < side;
      });
  YURAI_ASSIGN(const char* const bytes, page(number));
  const PageParts parts(bytes);
  const auto first_record = [&](uint64_t group) {
    return Record(bytes + parts.group_begin(group), 0);
  };
  const uint64_t group =
      last_before((*pages_)[number].group_keys, number == from.page ? from.number : 0,
                  parts.num_groups(), key, [&](uint64_t middle) {
                    const Record first = first_record(middle);
                    const size_t shared = common_prefix(first.added, text);
                    return side_of(first.added, first.is_cut(), text, shared) < side;
                  });

  Record record = first_record(group);
  Bound found;
  found.group = {number, group};
  found.leaf = parts.first_leaf() + group * kLeavesPerGroup;
  const uint64_t group_end =
      std::min(found.leaf + kLeavesPerGroup, parts.first_leaf() + parts.num_leaves());
  found.shared = common_prefix(record.added, text);
  while (true) {
    found.is_exact_before = found.shared == record.size() && record.size() == text.size();
    if (++found.leaf == group_end) break;
    record = Record(record.end(), record.size());
    if (record.kept > found.shared) continue;  // it stands to the text as the one before
    const std::string_view rest = text.substr(record.kept);
    const size_t shared = common_prefix(record.added, rest);
    found.shared = record.kept + shared;
    found.side = side_of(record.added, record.is_cut(), rest, shared);
    if (found.side >= side) return found;
  }
  if (found.leaf == num_leaves_) {
    found.side = kAbove;
    found.shared = 0;
    return found;
  }
  std::string_view separator = head_separator(number + 1);
  bool is_cut = heads_[number + 1].is_cut;
  if (found.leaf < heads_[number + 1].first_leaf) {
    const Record next = first_record(group + 1);
    separator = next.added;
    is_cut = next.is_cut();
  }
  found.shared = common_prefix(separator, text);
  found.side = side_of(separator, is_cut, text, found.shared);
  return found;
}

Result<Fences::Range> Fences::find(std::string_view text) const {
  YURAI_ASSIGN(const Bound begin, bound(text, kInside, {}));
  Range range{begin.leaf, begin.leaf, false, begin.shared, begin.is_exact_before};
  if (begin.side == kAbove) return range;
  YURAI_ASSIGN(const Bound end, bound(text, kAbove, begin.group));
  range.end = end.leaf;
  range.is_tie = text.size() > kMaxFenceBytes && range.begin < range.end;
  return range;
}

Result<Fence> Fences::fence(uint64_t leaf) const {
  YURAI_ASSIGN(const std::vector<Fence> found, fences(leaf, leaf + 1));
  return found.front();
}

Result<std::vector<Fence>> Fences::fences(uint64_t begin, uint64_t end) const {
  YURAI_CHECK(begin < end && end <= num_leaves_);
  std::vector<Fence> found;
  found.reserve(end - begin);
  const auto after =
      std::upper_bound(heads_.begin(), heads_.end(), begin,
                       [](uint64_t leaf, const Head& head) { return leaf < head.first_leaf; });
  for (auto number = static_cast<uint64_t>(after - heads_.begin()) - 1; begin < end; ++number) {
    YURAI_ASSIGN(const char* const bytes, page(number));
    const PageParts parts(bytes);
    const uint64_t page_end = std::min(end, heads_[number + 1].first_leaf);
    while (begin < page_end) {
      const uint64_t group = (begin - parts.first_leaf()) / kLeavesPerGroup;
      uint64_t leaf = parts.first_leaf() + group * kLeavesPerGroup;
      const uint64_t group_end = std::min(leaf + kLeavesPerGroup, page_end);
      for (Records records(bytes + parts.group_begin(group));; records.next()) {
        if (leaf >= begin) found.push_back(records.fence());
        if (++leaf == group_end) break;
      }
      begin = group_end;
    }
  }
  return found;
}

Result<uint64_t> Fences::leaf_near(uint64_t rank) const {
  YURAI_CHECK(rank < num_points_);
  const auto after =
      std::upper_bound(heads_.begin(), heads_.end(), rank,
                       [](uint64_t wanted, const Head& head) { return wanted < head.first_rank; });
  const auto number = static_cast<uint64_t>(after - heads_.begin()) - 1;
  YURAI_ASSIGN(const char* const bytes, page(number));
  const PageParts parts(bytes);
  uint64_t group = 0;
  for (uint64_t end = parts.num_groups(); end - group > 1;) {
    const uint64_t middle = group + (end - group) / 2;
    (parts.group_rank(middle) <= rank ? group : end) = middle;
  }
  const bool is_last = group + 1 == parts.num_groups();
  const uint64_t begin_leaf = parts.first_leaf() + group * kLeavesPerGroup;
  const uint64_t end_leaf = is_last ? after->first_leaf : begin_leaf + kLeavesPerGroup;
  const uint64_t begin_rank = parts.group_rank(group);
  const uint64_t end_rank = is_last ? after->first_rank : parts.group_rank(group + 1);
  if (rank >= end_rank) return end_leaf - 1;
  return begin_leaf + (rank - begin_rank) * (end_leaf - begin_leaf) / (end_rank - begin_rank);
}

uint64_t Fences::memory_bytes() const {
  return heads_.size() * (sizeof(Head) + sizeof(uint64_t)) + head_separators_.size() +
         pages_->num_bytes() +
         file_.num_pages() * (sizeof(std::atomic<bool>) + sizeof(std::vector<uint64_t>));
}

Result<FencesWriter> FencesWriter::create(StagingDirectory& stage) {
  YURAI_ASSIGN(PageFileWriter file, PageFileWriter::create(stage, kFencesName));
  return FencesWriter(stage, std::move(file));
}

Result<void> FencesWriter::add(const Fence& fence, uint64_t first_rank) {
  std::string record;
  bool opens_group = (num_leaves_ - first_leaf_) % kLeavesPerGroup == 0;
  append_record(opens_group ? std::string_view() : last_separator_, fence, record);
  const size_t page_size = kPageHeader + groups_.size() + records_.size();
  if (page_size + record.size() + (opens_group ? kGroupBytes : 0) > kPagePayload) {
    YURAI_TRY(finish_page());
    opens_group = true;
    record.clear();
    append_record({}, fence, record);
  }
  if (num_leaves_ == first_leaf_) {
    first_rank_ = first_rank;
    append_fixed(first_leaf_, 8, heads_);
    append_fixed(first_rank_, 8, heads_);
    append_fixed(fence.size | (fence.is_cut() ? kCutFlag : 0u), 1, heads_);
    heads_ += fence.separator();
  }
  if (opens_group) {
    append_fixed(records_.size(), 2, groups_);  // where it begins, when the groups are known
    append_fixed(first_rank - first_rank_, 4, groups_);
  }
  records_ += record;
  last_separator_ = fence.separator();
  ++num_leaves_;
  return {};
}

Result<void> FencesWriter::finish_page() {
  std::string page;
  append_fixed(num_leaves_ - first_leaf_, 2, page);
  append_fixed(0, 6, page);
  append_fixed(first_leaf_, 8, page);
  append_fixed(first_rank_, 8, page);
  const size_t records_begin = kPageHeader + groups_.size();
  for (size_t at = 0; at < groups_.size(); at += kGroupBytes) {
    append_fixed(little<2>(&groups_[at]) + records_begin, 2, page);
    page += groups_.substr(at + 2, 4);
  }
  page += records_;
  groups_.clear();
  records_.clear();
  first_leaf_ = num_leaves_;
  return file_.append(page);
}

Result<void> FencesWriter::finish(uint64_t num_points) {
  if (!records_.empty()) YURAI_TRY(finish_page());
  YURAI_TRY(file_.close());
  std::string directory(kMagic);
  append_fixed(kVersion, 8, directory);
  append_fixed(num_leaves_, 8, directory);
  append_fixed(num_points, 8, directory);
  append_fixed(file_.num_pages(), 8, directory);
  return stage_->add_file(kDirectoryName, directory + heads_);
}

}  // namespace yurai

#include "yurai/index/leaf.h"

namespace yurai {
namespace {

constexpr unsigned kMaxPositionBits = 40;

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

template <class T>
void store(T value, char* bytes) {
  std::memcpy(bytes, &value, sizeof(value));
}

}  // namespace

// number of entries (2 bytes) | number of long lcps (2) | bits of a position (1) | 0 (3) |
// rank of the first (8) | positions | lcps, a byte each | branches | long lcps, 2 bytes each
std::optional<Leaf> Leaf::parse(std::string_view payload) {
  Leaf leaf;
  leaf.size_ = load<uint16_t>(payload.data());
  leaf.num_long_ = load<uint16_t>(payload.data() + 2);
  leaf.position_bits_ = load<uint8_t>(payload.data() + 4);
  leaf.first_rank_ = load<uint64_t>(payload.data() + 8);
  if (leaf.size_ == 0 || leaf.position_bits_ > kMaxPositionBits ||
      num_bytes(leaf.size_, leaf.num_long_, leaf.position_bits_) > kPagePayload) {
    return std::nullopt;
  }
  leaf.mask_ = (uint64_t{1} << leaf.position_bits_) - 1;
  leaf.positions_ = payload.data() + kHeaderBytes;
  const char* lcps = leaf.positions_ + (leaf.size_ * leaf.position_bits_ + 7) / 8;
  leaf.lcps_ = reinterpret_cast<const uint8_t*>(lcps);
  leaf.branches_ = leaf.lcps_ + leaf.size_;
  leaf.long_lcps_ = lcps + 2 * leaf.size_;
  return leaf;
}

std::string Leaf::encode(std::span<const uint64_t> entries, uint64_t first_rank,
                         unsigned position_bits) {
  std::string out(kPageBytes, '\0');
  char* const positions = out.data() + kHeaderBytes;
  char* const __restrict lcps = positions + (entries.size() * position_bits + 7) / 8;
  char* const __restrict branches = lcps + entries.size();
  char* const long_lcps = branches + entries.size();
  uint64_t word = 0;  // of positions, on its way: `num_bits` of it
  unsigned num_bits = 0;
  char* at = positions;
  for (const uint64_t entry : entries) {
    const uint64_t position = entry & kMaxPosition;
    word |= position << num_bits;
    num_bits += position_bits;
    if (num_bits < 64) continue;
    store(word, at);
    at += sizeof(word);
    num_bits -= 64;
    word = num_bits == 0 ? 0 : position >> (position_bits - num_bits);
  }
  std::memcpy(at, &word, (num_bits + 7) / 8);
  for (size_t i = 0; i < entries.size(); ++i) {
    lcps[i] = static_cast<char>(std::min<uint32_t>(unpack(entries[i]).lcp, kLongLcp));
    branches[i] = static_cast<char>(unpack(entries[i]).branch);
  }
  size_t num_long = 0;
  for (const uint64_t entry : entries) {
    const uint32_t lcp = unpack(entry).lcp;
    if (lcp >= kLongLcp) store(static_cast<uint16_t>(lcp), long_lcps + 2 * num_long++);
  }
  store(static_cast<uint16_t>(entries.size()), out.data());
  store(static_cast<uint16_t>(num_long), out.data() + 2);
  store(static_cast<uint8_t>(position_bits), out.data() + 4);
  store(first_rank, out.data() + 8);
  out.resize(num_bytes(entries.size(), num_long, position_bits));
  return out;
}

uint32_t Leaf::long_lcp(size_t i) const {
  const auto before = static_cast<size_t>(std::count(lcps_, lcps_ + i, kLongLcp));
  return before < num_long_ ? load<uint16_t>(long_lcps_ + 2 * before) : kMaxLcp;
}

size_t Leaf::search(std::string_view text) const {
  // The columns are looked at here and there: bring all of them at once.
  for (const uint8_t* line = lcps_; line < branches_ + size_; line += 64) __builtin_prefetch(line);
  size_t found = 0;
  for (size_t i = 1; i < size_;) {
    uint32_t shared = lcps_[i];
    if (shared == kLongLcp && text.size() > kLongLcp) shared = long_lcp(i);
    const int side = blind_side(text, shared, branches_[i]);
    if (side >= 0) found = i;
    const int64_t most = blind_most(text, shared, side);
    ++i;
    if (side == 0) continue;
    if (most < 0) break;
    if (most < kLongLcp) {
      i = first_at_most(lcps_, i, size_, static_cast<uint8_t>(most));
    } else {
      while (i < size_ && lcp(i) > most) ++i;
    }
  }
  return found;
}

size_t Leaf::run_begin(size_t i, size_t num_bytes) const {
  if (num_bytes <= kLongLcp) {
    return last_at_most(lcps_, 0, i + 1, static_cast<uint8_t>(num_bytes - 1));
  }
  while (i > 0 && lcp(i) >= num_bytes) --i;
  return i;
}

size_t Leaf::run_end(size_t i, size_t num_bytes) const {
  if (num_bytes <= kLongLcp) {
    return first_at_most(lcps_, i + 1, size_, static_cast<uint8_t>(num_bytes - 1));
  }
  do {
    ++i;
  } while (i < size_ && lcp(i) >= num_bytes);
  return i;
}

}  // namespace yurai

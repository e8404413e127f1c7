#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

/// Eight bytes of a suffix as a number that compares as they do. A document's end, FF, fills the
/// rest with FF: two suffixes that end alike have equal keys, whatever follows in the text.
namespace yurai {

inline constexpr size_t kKeyBytes = 8;
inline constexpr uint8_t kEndByte = 0xFF;  ///< of a document

/// How many bytes of a key are above the first FF, or kKeyBytes.
inline size_t key_end(uint64_t key) {
  const uint64_t inverse = ~key;  // its zero bytes
  constexpr uint64_t kLow = 0x7F7F7F7F7F7F7F7F;
  const uint64_t zeros = ~(((inverse & kLow) + kLow) | inverse | kLow);
  return static_cast<size_t>(std::countl_zero(zeros)) / 8;
}

/// The key of the suffix's eight bytes at `text`, all of which can be read.
inline uint64_t load_key(const char* text) {
  uint64_t bytes;
  std::memcpy(&bytes, text, sizeof(bytes));
  const uint64_t key = __builtin_bswap64(bytes);
  const uint64_t inverse = ~key;
  if (((inverse - 0x0101010101010101) & key & 0x8080808080808080) == 0) return key;
  const size_t end = key_end(key);
  return end + 1 >= kKeyBytes ? key : key | (~uint64_t{0} >> (8 * (end + 1)));
}

/// Whether the document ends within the key.
inline bool ends_in_key(uint64_t key) { return (key & 0xFF) == 0xFF; }

/// Bytes that two different keys share.
inline size_t shared_key_bytes(uint64_t a, uint64_t b) {
  return static_cast<size_t>(std::countl_zero(a ^ b)) / 8;
}

/// Bytes that two suffixes share, the end of a document not counted, when they share `shared`
/// already. Nothing beyond the eight bytes after the end of a document is read.
inline uint64_t shared_suffix_bytes(const char* a, const char* b, uint64_t shared) {
  while (true) {
    const uint64_t key_a = load_key(a + shared);
    const uint64_t key_b = load_key(b + shared);
    if (key_a != key_b) return shared + shared_key_bytes(key_a, key_b);
    if (ends_in_key(key_a)) return shared + key_end(key_a);
    shared += kKeyBytes;
  }
}

}  // namespace yurai

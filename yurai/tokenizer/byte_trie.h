#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace yurai {

/// Byte strings and a number for each, to be walked byte by byte. Steps are kept in one hash table,
/// so that building takes no more than a little memory a byte. Immutable once built; const calls
/// are thread-safe.
///
///     for (uint32_t node = ByteTrie::kRoot; at < text.size(); ++at) {
///       node = trie.step(node, text[at]);
///       if (node == ByteTrie::kNone) break;
///       if (trie.value(node) != ByteTrie::kNone) …   // text up to here is in the trie
///     }
class ByteTrie {
 public:
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = UINT32_MAX;
  /// So that a node and a byte fit into 32 bits.
  static constexpr size_t kMaxNodes = (1u << 24) - 1;

  ByteTrie();

  /// Adds or replaces; not the empty string. False where the trie is full.
  bool insert(std::string_view key, uint32_t value);

  uint32_t step(uint32_t node, char byte) const {
    const auto code = static_cast<unsigned char>(byte);
    if (node == kRoot) return roots_[code];
    const uint32_t key = node << 8 | code;
    for (uint32_t slot = hash(key);; slot = (slot + 1) & mask_) {
      if (slots_[slot].key == key) return slots_[slot].child;
      if (slots_[slot].key == kNone) return kNone;
    }
  }
  uint32_t value(uint32_t node) const { return values_[node]; }

 private:
  struct Slot {
    uint32_t key = kNone;
    uint32_t child = kNone;
  };
  uint32_t hash(uint32_t key) const { return (key * 0x9E3779B1u) >> shift_; }
  void grow();

  std::array<uint32_t, 256> roots_{};
  std::vector<Slot> slots_;
  std::vector<uint32_t> values_;  ///< of each node
  uint32_t mask_ = 0;
  unsigned shift_ = 0;
};

}  // namespace yurai

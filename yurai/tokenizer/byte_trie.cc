#include "yurai/tokenizer/byte_trie.h"

#include <bit>

namespace yurai {

ByteTrie::ByteTrie() : slots_(1024), values_(1, kNone), mask_(1023), shift_(22) {
  roots_.fill(kNone);
}

void ByteTrie::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = static_cast<uint32_t>(slots_.size() - 1);
  shift_ = 32 - static_cast<unsigned>(std::countr_zero(slots_.size()));
  for (const Slot& slot : old) {
    if (slot.key == kNone) continue;
    uint32_t at = hash(slot.key);
    while (slots_[at].key != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
}

bool ByteTrie::insert(std::string_view key, uint32_t value) {
  uint32_t node = kRoot;
  for (const char byte : key) {
    const uint32_t next = step(node, byte);
    if (next != kNone) {
      node = next;
      continue;
    }
    if (values_.size() >= kMaxNodes) return false;
    const auto child = static_cast<uint32_t>(values_.size());
    values_.push_back(kNone);
    const auto code = static_cast<unsigned char>(byte);
    if (node == kRoot) {
      roots_[code] = child;
    } else {
      if (values_.size() * 2 > slots_.size()) grow();
      const uint32_t slot_key = node << 8 | code;
      uint32_t at = hash(slot_key);
      while (slots_[at].key != kNone) at = (at + 1) & mask_;
      slots_[at] = {slot_key, child};
    }
    node = child;
  }
  values_[node] = value;
  return true;
}

}  // namespace yurai

#pragma once

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

namespace yurai {

/// Groups of numbers, the smallest of a group its representative. `unite` may be called from any
/// number of threads; which groups come out does not depend on the order. `find` is exact once all
/// threads are done. R. Anderson, H. Woll, "Wait-free parallel algorithms for the union-find
/// problem", STOC 1991.
class UnionFind {
 public:
  explicit UnionFind(uint64_t size) : parents_(size) {
    for (uint64_t i = 0; i < size; ++i) parents_[i].store(i, std::memory_order_relaxed);
  }

  uint64_t find(uint64_t i) {
    while (true) {
      uint64_t parent = parents_[i].load();
      if (parent == i) return i;
      const uint64_t grandparent = parents_[parent].load();
      // Halves the path; another thread's shortcut is as good.
      if (parent != grandparent) parents_[i].compare_exchange_weak(parent, grandparent);
      i = grandparent;
    }
  }

  void unite(uint64_t a, uint64_t b) {
    while (true) {
      a = find(a);
      b = find(b);
      if (a == b) return;
      if (a > b) std::swap(a, b);
      uint64_t root = b;  // only a root gets a parent, always a smaller one
      if (parents_[b].compare_exchange_strong(root, a)) return;
    }
  }

 private:
  std::vector<std::atomic<uint64_t>> parents_;
};

}  // namespace yurai

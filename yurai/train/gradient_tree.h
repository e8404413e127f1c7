#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

/// Adds up gradients in a binary tree whose shape depends on their number alone: those of two equal
/// subtrees as soon as both are there. Parts of it can be made apart, each from leaves that follow
/// each other, and put together: the sum has the same bits.
class GradientTree {
 public:
  explicit GradientTree(size_t num_values) : num_values_(num_values) {}

  /// A buffer of zeros.
  std::vector<float> take();
  void give_back(std::vector<float> buffer) { free_.push_back(std::move(buffer)); }

  /// Leaf `number`: the first, or the one after the last that was added.
  void add(uint64_t number, std::vector<float> leaf) { add({number, 0, std::move(leaf)}); }

  /// The sum of all; empties the tree.
  std::vector<float> finish();

  /// What is there as bytes, for another's `add_bytes`; empties the tree.
  void append_to(std::string& bytes);
  /// What comes after all that is there.
  Result<void> add_bytes(std::string_view bytes);

 private:
  struct Node {
    uint64_t begin = 0;  ///< its first leaf
    uint64_t level = 0;  ///< of 2^level leaves
    std::vector<float> sum;
  };
  void add(Node node);
  void join();

  size_t num_values_;
  std::vector<Node> nodes_;
  std::vector<std::vector<float>> free_;
};

}  // namespace yurai

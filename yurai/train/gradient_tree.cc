#include "yurai/train/gradient_tree.h"

#include <algorithm>
#include <cstring>

#include "yurai/base/number_codec.h"
#include "yurai/corpus/row_table.h"

namespace yurai {

std::vector<float> GradientTree::take() {
  if (free_.empty()) return std::vector<float>(num_values_, 0);
  std::vector<float> buffer = std::move(free_.back());
  free_.pop_back();
  std::ranges::fill(buffer, 0.0F);
  return buffer;
}

void GradientTree::add(Node node) {
  nodes_.push_back(std::move(node));
  while (nodes_.size() > 1) {
    const Node& left = nodes_[nodes_.size() - 2];
    // Two of a size are the halves of one only where the first is a left half.
    if (left.level != nodes_.back().level || left.begin % (2ull << left.level) != 0) return;
    join();
  }
}

void GradientTree::join() {
  Node right = std::move(nodes_.back());
  nodes_.pop_back();
  Node& left = nodes_.back();
  for (size_t i = 0; i < left.sum.size(); ++i) left.sum[i] += right.sum[i];
  left.level = std::max(left.level, right.level) + 1;
  free_.push_back(std::move(right.sum));
}

std::vector<float> GradientTree::finish() {
  while (nodes_.size() > 1) join();
  std::vector<float> sum = std::move(nodes_.back().sum);
  nodes_.clear();
  return sum;
}

void GradientTree::append_to(std::string& bytes) {
  for (Node& node : nodes_) {
    append_fixed(node.begin, 8, bytes);
    append_fixed(node.level, 8, bytes);
    bytes.append(reinterpret_cast<const char*>(node.sum.data()), node.sum.size() * sizeof(float));
    free_.push_back(std::move(node.sum));
  }
  nodes_.clear();
}

Result<void> GradientTree::add_bytes(std::string_view bytes) {
  const size_t node_bytes = 16 + num_values_ * sizeof(float);
  if (bytes.size() % node_bytes != 0) {
    return fail(ErrorCode::kUnavailable, "a rank sent a gradient of another model");
  }
  for (; !bytes.empty(); bytes.remove_prefix(node_bytes)) {
    Node node{load_u64(bytes.data()), load_u64(bytes.data() + 8), take()};
    std::memcpy(node.sum.data(), bytes.data() + 16, num_values_ * sizeof(float));
    add(std::move(node));
  }
  return {};
}

}  // namespace yurai

#include "yurai/model/recorder.h"

#include <gtest/gtest.h>

#include <vector>

namespace yurai {
namespace {

std::vector<float> floats(const TensorSource& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::copy_n(tensor.bytes.data(), tensor.bytes.size(), reinterpret_cast<char*>(values.data()));
  return values;
}

TEST(Observer, ReadsViewsByTheirStrides) {
  const std::vector<float> memory = {0, 1, 2, 3, 4, 5, 6, 7};
  // Two heads, side by side in each of two rows of four.
  const std::string bytes =
      bytes_of({.shape = {1, 2, 2, 2}, .data = memory.data(), .strides = {8, 2, 4, 1}});
  std::vector<float> values(8);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
  EXPECT_EQ(values, (std::vector<float>{0, 1, 4, 5, 2, 3, 6, 7}));
  EXPECT_EQ(bytes_of({.shape = {2}, .data = memory.data()}).size(), 8U);
}

TEST(Recorder, PutsThePiecesOfATextTogether) {
  Recorder recorder(parse_sites("resid_post,attn_probs").value());
  EXPECT_TRUE(recorder.wants(Site::kAttention, 3));
  EXPECT_FALSE(recorder.wants(Site::kLogits, 0));
  const std::vector<float> a = {1, 2, 3, 4}, b = {5, 6};
  recorder.on(Site::kResidualPost, 1, {.shape = {1, 2, 2}, .data = a.data()});
  recorder.on(Site::kResidualPost, 1, {.shape = {1, 1, 2}, .data = b.data()});
  // Two heads: two tokens of two keys, then one of three.
  const std::vector<float> p = {1, 0, 2, 3, 4, 0, 5, 6}, q = {7, 8, 9, 10, 11, 12};
  recorder.on(Site::kAttention, 0, {.shape = {1, 2, 2, 2}, .data = p.data()});
  recorder.on(Site::kAttention, 0, {.shape = {1, 2, 1, 3}, .data = q.data()});
  for (int twice = 0; twice < 2; ++twice) {
    const std::vector<TensorSource> tensors = recorder.tensors();
    ASSERT_EQ(tensors.size(), 2U);
    EXPECT_EQ(tensors[0].name, "blocks.1.resid_post");
    EXPECT_EQ(tensors[0].shape, (std::vector<uint64_t>{1, 3, 2}));
    EXPECT_EQ(floats(tensors[0]), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(tensors[1].shape, (std::vector<uint64_t>{1, 2, 3, 3}));
    EXPECT_EQ(floats(tensors[1]), (std::vector<float>{1, 0, 0, 2, 3, 0, 7, 8, 9,  //
                                                      4, 0, 0, 5, 6, 0, 10, 11, 12}));
  }
  EXPECT_FALSE(parse_sites("nowhere"));
  EXPECT_EQ(parse_sites("").value().size(), 18U);
}

}  // namespace
}  // namespace yurai

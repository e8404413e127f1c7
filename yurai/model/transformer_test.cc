#include "yurai/model/transformer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "yurai/model/model_cases.h"

namespace yurai {
namespace {

class TransformerAgainstReference : public ::testing::TestWithParam<testing::ModelCase> {
 protected:
  void SetUp() override {
    const ModelConfig config = testing::config_of(GetParam());
    auto model = Transformer::make(config, 7);
    ASSERT_TRUE(model) << model.error().message;
    model_ = std::move(*model);
    SplitMix64 random(testing::test_seed());
    testing::ReferenceWeights weights;
    for (const WeightRange& range : model_->weight_ranges()) {
      auto& values = weights[range.parameter.name];
      for (uint64_t i = 0; i < range.parameter.num_values(); ++i) {
        float& value = model_->weights()[range.begin + i];
        value = testing::random_weight(random, range.parameter.name);
        values.push_back(static_cast<double>(value));
      }
    }
    reference_ = std::make_unique<testing::ReferenceModel>(config, std::move(weights));
    for (size_t t = 0; t < 11; ++t) {
      tokens_.push_back(static_cast<int32_t>(random.below(19)));
      targets_.push_back(random.below(4) == 0 ? -1 : static_cast<int32_t>(random.below(19)));
      segments_.push_back(t < 2 ? -1 : t < 6 ? 0 : 1);
    }
  }

  std::unique_ptr<Transformer> model_;
  std::unique_ptr<testing::ReferenceModel> reference_;
  std::vector<int32_t> tokens_, targets_, segments_;
};

TEST_P(TransformerAgainstReference, ComputesTheSameLogits) {
  const auto logits = model_->logits({.length = 11, .tokens = tokens_, .segments = segments_});
  ASSERT_TRUE(logits) << logits.error().message;
  const auto wanted = reference_->logits(tokens_, segments_);
  for (size_t t = 0; t < 11; ++t) {
    for (size_t v = 0; v < 19; ++v) {
      EXPECT_NEAR((*logits)[t * 19 + v], wanted[t][v], 2e-4) << t;
    }
  }
  // And token by token through a cache.
  KvCache cache(1);
  for (size_t t = 0; t < 11; ++t) {
    const auto one = model_->logits({.length = 1,
                                     .tokens = std::span(tokens_).subspan(t, 1),
                                     .segments = std::span(segments_).subspan(t, 1)},
                                    &cache);
    ASSERT_TRUE(one);
    for (size_t v = 0; v < 19; ++v) EXPECT_NEAR((*one)[v], (*logits)[t * 19 + v], 1e-5) << t;
  }
}

TEST_P(TransformerAgainstReference, ComputesTheGradientsOfFiniteDifferences) {
  constexpr float kScale = 0.3F, kRouter = 0.7F, kRouterZ = 0.2F;
  std::vector<float> gradients(model_->weights().size(), 0);
  const auto loss = model_->loss(
      {.length = 11, .tokens = tokens_, .segments = segments_}, targets_,
      {.scale = kScale, .router_scale = kRouter, .router_z_scale = kRouterZ}, gradients);
  ASSERT_TRUE(loss) << loss.error().message;
  SplitMix64 random(testing::test_seed());
  for (const WeightRange& range : model_->weight_ranges()) {
    for (int sample = 0; sample < 4; ++sample) {
      const uint64_t i = random.below(range.parameter.num_values());
      double& value = reference_->weights()[range.parameter.name][i];
      const double before = value;
      constexpr double kStep = 1e-5;
      const auto at = [&](double x) {
        value = x;
        return reference_->loss(tokens_, segments_, targets_, kScale, kRouter, kRouterZ);
      };
      const double slope = (at(before + kStep) - at(before - kStep)) / (2 * kStep);
      value = before;
      EXPECT_NEAR(gradients[range.begin + i], slope, 2e-4 + 2e-3 * std::abs(slope))
          << range.parameter.name << "[" << i << "]";
    }
  }
}

struct Kept final : Observer {
  bool wants(Site, uint64_t) const override { return true; }
  void on(Site site, uint64_t layer, const TensorView& view) override {
    const auto* values = static_cast<const float*>(view.data);
    uint64_t size = view.dtype == DType::kF32 ? 1 : 0;
    for (const uint64_t axis : view.shape) size *= axis;
    seen[{site, layer}].assign(values, values + size);
  }
  std::map<std::pair<Site, uint64_t>, std::vector<float>> seen;
};

/// A cache goes by plain steps, a pass alone by those of training.
TEST_P(TransformerAgainstReference, ShowsTheSameOfEitherWayToCompute) {
  Kept fused, plain;
  KvCache cache(1);
  ASSERT_TRUE(model_->logits({.length = 11, .tokens = tokens_}, nullptr, &fused));
  ASSERT_TRUE(model_->logits({.length = 11, .tokens = tokens_}, &cache, &plain));
  ASSERT_EQ(fused.seen.size(), plain.seen.size());
  for (const auto& [place, values] : plain.seen) {
    const std::vector<float>& same = fused.seen[place];
    ASSERT_EQ(same.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(same[i], values[i], 1e-4) << site_name(place.first) << " " << place.second;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, TransformerAgainstReference,
                         ::testing::ValuesIn(testing::kModelCases), testing::case_name);

TEST(Transformer, RefusesBatchesThatAreNone) {
  const auto config =
      parse_model_config(R"({"architectures":["LlamaForCausalLM"],"vocab_size":8,"hidden_size":8,)"
                         R"("intermediate_size":8,"num_hidden_layers":1,"num_attention_heads":2})",
                         "test");
  ASSERT_TRUE(config);
  const auto model = Transformer::make(*config, 1);
  const std::vector<int32_t> tokens = {1, 9};
  EXPECT_FALSE((*model)->logits({.length = 2, .tokens = tokens}));
  EXPECT_FALSE((*model)->logits({.length = 3, .tokens = tokens}));
  EXPECT_FALSE((*model)->logits({.length = 0, .tokens = {}}));
  KvCache two(2);
  EXPECT_FALSE((*model)->logits({.length = 1, .tokens = std::span(tokens).first(1)}, &two));
}

TEST(Transformer, ObserversSeeEverySiteInItsShape) {
  const auto config = parse_model_config(
      R"({"architectures":["MixtralForCausalLM"],"vocab_size":8,"hidden_size":8,)"
      R"("intermediate_size":8,"num_hidden_layers":2,"num_attention_heads":2,)"
      R"("num_key_value_heads":1,"num_local_experts":3,"num_experts_per_tok":2})",
      "test");
  ASSERT_TRUE(config);
  const auto model = Transformer::make(*config, 1);
  struct Shapes final : Observer {
    bool wants(Site, uint64_t) const override { return true; }
    void on(Site site, uint64_t layer, const TensorView& view) override {
      seen[{std::string(site_name(site)), layer}] = view.shape;
    }
    std::map<std::pair<std::string, uint64_t>, std::vector<uint64_t>> seen;
  } shapes;
  const std::vector<int32_t> tokens = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE((*model)->logits({.batch = 2, .length = 3, .tokens = tokens}, nullptr, &shapes));
  EXPECT_EQ(shapes.seen.size(), 3U + 2 * 15);
  EXPECT_EQ((shapes.seen[{"attn_probs", 1}]), (std::vector<uint64_t>{2, 2, 3, 3}));
  EXPECT_EQ((shapes.seen[{"k", 0}]), (std::vector<uint64_t>{2, 1, 3, 4}));
  EXPECT_EQ((shapes.seen[{"expert_ids", 0}]), (std::vector<uint64_t>{6, 2}));
  EXPECT_EQ((shapes.seen[{"logits", 0}]), (std::vector<uint64_t>{2, 3, 8}));
  EXPECT_FALSE(parse_site("nowhere"));
}

}  // namespace
}  // namespace yurai

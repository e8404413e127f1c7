#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"
#include "yurai/model/transformer.h"

/// Passes that are computed in other ways than step by step: fused, in bf16, with activations that
/// are computed again, with experts that are full.
namespace yurai {
namespace {

/// Wants everything, and counts it.
class Onlooker final : public Observer {
 public:
  bool wants(Site, uint64_t) const override { return true; }
  void on(Site site, uint64_t layer, const TensorView&) override { ++seen[{site, layer}]; }
  std::map<std::pair<Site, uint64_t>, int> seen;
};

struct Trial {
  std::vector<int32_t> tokens, targets, segments, positions;
  uint64_t batch = 2;
  uint64_t length = 150;  // more than two blocks of attention
  TokenBatch view() const {
    return {.batch = batch,
            .length = length,
            .tokens = tokens,
            .segments = segments,
            .positions = positions};
  }
};

ModelConfig shape(uint64_t experts = 0) {
  ModelConfig config;
  config.vocabulary_size = 300;
  config.hidden_size = 24;
  config.intermediate_size = 40;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_size = 6;
  config.max_positions = 256;
  config.tie_embeddings = true;
  if (experts > 0) {
    config.architecture = Architecture::kMixtral;
    config.num_experts = experts;
    config.experts_per_token = 2;
    config.expert_size = 20;
    config.sparse_layers.assign(config.num_layers, true);
  }
  return config;
}

Trial trial() {
  Trial made;
  SplitMix64 random(testing::test_seed());
  for (uint64_t b = 0; b < made.batch; ++b) {
    int32_t segment = 0;
    int32_t position = 0;
    for (uint64_t t = 0; t < made.length; ++t, ++position) {
      if (random.below(40) == 0) {
        ++segment;
        position = 0;
      }
      made.tokens.push_back(static_cast<int32_t>(random.below(300)));
      made.targets.push_back(random.below(9) == 0 ? -1 : static_cast<int32_t>(random.below(300)));
      made.segments.push_back(segment);
      made.positions.push_back(position);
    }
  }
  return made;
}

struct Outcome {
  Loss loss;
  std::vector<float> gradients;
};

Outcome pass(const Transformer& model, const Trial& trial, PassOptions options,
             Observer* observer = nullptr) {
  Outcome outcome;
  outcome.gradients.assign(model.weights().size(), 0);
  const auto loss = model.loss(
      trial.view(), trial.targets,
      {.scale = 1.0F / 300, .router_scale = 0.1F, .router_z_scale = 0.01F, .pass = options},
      outcome.gradients, observer);
  EXPECT_TRUE(loss) << loss.error().message;
  if (loss) outcome.loss = *loss;
  return outcome;
}

double length(const std::vector<float>& values) {
  double squares = 0;
  for (const float value : values)
    squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

/// |a - b| / |b|
double distance(std::vector<float> a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return length(a) / length(b);
}

TEST(TrainingPass, IsFusedOrInPlainStepsTheSame) {
  for (const uint64_t experts : {0U, 4U}) {
    for (const bool window : {false, true}) {
      ModelConfig config = shape(experts);
      if (window) config.sliding_window = 70;
      const auto model = Transformer::make(config, 3);
      const Trial made = trial();
      const Outcome fused = pass(**model, made, {});
      const Outcome plain = pass(**model, made, {.plain_attention = true});
      KvCache cache(made.batch);
      EXPECT_NEAR(fused.loss.mean_nats, plain.loss.mean_nats, 1e-5);
      EXPECT_LT(distance(fused.gradients, plain.gradients), 1e-5);
      EXPECT_LT(distance(*(*model)->logits(made.view()), *(*model)->logits(made.view(), &cache)),
                1e-5);
    }
  }
}

TEST(TrainingPass, IsInPlainStepsWhereSegmentsAreNoRuns) {
  const auto model = Transformer::make(shape(), 3);
  Trial made = trial();
  for (size_t i = 0; i < made.segments.size(); ++i) made.segments[i] = static_cast<int32_t>(i % 2);
  EXPECT_EQ(pass(**model, made, {}).gradients,
            pass(**model, made, {.plain_attention = true}).gradients);
}

TEST(TrainingPass, WithActivationsComputedAgainHasTheSameBits) {
  for (const uint64_t experts : {0U, 4U}) {
    const auto model = Transformer::make(shape(experts), 3);
    for (const double capacity : {0.0, 1.0}) {
      const PassOptions kept{.expert_capacity_factor = capacity};
      const PassOptions again{.checkpoint_activations = true, .expert_capacity_factor = capacity};
      const Outcome a = pass(**model, trial(), kept);
      const Outcome b = pass(**model, trial(), again);
      EXPECT_EQ(a.gradients, b.gradients);
      EXPECT_EQ(a.loss.mean_nats, b.loss.mean_nats);
      EXPECT_EQ(a.loss.router_loss, b.loss.router_loss);
      EXPECT_EQ(a.loss.dropped_choices, b.loss.dropped_choices);
    }
  }
}

TEST(TrainingPass, HasTheSameBitsWhoeverLooksOn) {
  for (const uint64_t experts : {0U, 4U}) {
    const auto model = Transformer::make(shape(experts), 3);
    for (const bool again : {false, true}) {
      const PassOptions options{.checkpoint_activations = again};
      Onlooker onlooker;
      const Outcome alone = pass(**model, trial(), options);
      const Outcome seen = pass(**model, trial(), options, &onlooker);
      EXPECT_EQ(alone.gradients, seen.gradients);
      EXPECT_EQ(alone.loss.tokens, seen.loss.tokens);
      EXPECT_EQ(onlooker.seen.size(), 2U + 2 * (experts > 0 ? 15 : 12));
      for (const auto& [place, times] : onlooker.seen) EXPECT_EQ(times, 1);
    }
  }
}

TEST(TrainingPass, InBf16IsCloseToF32) {
  for (const uint64_t experts : {0U, 4U}) {
    const auto model = Transformer::make(shape(experts), 3);
    const Outcome f32 = pass(**model, trial(), {});
    const Outcome bf16 = pass(**model, trial(), {.bf16 = true});
    EXPECT_NE(bf16.gradients, f32.gradients);
    EXPECT_NEAR(bf16.loss.mean_nats, f32.loss.mean_nats, 2e-3);
    // A value keeps 8 bits. A router that chooses another expert for it differs by more.
    EXPECT_LT(distance(bf16.gradients, f32.gradients), experts == 0 ? 0.02 : 0.2);
  }
}

TEST(TrainingPass, DropsWhatExpertsHaveNoRoomForAndCountsIt) {
  const auto model = Transformer::make(shape(4), 3);
  const Trial made = trial();
  const Outcome all = pass(**model, made, {});
  EXPECT_EQ(all.loss.dropped_choices, 0U);
  const Outcome roomy = pass(**model, made, {.expert_capacity_factor = 4});
  EXPECT_EQ(roomy.loss.dropped_choices, 0U);
  EXPECT_EQ(roomy.gradients, all.gradients);
  // 300 tokens' 600 choices in each of two layers; at half the even share at least half is dropped.
  const Outcome full = pass(**model, made, {.expert_capacity_factor = 0.5});
  EXPECT_GE(full.loss.dropped_choices, 600U);
  EXPECT_LT(full.loss.dropped_choices, 1200U);
  EXPECT_NE(full.gradients, all.gradients);
  // The gradient is that of what was computed: a step against it lowers the loss.
  const auto moved = Transformer::make(shape(4), 3);
  const double size = length(full.gradients);
  for (size_t i = 0; i < full.gradients.size(); ++i) {
    (*moved)->weights()[i] -= 1e-2F * full.gradients[i] / static_cast<float>(size);
  }
  EXPECT_LT(pass(**moved, made, {.expert_capacity_factor = 0.5}).loss.mean_nats,
            full.loss.mean_nats);
}

}  // namespace
}  // namespace yurai

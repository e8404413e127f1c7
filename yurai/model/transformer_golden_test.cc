#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/testing.h"
#include "yurai/model/transformer.h"

/// Tiny models against what the public library computes for them.
namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr float kTolerance = 1e-4F;

/// Keeps all that it sees.
class Recorder final : public Observer {
 public:
  bool wants(Site, uint64_t) const override { return true; }
  void on(Site site, uint64_t layer, const TensorView& view) override {
    if (view.dtype != DType::kF32) return;
    uint64_t values = 1;
    for (const uint64_t size : view.shape) values *= size;
    const auto* begin = static_cast<const float*>(view.data);
    seen[{site, layer}].assign(begin, begin + values);
  }
  std::map<std::pair<Site, uint64_t>, std::vector<float>> seen;
};

class GoldenModel : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const fs::path dir = testing::test_data() / "models" / GetParam();
    if (!fs::exists(dir)) GTEST_SKIP() << "no golden models in " << dir << "; set YURAI_TEST_DATA";
    auto folder = ModelFolder::open(dir);
    ASSERT_TRUE(folder) << folder.error().message;
    auto model = Transformer::open(*folder);
    ASSERT_TRUE(model) << model.error().message;
    model_ = std::move(*model);
    auto golden = SafetensorsFile::open(dir / "golden.safetensors");
    ASSERT_TRUE(golden) << golden.error().message;
    golden_ = std::make_unique<SafetensorsFile>(std::move(*golden));
    facts_ = Json::parse(*read_file(dir / "golden.json"));
    for (const Json& row : facts_["input_ids"]) {
      for (const Json& id : row) tokens_.push_back(id);
    }
    batch_ = {.batch = facts_["input_ids"].size(),
              .length = facts_["input_ids"][0].size(),
              .tokens = tokens_};
  }

  std::vector<float> golden(const std::string& name) const {
    const auto& tensors = golden_->tensors();
    const auto entry = std::ranges::find(tensors, name, &TensorEntry::name);
    EXPECT_NE(entry, tensors.end()) << name;
    std::vector<float> values(entry->num_values());
    EXPECT_TRUE(golden_->read_f32(*entry, values));
    return values;
  }

  void expect_near(const std::vector<float>& values, const std::string& name) const {
    const std::vector<float> wanted = golden(name);
    ASSERT_EQ(values.size(), wanted.size()) << name;
    float worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      worst = std::max(worst, std::abs(values[i] - wanted[i]));
      ASSERT_FALSE(std::isnan(values[i])) << name;
    }
    EXPECT_LE(worst, kTolerance) << name;
  }

  std::unique_ptr<Transformer> model_;
  std::unique_ptr<SafetensorsFile> golden_;
  Json facts_;
  std::vector<int32_t> tokens_;
  TokenBatch batch_;
};

TEST_P(GoldenModel, ComputesTheSameLogitsHiddenStatesAttentionAndRouting) {
  Recorder recorder;
  const auto logits = model_->logits(batch_, nullptr, &recorder);
  ASSERT_TRUE(logits) << logits.error().message;
  expect_near(*logits, "logits");
  const uint64_t layers = model_->config().num_layers;
  for (uint64_t l = 0; l < layers; ++l) {
    expect_near(recorder.seen[{Site::kResidualPre, l}], "hidden_" + std::to_string(l));
    expect_near(recorder.seen[{Site::kAttention, l}], "attn_" + std::to_string(l));
    if (model_->config().num_experts > 0) {
      expect_near(recorder.seen[{Site::kRouterLogits, l}], "router_" + std::to_string(l));
    }
  }
  expect_near(recorder.seen[{Site::kFinal, 0}], "hidden_" + std::to_string(layers));
}

TEST_P(GoldenModel, ComputesTheSameLossAndGradients) {
  std::vector<int32_t> targets(tokens_.size(), -1);
  for (size_t i = 0; i + 1 < tokens_.size(); ++i) {
    if ((i + 1) % batch_.length != 0) targets[i] = tokens_[i + 1];
  }
  const auto predictions = static_cast<float>(batch_.batch * (batch_.length - 1));
  const auto weight = static_cast<float>(model_->config().router_loss_weight);
  std::vector<float> gradients(model_->weights().size(), 0);
  const auto loss =
      model_->loss(batch_, targets, {.scale = 1 / predictions, .router_scale = weight}, gradients);
  ASSERT_TRUE(loss) << loss.error().message;
  double total = loss->mean_nats;
  if (!facts_["aux_loss"].is_null()) {
    EXPECT_NEAR(loss->router_loss, facts_["aux_loss"].get<double>(), kTolerance);
    total += weight * loss->router_loss;
  }
  EXPECT_NEAR(total, facts_["loss"].get<double>(), kTolerance);
  for (const WeightRange& range : model_->weight_ranges()) {
    const auto begin = gradients.begin() + static_cast<ptrdiff_t>(range.begin);
    expect_near({begin, begin + static_cast<ptrdiff_t>(range.parameter.num_values())},
                "grad." + range.parameter.name);
  }
  // What is there is added to.
  const std::vector<float> once = gradients;
  ASSERT_TRUE(
      model_->loss(batch_, targets, {.scale = 1 / predictions, .router_scale = weight}, gradients));
  float largest = 0;  // of the sums that rounded: what a weight's parts are as large as
  for (const float value : once) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < once.size(); ++i) {
    ASSERT_NEAR(gradients[i], 2 * once[i], 1e-6 * largest);
  }
}

TEST_P(GoldenModel, ContinuesGreedilyWithTheSameTokens) {
  const std::vector<int32_t> wanted = facts_["greedy_from_first_8"];
  std::vector<int32_t> ids(wanted.begin(), wanted.begin() + 8);
  KvCache cache(1);
  std::vector<int32_t> fresh = ids;
  while (ids.size() < wanted.size()) {
    const auto logits = model_->logits({.length = fresh.size(), .tokens = fresh}, &cache, nullptr,
                                       /*last_only=*/true);
    ASSERT_TRUE(logits) << logits.error().message;
    const auto best = std::ranges::max_element(*logits);
    fresh = {static_cast<int32_t>(best - logits->begin())};
    ids.push_back(fresh[0]);
  }
  EXPECT_EQ(ids, wanted);
}

TEST_P(GoldenModel, ComputesTheSamePaddedCachedAndAlone) {
  // Two rows of different length, padded left and right, against each row alone.
  const std::vector<int32_t> row(tokens_.begin(), tokens_.begin() + 24);
  const std::vector<int32_t> shorter(tokens_.begin() + 24, tokens_.begin() + 24 + 17);
  const auto alone = model_->logits({.length = 17, .tokens = shorter});
  ASSERT_TRUE(alone);
  const uint64_t V = model_->config().vocabulary_size;
  for (const bool left : {true, false}) {
    std::vector<int32_t> tokens = row;
    std::vector<int32_t> segments(24, 0);
    for (size_t i = 0; i < 24; ++i) {
      const bool padding = left ? i < 7 : i >= 17;
      segments.push_back(padding ? -1 : 0);
      tokens.push_back(padding ? 0 : shorter[left ? i - 7 : i]);
    }
    // In three pieces through a cache.
    KvCache cache(2);
    std::vector<float> last;
    for (size_t begin = 0; begin < 24; begin += 8) {
      std::vector<int32_t> piece_tokens;
      std::vector<int32_t> piece_segments;
      for (size_t b = 0; b < 2; ++b) {
        for (size_t t = begin; t < begin + 8; ++t) {
          piece_tokens.push_back(tokens[b * 24 + t]);
          piece_segments.push_back(segments[b * 24 + t]);
        }
      }
      const auto logits = model_->logits(
          {.batch = 2, .length = 8, .tokens = piece_tokens, .segments = piece_segments}, &cache);
      ASSERT_TRUE(logits) << logits.error().message;
      for (size_t t = 0; t < 8; ++t) {
        const size_t at = begin + t;
        if (segments[24 + at] < 0) continue;
        const size_t own = left ? at - 7 : at;
        for (uint64_t v = 0; v < V; ++v) {
          ASSERT_NEAR((*logits)[(8 + t) * V + v], (*alone)[own * V + v], 1e-5) << own;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenModel,
                         ::testing::Values("llama-mha", "llama-gqa-tied", "llama-rope-linear",
                                           "llama-rope-llama3", "mixtral", "mixtral-top1"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace yurai

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "yurai/model/decoder_model.h"
#include "yurai/model/model_cases.h"
#include "yurai/model/recorder.h"
#include "yurai/model/testing.h"
#include "yurai/model/transformer.h"

/// The decoder computes what the definition computes, inside as well.
namespace yurai {
namespace {

class DecoderAgainstTransformer : public ::testing::TestWithParam<testing::ModelCase> {
 protected:
  void SetUp() override {
    const ModelConfig config = testing::config_of(GetParam());
    SplitMix64 random(testing::test_seed());
    std::map<std::string, std::vector<float>> weights;
    for (const ParameterShape& parameter : parameter_shapes(config)) {
      for (uint64_t i = 0; i < parameter.num_values(); ++i) {
        weights[parameter.name].push_back(testing::random_weight(random, parameter.name));
      }
    }
    testing::write_model(dir_ / "model", config, weights);
    YURAI_CHECK(write_file(dir_ / "model/tokenizer.json",
                           R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})")
                    .has_value());
    transformer_ = Transformer::open(ModelFolder::open(dir_ / "model").value()).value();
    // More than the decoder computes at once.
    for (size_t t = 0; t < 130; ++t) tokens_.push_back(static_cast<int32_t>(random.below(19)));
  }

  testing::TemporaryDirectory dir_;
  std::unique_ptr<Transformer> transformer_;
  std::vector<int32_t> tokens_;
};

TEST_P(DecoderAgainstTransformer, ShowsTheSameAtEverySite) {
  const auto decoder = Decoder::open(ModelFolder::open(dir_ / "model").value(),
                                     {.threads = 2, .isa = choose_isa().value()})
                           .value();
  Recorder wanted(parse_sites("").value()), shown(parse_sites("").value());
  ASSERT_TRUE(
      transformer_->logits({.length = tokens_.size(), .tokens = tokens_}, nullptr, &wanted));
  DecoderCache cache(*decoder);
  const std::span<const int32_t> all(tokens_);
  // A prompt, then token by token.
  ASSERT_TRUE(decoder->add(all.first(120), cache, true, &shown));
  for (size_t t = 120; t < all.size(); ++t) {
    ASSERT_TRUE(decoder->add(all.subspan(t, 1), cache, true, &shown));
  }
  std::map<std::string, TensorSource> by_name;
  for (const TensorSource& tensor : shown.tensors()) by_name[tensor.name] = tensor;
  const std::vector<TensorSource> expected = wanted.tensors();
  EXPECT_EQ(by_name.size(), expected.size());
  for (const TensorSource& tensor : expected) {
    const TensorSource& same = by_name[tensor.name];
    ASSERT_EQ(same.shape, tensor.shape) << tensor.name;
    if (tensor.dtype == DType::kI64) {
      EXPECT_EQ(same.bytes, tensor.bytes) << tensor.name;
      continue;
    }
    for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(float)) {
      float a = 0, b = 0;
      std::memcpy(&a, tensor.bytes.data() + at, sizeof a);
      std::memcpy(&b, same.bytes.data() + at, sizeof b);
      ASSERT_NEAR(a, b, 4e-4) << tensor.name << " " << at / sizeof(float);
    }
  }
}

TEST_P(DecoderAgainstTransformer, GivesTheSameBitsWhoeverLooksOn) {
  const auto decoder = Decoder::open(ModelFolder::open(dir_ / "model").value(),
                                     {.weights = WeightType::kInt8, .isa = choose_isa().value()})
                           .value();
  DecoderCache alone(*decoder), seen(*decoder);
  Recorder recorder(parse_sites("").value());
  const auto logits = decoder->add(tokens_, alone);
  EXPECT_EQ(*logits, *decoder->add(tokens_, seen, false, &recorder));
}

TEST_P(DecoderAgainstTransformer, FindsTokensAsLikely) {
  const auto model = DecoderModel::open(dir_ / "model", {}).value();
  std::vector<int32_t> targets(tokens_.begin() + 1, tokens_.end());
  targets.push_back(-1);
  const auto loss =
      transformer_->loss({.length = tokens_.size(), .tokens = tokens_}, targets, {}, {});
  const auto nats = model->token_nats(tokens_, targets);
  ASSERT_TRUE(loss && nats);
  for (size_t t = 0; t < tokens_.size(); ++t) EXPECT_NEAR((*nats)[t], loss->tokens[t], 4e-4) << t;
}

INSTANTIATE_TEST_SUITE_P(Shapes, DecoderAgainstTransformer,
                         ::testing::ValuesIn(testing::kModelCases), testing::case_name);

}  // namespace
}  // namespace yurai

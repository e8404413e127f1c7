#include "yurai/model/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "yurai/model/model_cases.h"
#include "yurai/model/model_import.h"
#include "yurai/model/testing.h"

namespace yurai {
namespace {

using Logits = std::vector<float>;

std::vector<Isa> supported_sets() {
  std::vector<Isa> sets;
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (is_supported(isa)) sets.push_back(isa);
  }
  return sets;
}

class DecoderAgainstReference : public ::testing::TestWithParam<testing::ModelCase> {
 protected:
  void SetUp() override {
    const ModelConfig config = testing::config_of(GetParam());
    SplitMix64 random(testing::test_seed());
    testing::ReferenceWeights exact;
    for (const ParameterShape& parameter : parameter_shapes(config)) {
      for (uint64_t i = 0; i < parameter.num_values(); ++i) {
        const float value = testing::random_weight(random, parameter.name);
        weights_[parameter.name].push_back(value);
        exact[parameter.name].push_back(static_cast<double>(value));
      }
    }
    testing::write_model(dir_ / "model", config, weights_);
    reference_ = std::make_unique<testing::ReferenceModel>(config, std::move(exact));
    for (size_t t = 0; t < 150; ++t) tokens_.push_back(static_cast<int32_t>(random.below(19)));
  }
  std::unique_ptr<Decoder> decoder(DecoderOptions options, const char* name = "model") {
    auto folder = ModelFolder::open(dir_ / name);
    YURAI_CHECK(folder.has_value());
    auto opened = Decoder::open(*folder, options);
    YURAI_CHECK(opened.has_value());
    return std::move(*opened);
  }
  Logits all_logits(const Decoder& of) {
    DecoderCache cache(of);
    auto logits = of.add(tokens_, cache, /*all=*/true);
    YURAI_CHECK(logits.has_value());
    return *logits;
  }

  testing::TemporaryDirectory dir_;
  std::map<std::string, std::vector<float>> weights_;
  std::unique_ptr<testing::ReferenceModel> reference_;
  std::vector<int32_t> tokens_;
};

TEST_P(DecoderAgainstReference, ComputesTheSameLogits) {
  const Logits logits = all_logits(*decoder({.isa = choose_isa().value()}));
  const auto wanted = reference_->logits(tokens_, std::vector<int32_t>(tokens_.size(), 0));
  for (size_t t = 0; t < tokens_.size(); ++t) {
    for (size_t v = 0; v < 19; ++v) ASSERT_NEAR(logits[t * 19 + v], wanted[t][v], 2e-4) << t;
  }
}

TEST_P(DecoderAgainstReference, GivesTheSameBitsInEveryWay) {
  for (const WeightType type : {WeightType::kF32, WeightType::kBf16, WeightType::kInt8}) {
    const Logits wanted = all_logits(*decoder({.weights = type}));
    for (const Isa isa : supported_sets()) {
      for (const unsigned threads : {1U, 3U}) {
        const auto model = decoder({.weights = type, .threads = threads, .isa = isa});
        EXPECT_EQ(all_logits(*model), wanted) << name(isa) << " " << threads;
        // Token by token, and in two pieces.
        DecoderCache cache(*model), in_two(*model);
        for (size_t t = 0; t < 40; ++t) {
          const auto one = model->add(std::span(tokens_).subspan(t, 1), cache);
          ASSERT_TRUE(one);
          ASSERT_TRUE(std::ranges::equal(*one, std::span(wanted).subspan(t * 19, 19))) << t;
        }
        ASSERT_TRUE(model->add(std::span(tokens_).first(29), in_two));
        const auto last = model->add(std::span(tokens_).subspan(29, 104), in_two);
        EXPECT_TRUE(std::ranges::equal(*last, std::span(wanted).subspan(132 * 19, 19)));
      }
    }
  }
}

TEST_P(DecoderAgainstReference, ComputesSeveralTextsAsEachAlone) {
  const auto model = decoder({.threads = 2, .isa = choose_isa().value()});
  std::vector<DecoderCache> together, alone;
  std::vector<DecoderCache*> pointers;
  for (size_t text = 0; text < 5; ++text) {
    const auto prompt = std::span(tokens_).subspan(10 * text, 1 + 7 * text);
    together.emplace_back(*model);
    alone.emplace_back(*model);
    ASSERT_TRUE(model->add(prompt, together.back()));
    ASSERT_TRUE(model->add(prompt, alone.back()));
  }
  for (DecoderCache& cache : together) pointers.push_back(&cache);
  for (size_t step = 0; step < 20; ++step) {
    const auto fresh = std::span(tokens_).subspan(3 * step, 5);
    const auto all = model->add_each(fresh, pointers);
    ASSERT_TRUE(all);
    for (size_t text = 0; text < 5; ++text) {
      const auto one = model->add(fresh.subspan(text, 1), alone[text]);
      ASSERT_TRUE(std::ranges::equal(*one, std::span(*all).subspan(text * 19, 19)));
    }
  }
}

TEST_P(DecoderAgainstReference, InBf16IsTheModelOfRoundedWeights) {
  std::map<std::string, std::vector<float>> rounded = weights_;
  for (auto& [name, values] : rounded) {
    if (name.ends_with("norm.weight") || name.ends_with(".bias") || name.ends_with(".gate.weight"))
      continue;
    for (float& value : values) value = bf16_to_f32(f32_to_bf16(value));
  }
  testing::write_model(dir_ / "rounded", testing::config_of(GetParam()), rounded);
  EXPECT_EQ(all_logits(*decoder({.weights = WeightType::kBf16})),
            all_logits(*decoder({}, "rounded")));
}

TEST_P(DecoderAgainstReference, InInt8IsNear) {
  const Logits exact = all_logits(*decoder({}));
  const Logits near = all_logits(*decoder({.weights = WeightType::kInt8}));
  double error = 0, size = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const auto wanted = static_cast<double>(exact[i]);
    error += std::pow(static_cast<double>(near[i]) - wanted, 2);
    size += wanted * wanted;
  }
  // Wide of what a trained model shows: these weights are as large as they can be, the rows short.
  EXPECT_LT(std::sqrt(error / size), 0.1);
  EXPECT_GT(error, 0);
}

TEST_P(DecoderAgainstReference, ReadsAQuantisedFolderAsItQuantisesItself) {
  auto stage = StagingDirectory::create(dir_ / "int8", {}).value();
  const auto manifest = quantize_model(dir_ / "model", stage);
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_TRUE(stage.commit());
  EXPECT_EQ(manifest->facts["quantization"], "int8");
  EXPECT_EQ(all_logits(*decoder({.weights = WeightType::kInt8}, "int8")),
            all_logits(*decoder({.weights = WeightType::kInt8})));
  const auto folder = open_proven(dir_ / "int8");
  ASSERT_TRUE(folder) << folder.error().message;
  for (const WeightType type : {WeightType::kF32, WeightType::kBf16}) {
    const auto refused = Decoder::open(*folder, {.weights = type});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("its weights are int8"), std::string::npos);
  }
  std::vector<float> values(folder->parameters()[2].num_values());
  EXPECT_FALSE(folder->read_f32(folder->parameters()[2].name, values));
  // Not twice, and not out again as what it is not.
  auto again = StagingDirectory::create(dir_ / "again", {}).value();
  EXPECT_FALSE(quantize_model(dir_ / "int8", again));
  EXPECT_FALSE(export_model(dir_ / "int8", again));
  // A bit that flips is found; a folder without a matrix's scales is none.
  std::string bytes = read_file(dir_ / "int8/model.safetensors").value();
  bytes[bytes.size() - 5] ^= 1;
  ASSERT_TRUE(write_file(dir_ / "int8/model.safetensors", bytes));
  EXPECT_FALSE(open_proven(dir_ / "int8"));
  bytes.replace(bytes.find("q_proj.weight_scale"), 19, "q_proj.weight_scalf");
  ASSERT_TRUE(write_file(dir_ / "int8/model.safetensors", bytes));
  const auto none = ModelFolder::open(dir_ / "int8");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("no scales of weight"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Shapes, DecoderAgainstReference, ::testing::ValuesIn(testing::kModelCases),
                         testing::case_name);

TEST(Decoder, RefusesTokensThatAreNone) {
  testing::TemporaryDirectory dir;
  testing::write_toy_model(dir / "toy");
  const auto model = Decoder::open(ModelFolder::open(dir / "toy").value(), {});
  ASSERT_TRUE(model);
  DecoderCache cache(**model);
  EXPECT_FALSE((*model)->add({}, cache));
  for (const int32_t token : {-1, 5}) {
    EXPECT_FALSE((*model)->add(std::span(&token, 1), cache));
  }
  EXPECT_EQ(cache.length(), 0U);
}

// ---- tiny models against what the public library computes for them ----

class GoldenDecoder : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenDecoder, ComputesTheSameLogitsAndContinuesGreedily) {
  const std::filesystem::path dir = testing::test_data() / "models" / GetParam();
  if (!std::filesystem::exists(dir)) {
    GTEST_SKIP() << "no golden models in " << dir << "; set YURAI_TEST_DATA";
  }
  const Json facts = Json::parse(*read_file(dir / "golden.json"));
  const auto golden = SafetensorsFile::open(dir / "golden.safetensors");
  const auto entry = std::ranges::find(golden->tensors(), "logits", &TensorEntry::name);
  std::vector<float> wanted(entry->num_values());
  ASSERT_TRUE(golden->read_f32(*entry, wanted));
  for (const Isa isa : supported_sets()) {
    const auto model = Decoder::open(ModelFolder::open(dir).value(), {.isa = isa});
    ASSERT_TRUE(model) << model.error().message;
    Logits logits;
    for (const Json& row : facts["input_ids"]) {
      DecoderCache cache(**model);
      const auto of_row = (*model)->add(row.get<std::vector<int32_t>>(), cache, /*all=*/true);
      ASSERT_TRUE(of_row);
      logits.insert(logits.end(), of_row->begin(), of_row->end());
    }
    ASSERT_EQ(logits.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(logits[i], wanted[i], 1e-4) << i;
    const std::vector<int32_t> greedy = facts["greedy_from_first_8"];
    std::vector<int32_t> ids(greedy.begin(), greedy.begin() + 8);
    DecoderCache cache(**model);
    auto next = (*model)->add(ids, cache);
    while (ids.size() < greedy.size()) {
      ids.push_back(static_cast<int32_t>(std::ranges::max_element(*next) - next->begin()));
      next = (*model)->add(std::span(ids).last(1), cache);
    }
    EXPECT_EQ(ids, greedy);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenDecoder,
                         ::testing::Values("llama-mha", "llama-gqa-tied", "llama-rope-linear",
                                           "llama-rope-llama3", "mixtral", "mixtral-top1"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace yurai

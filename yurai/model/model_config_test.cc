#include "yurai/model/model_config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"
#include "yurai/model/model_folder.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelConfig parse(std::string_view json) {
  auto config = parse_model_config(json, "config.json");
  EXPECT_TRUE(config) << config.error().message;
  return config.value_or(ModelConfig{});
}

void refuses(std::string_view json, std::string_view words) {
  const auto config = parse_model_config(json, "config.json");
  ASSERT_FALSE(config) << json;
  EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(config.error().message, HasSubstr(std::string(words))) << json;
  EXPECT_THAT(config.error().message, HasSubstr("config.json"));
}

/// A configuration with the sizes of a toy, and these members besides.
std::string toy(std::string_view type, std::string_view members = "") {
  return fmt::format(
      R"({{"model_type":"{}","vocab_size":10,"hidden_size":8,"intermediate_size":6,)"
      R"("num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":2{}{}}})",
      type, members.empty() ? "" : ",", members);
}

TEST(ModelConfig, WhatIsMissingIsAsTransformersHasIt) {
  const ModelConfig llama = parse(R"({"model_type":"llama"})");
  EXPECT_EQ(llama.architecture, Architecture::kLlama);
  EXPECT_EQ(llama.vocabulary_size, 32000U);
  EXPECT_EQ(llama.hidden_size, 4096U);
  EXPECT_EQ(llama.intermediate_size, 11008U);
  EXPECT_EQ(llama.num_layers, 32U);
  EXPECT_EQ(llama.num_heads, 32U);
  EXPECT_EQ(llama.num_kv_heads, 32U);
  EXPECT_EQ(llama.head_size, 128U);
  EXPECT_EQ(llama.max_positions, 2048U);
  EXPECT_EQ(llama.rms_norm_eps, 1e-6);
  EXPECT_EQ(llama.rope_theta, 1e4);
  EXPECT_FALSE(llama.tie_embeddings || llama.attention_bias || llama.mlp_bias);
  EXPECT_FALSE(llama.sliding_window);
  EXPECT_EQ(llama.num_experts, 0U);
  EXPECT_EQ(llama.begin_token, 1U);
  EXPECT_THAT(llama.end_tokens, ElementsAre(2));
  EXPECT_EQ(llama.dtype, "float32");

  const ModelConfig mixtral = parse(R"({"model_type":"mixtral"})");
  EXPECT_EQ(mixtral.intermediate_size, 14336U);
  EXPECT_EQ(mixtral.num_kv_heads, 8U);
  EXPECT_EQ(mixtral.head_size, 128U);
  EXPECT_EQ(mixtral.max_positions, 131072U);
  EXPECT_EQ(mixtral.rms_norm_eps, 1e-5);
  EXPECT_EQ(mixtral.rope_theta, 1e6);
  EXPECT_FALSE(mixtral.sliding_window);
  EXPECT_EQ(mixtral.num_experts, 8U);
  EXPECT_EQ(mixtral.experts_per_token, 2U);
  EXPECT_EQ(mixtral.expert_size, 14336U);
  EXPECT_TRUE(mixtral.normalize_expert_weights);
  EXPECT_EQ(mixtral.router_loss_weight, 0.001);
  EXPECT_EQ(mixtral.sparse_layers, std::vector<bool>(32, true));
  EXPECT_EQ(mixtral.begin_token, 1U);

  const ModelConfig qwen = parse(R"({"model_type":"qwen3"})");
  EXPECT_EQ(qwen.vocabulary_size, 151936U);
  EXPECT_EQ(qwen.intermediate_size, 22016U);
  EXPECT_EQ(qwen.num_kv_heads, 32U);
  EXPECT_EQ(qwen.head_size, 128U);
  EXPECT_EQ(qwen.max_positions, 32768U);
  EXPECT_EQ(qwen.rope_theta, 1e4);
  EXPECT_FALSE(qwen.sliding_window);
  EXPECT_FALSE(qwen.begin_token);
  EXPECT_TRUE(qwen.end_tokens.empty());
  EXPECT_EQ(parse(R"({"model_type":"qwen3","hidden_size":64})").head_size, 128U);

  const ModelConfig moe = parse(R"({"model_type":"qwen3_moe"})");
  EXPECT_EQ(moe.hidden_size, 2048U);
  EXPECT_EQ(moe.intermediate_size, 6144U);
  EXPECT_EQ(moe.num_layers, 24U);
  EXPECT_EQ(moe.num_kv_heads, 4U);
  EXPECT_EQ(moe.head_size, 64U);  // of its heads, not 128: the class has no head_dim
  EXPECT_EQ(moe.num_experts, 128U);
  EXPECT_EQ(moe.experts_per_token, 8U);
  EXPECT_EQ(moe.expert_size, 768U);
  EXPECT_FALSE(moe.normalize_expert_weights);
}

TEST(ModelConfig, NullIsNotMissing) {
  const ModelConfig config = parse(
      R"({"model_type":"mixtral","num_key_value_heads":null,"bos_token_id":null,"eos_token_id":null})");
  EXPECT_EQ(config.num_kv_heads, 32U);
  EXPECT_FALSE(config.begin_token);
  EXPECT_TRUE(config.end_tokens.empty());
  EXPECT_EQ(parse(R"({"model_type":"qwen3","num_key_value_heads":null,"num_attention_heads":6})")
                .num_kv_heads,
            6U);
}

TEST(ModelConfig, ReadsTheFormsOfBothVersionsOfTransformers) {
  const ModelConfig four = parse(toy(
      "llama",
      R"("rope_theta":500000.0,"torch_dtype":"bfloat16","rope_scaling":{"rope_type":"llama3",)"
      R"("factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192})"));
  const ModelConfig five = parse(toy(
      "llama",
      R"("dtype":"bfloat16","rope_parameters":{"rope_type":"llama3","rope_theta":500000.0,)"
      R"("factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192})"));
  EXPECT_EQ(four, five);
  EXPECT_EQ(four.rope_theta, 5e5);
  EXPECT_EQ(four.dtype, "bfloat16");
  EXPECT_EQ(four.rope_scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(four.rope_scaling.original_max_positions, 8192U);
  EXPECT_EQ(parse(toy("llama", R"("rope_parameters":{"rope_theta":7})")).rope_theta, 7);
  EXPECT_EQ(
      parse(toy("llama", R"("rope_theta":7,"rope_parameters":{"rope_type":"default"})")).rope_theta,
      7);
  EXPECT_EQ(parse(toy("mixtral", R"("rope_parameters":{"rope_type":"default"})")).rope_theta, 1e6);
  EXPECT_EQ(parse(toy("llama", R"("rope_scaling":{"type":"linear","factor":2})")),
            parse(toy("llama", R"("rope_scaling":{"rope_type":"linear","factor":2.0})")));
  EXPECT_EQ(parse(toy("llama", R"("rope_scaling":null)")), parse(toy("llama")));
  EXPECT_EQ(parse(toy("qwen3_moe", R"("num_local_experts":4,"num_experts_per_tok":2)")),
            parse(toy("qwen3_moe", R"("num_experts":4,"num_experts_per_tok":2)")));
}

TEST(ModelConfig, AWindowIsForAllLayersOrForNone) {
  const auto window = [](std::string_view type, std::string_view members) {
    return parse(toy(type, members)).sliding_window;
  };
  EXPECT_EQ(window("mixtral", R"("sliding_window":5)"), 5U);
  EXPECT_EQ(window("mixtral", R"("sliding_window":null)"), std::nullopt);
  EXPECT_EQ(window("llama", R"("sliding_window":5)"), std::nullopt);
  EXPECT_EQ(window("qwen3", R"("sliding_window":5)"), std::nullopt);
  // Layers from 28 on have it: none of three.
  EXPECT_EQ(window("qwen3", R"("use_sliding_window":true)"), std::nullopt);
  EXPECT_EQ(window("qwen3", R"("use_sliding_window":true,"max_window_layers":0)"), 4096U);
  EXPECT_EQ(window("qwen3", R"("use_sliding_window":true,"sliding_window":5,"layer_types":)"
                            R"(["sliding_attention","sliding_attention","sliding_attention"])"),
            5U);
  EXPECT_EQ(window("qwen3", R"("use_sliding_window":true,"sliding_window":null)"), std::nullopt);
  refuses(toy("qwen3", R"("use_sliding_window":true,"max_window_layers":1)"), "some layers only");
  refuses(toy("qwen3", R"("use_sliding_window":true,"layer_types":["full_attention"])"),
          "some layers only");
}

TEST(ModelConfig, WhatWeDoNotHaveIsNamed) {
  refuses(R"({"architectures":["GPT2LMHeadModel"]})",
          "'GPT2LMHeadModel' is unknown; we have Llama");
  refuses(R"({"architectures":["\u001b[31m"]})", "\\u001b[31m");
  refuses(R"({"model_type":"gemma"})", "'gemma'");
  refuses("{}", "''");
  refuses("[]", "not a JSON object");
  refuses("{", "broken JSON");
  refuses(toy("llama", R"("hidden_act":"gelu")"), "hidden_act 'gelu'");
  refuses(toy("llama", R"("quantization_config":{})"), "quantised");
  refuses(toy("llama", R"("partial_rotary_factor":0.5)"), "partial_rotary_factor");
  refuses(toy("llama", R"("rope_parameters":{"partial_rotary_factor":0.5})"), "partial_rotary");
  refuses(toy("llama", R"("rope_scaling":{"rope_type":"longrope","factor":2})"), "'longrope'");
  refuses(toy("llama", R"("rope_scaling":{"rope_type":"linear"})"), "'factor' of rope_scaling");
  refuses(toy("llama", R"("rope_scaling":{"rope_type":"llama3","factor":2})"), "low_freq_factor");
  refuses(toy("llama", R"("rope_scaling":7)"), "must be an object");
  refuses(toy("llama", R"("rope_parameters":{"full_attention":{"rope_type":"x"},"rope_type":3})"),
          "'rope_type' must be text");
}

TEST(ModelConfig, SizesThatNoModelHasAreRefused) {
  refuses(R"({"model_type":"llama","vocab_size":0})", "'vocab_size'");
  refuses(R"({"model_type":"llama","vocab_size":-1})", "'vocab_size'");
  refuses(R"({"model_type":"llama","vocab_size":1.5})", "'vocab_size'");
  refuses(R"({"model_type":"llama","vocab_size":"1"})", "'vocab_size'");
  refuses(R"({"model_type":"llama","vocab_size":18446744073709551615})", "'vocab_size'");
  refuses(R"({"model_type":"llama","hidden_size":1e30})", "'hidden_size'");
  refuses(R"({"model_type":"llama","num_hidden_layers":5000})", "'num_hidden_layers'");
  refuses(R"({"model_type":"llama","hidden_size":100})", "multiple of 'num_attention_heads'");
  refuses(R"({"model_type":"llama","num_key_value_heads":5})", "multiple of 'num_key_value_heads'");
  refuses(R"({"model_type":"llama","num_key_value_heads":64})", "multiple of");
  refuses(R"({"model_type":"llama","head_dim":3})", "even");
  refuses(R"({"model_type":"llama","rms_norm_eps":-1})", "'rms_norm_eps'");
  refuses(R"({"model_type":"llama","eos_token_id":[2,32000]})", "'eos_token_id'");
  refuses(R"({"model_type":"qwen3_moe","num_experts":4})", "'num_experts_per_tok'");
  refuses(R"({"model_type":"qwen3_moe","mlp_only_layers":[24]})", "'mlp_only_layers'");
  refuses(R"({"model_type":"llama","hidden_size":1048576,"num_attention_heads":4096,)"
          R"("head_dim":1048576,"num_hidden_layers":4096})",
          "parameters; no machine has it");
  // Each is allowed; all together would be 50 million names and 2^65 values.
  refuses(R"({"model_type":"qwen3_moe","num_experts":4096,"num_hidden_layers":4096})",
          "4096 layers of 4096 experts");
  refuses(R"({"model_type":"qwen3_moe","num_experts":4096,"num_hidden_layers":32,)"
          R"("hidden_size":1048576,"moe_intermediate_size":1048576})",
          "parameters; no machine has it");
}

/// Members drawn at random, all of them such as a configuration may have.
std::string random_config(std::mt19937_64& random) {
  const auto pick = [&](uint64_t n) { return random() % n; };
  const auto maybe = [&](std::string text) { return pick(2) == 0 ? text : std::string(); };
  const char* types[] = {"llama", "mixtral", "qwen3", "qwen3_moe"};
  const std::string type = types[pick(4)];
  const uint64_t kv = 1 + pick(3);
  const uint64_t layers = 1 + pick(5);
  std::string json = fmt::format(
      R"({{"model_type":"{}","vocab_size":{},"hidden_size":{},"intermediate_size":{},)"
      R"("num_hidden_layers":{},"num_attention_heads":{},"num_key_value_heads":{},"head_dim":{})",
      type, 10 + pick(100), 1 + pick(64), 1 + pick(64), layers, kv * (1 + pick(4)), kv,
      2 * (1 + pick(16)));
  json += maybe(fmt::format(R"(,"rope_theta":{}.5)", 1 + pick(100000)));
  json += maybe(R"(,"rms_norm_eps":3e-7)");
  json += maybe(R"(,"tie_word_embeddings":true)") + maybe(R"(,"attention_bias":true)");
  json += maybe(R"(,"mlp_bias":true)") + maybe(R"(,"torch_dtype":"float16")");
  json += maybe(R"(,"sliding_window":7)") + maybe(R"(,"use_sliding_window":true)");
  json += maybe(R"(,"max_window_layers":0)");
  json += maybe(R"(,"bos_token_id":null)") + maybe(R"(,"eos_token_id":[3,4])");
  const char* ropes[] = {
      R"({"rope_type":"linear","factor":2.5})",
      R"({"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4})",
      R"({"rope_type":"yarn","factor":4,"beta_fast":16,"mscale":0.7,"truncate":false})",
      R"({"rope_type":"yarn","factor":4,"attention_factor":1.1})",
      R"({"rope_type":"default","rope_theta":77})"};
  json += maybe(fmt::format(R"(,"rope_scaling":{})", ropes[pick(5)]));
  json += fmt::format(R"(,"num_experts":{0},"num_local_experts":{0},"num_experts_per_tok":{1})",
                      3 + pick(4), 1 + pick(3));
  json += maybe(R"(,"norm_topk_prob":true)") + maybe(R"(,"decoder_sparse_step":2)");
  json += maybe(fmt::format(R"(,"mlp_only_layers":[{}])", pick(layers)));
  return json + "}";
}

TEST(ModelConfig, WhatIsWrittenReadsTheSame) {
  std::mt19937_64 random(testing::test_seed());
  for (int i = 0; i < 2000; ++i) {
    const std::string json = random_config(random);
    const auto config = parse_model_config(json, "config.json");
    if (!config) {  // layers 28 and on, of fewer: no window; else every draw is a configuration
      ADD_FAILURE() << config.error().message << json;
      continue;
    }
    const std::string again = dump_json(to_json(*config));
    EXPECT_EQ(parse(again), *config) << json << "\n" << again;
    EXPECT_EQ(dump_json(to_json(parse(again))), again);
    const auto shapes = parameter_shapes(*config);
    EXPECT_EQ(shapes.size(), num_parameter_tensors(*config)) << json;
    const ParameterCounts counts = count_parameters(*config);
    uint64_t total = 0;
    for (const ParameterShape& shape : shapes) total += shape.num_values();
    EXPECT_EQ(counts.total, total);
    EXPECT_EQ(counts.embedding + counts.attention + counts.mlp + counts.router + counts.norm,
              total);
    EXPECT_LE(counts.active, total);
  }
}

TEST(ModelConfig, CountsParametersOfPublishedModels) {
  // https://huggingface.co/meta-llama/Llama-2-7b-hf: 6,738,415,616
  EXPECT_EQ(count_parameters(parse(R"({"model_type":"llama"})")).total, 6'738'415'616U);
  // Mixtral-8x7B: 46,702,792,704, "12.9B active"
  const ParameterCounts mixtral = count_parameters(parse(R"({"model_type":"mixtral"})"));
  EXPECT_EQ(mixtral.total, 46'702'792'704U);
  EXPECT_EQ(mixtral.active / 100'000'000, 128U);
}

}  // namespace
}  // namespace yurai

#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"
#include "yurai/model/model_config.h"
#include "yurai/model/reference_model.h"

/// Small shapes of every architecture, with weights so large that every part counts.
namespace yurai::testing {

struct ModelCase {
  const char* name;
  const char* config;
};

constexpr ModelCase kModelCases[] = {
    {"LlamaWithBiases",
     R"("architectures":["LlamaForCausalLM"],"attention_bias":true,"mlp_bias":true)"},
    {"LlamaYarn",
     R"("architectures":["LlamaForCausalLM"],"rope_scaling":{"rope_type":"yarn","factor":4,)"
     R"("original_max_position_embeddings":16})"},
    {"LlamaLlama3",
     R"("architectures":["LlamaForCausalLM"],"rope_scaling":{"rope_type":"llama3","factor":8,)"
     R"("low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":16})"},
    {"MixtralWindow",
     R"("architectures":["MixtralForCausalLM"],"num_local_experts":4,"num_experts_per_tok":2,)"
     R"("sliding_window":3)"},
    {"Qwen3", R"("architectures":["Qwen3ForCausalLM"],"head_dim":6,"tie_word_embeddings":true)"},
    {"Qwen3Window",
     R"("architectures":["Qwen3ForCausalLM"],"head_dim":6,"use_sliding_window":true,)"
     R"("sliding_window":4,"max_window_layers":0)"},
    {"Qwen3Moe",
     R"("architectures":["Qwen3MoeForCausalLM"],"head_dim":6,"num_experts":5,)"
     R"("num_experts_per_tok":3,"moe_intermediate_size":6,"norm_topk_prob":true,"mlp_only_layers":[0])"},
    {"Qwen3MoeNotNormalised",
     R"("architectures":["Qwen3MoeForCausalLM"],"head_dim":6,"num_experts":5,)"
     R"("num_experts_per_tok":2,"moe_intermediate_size":6,"norm_topk_prob":false)"},
};

inline std::string case_name(const ::testing::TestParamInfo<ModelCase>& shape) {
  return shape.param.name;
}

inline ModelConfig config_of(const ModelCase& shape) {
  const std::string json =
      std::string(R"({"vocab_size":19,"hidden_size":16,"intermediate_size":10,)"
                  R"("num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,)"
                  R"("rope_theta":100.0,"max_position_embeddings":64,)") +
      shape.config + "}";
  auto config = parse_model_config(json, "test");
  YURAI_CHECK(config.has_value());
  return *config;
}

/// A value for a weight: larger than a first weight.
inline float random_weight(SplitMix64& random, const std::string& name) {
  return static_cast<float>(static_cast<double>(random.below(2001)) / 1000 - 1) * 0.5F +
         (name.ends_with("norm.weight") ? 1.0F : 0.0F);
}

}  // namespace yurai::testing

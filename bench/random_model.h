#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/random.h"
#include "yurai/model/testing.h"

/// A model for benches: 31.5 million parameters, random; d = 512, 8 layers, 8 heads of 64, inner
/// size 1536, 8,192 tokens, tied embeddings; each token of its tokenizer a character from U+4E00
/// on.
namespace yurai::bench {

inline constexpr uint32_t kModelTokens = 8192;

inline std::string character_of(uint32_t token) {
  const uint32_t c = 0x4E00 + token;
  return {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
          static_cast<char>(0x80 | (c & 63))};
}

inline void write_random_model(const std::filesystem::path& dir) {
  ModelConfig config;
  config.vocabulary_size = kModelTokens;
  config.hidden_size = 512;
  config.intermediate_size = 1536;
  config.num_layers = 8;
  config.num_heads = config.num_kv_heads = 8;
  config.head_size = 64;
  config.max_positions = 2048;
  config.tie_embeddings = true;
  SplitMix64 random(1);
  std::map<std::string, std::vector<float>> weights;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    auto& values = weights[parameter.name];
    values.resize(parameter.num_values());
    const bool norm = parameter.name.ends_with("norm.weight");
    for (float& value : values) {
      value = norm ? 1.0F : static_cast<float>(random.next() >> 40) * 0x1p-24F * 0.08F - 0.04F;
    }
  }
  testing::write_model(dir, config, weights);
  Json vocabulary = Json::object();
  for (uint32_t token = 0; token < kModelTokens; ++token) vocabulary[character_of(token)] = token;
  const Json tokenizer = {
      {"model", {{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", Json::array()}}}};
  YURAI_CHECK(write_file(dir / "tokenizer.json", dump_json(tokenizer)).has_value());
}

}  // namespace yurai::bench

#include "yurai/model/model_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder of a toy model whose weight number i holds i, i + 1, …
class ModelFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = parse_model_config(R"({"model_type":"qwen3_moe","vocab_size":5,"hidden_size":4,)"
                                 R"("intermediate_size":6,"num_hidden_layers":2,"head_dim":2,)"
                                 R"("num_attention_heads":2,"num_key_value_heads":1,)"
                                 R"("num_experts":3,"num_experts_per_tok":2,)"
                                 R"("moe_intermediate_size":3,"mlp_only_layers":[0]})",
                                 "toy")
                  .value();
    put("config.json", dump_json(to_json(config_)));
    for (const ParameterShape& shape : parameter_shapes(config_)) {
      std::vector<float>& values = values_.emplace_back();
      for (uint64_t i = 0; i < shape.num_values(); ++i) {
        values.push_back(static_cast<float>(values_.size() + i));
      }
    }
    size_t i = 0;
    for (const ParameterShape& shape : parameter_shapes(config_)) {
      const std::vector<float>& values = values_[i++];
      tensors_.push_back({shape.name,
                          DType::kF32,
                          shape.shape,
                          {reinterpret_cast<const char*>(values.data()), 4 * values.size()}});
    }
  }

  void put(const std::string& name, std::string_view bytes) {
    ASSERT_TRUE(write_file(dir_ / name, bytes));
  }
  void put_weights(const std::string& name, std::span<const TensorSource> tensors) {
    auto file = posix_disk().create(dir_ / name).value();
    ASSERT_TRUE(write_safetensors(*file, tensors));
    ASSERT_TRUE(file->close());
  }
  void put_index(std::span<const std::string> files) {
    Json map = Json::object();
    for (size_t i = 0; i < files.size(); ++i) map[fmt::format("t{}", i)] = files[i];
    put("model.safetensors.index.json", dump_json({{"weight_map", map}}));
  }
  void refuses(const std::string& words) {
    const auto folder = ModelFolder::open(dir_.path());
    ASSERT_FALSE(folder) << words;
    EXPECT_THAT(folder.error().message, HasSubstr(words));
  }

  testing::TemporaryDirectory dir_;
  ModelConfig config_;
  std::vector<std::vector<float>> values_;
  std::vector<TensorSource> tensors_;
};

TEST_F(ModelFolderTest, OneFileAndSeveralHoldTheSameModel) {
  put_weights("model.safetensors", tensors_);
  const auto check = [&](size_t num_files) {
    const auto folder = ModelFolder::open(dir_.path());
    ASSERT_TRUE(folder) << folder.error().message;
    EXPECT_EQ(folder->config(), config_);
    EXPECT_EQ(folder->files().size(), num_files);
    EXPECT_EQ(folder->num_parameters(), count_parameters(config_).total);
    for (size_t i = 0; i < tensors_.size(); ++i) {
      EXPECT_EQ(folder->tensor(tensors_[i].name).shape, tensors_[i].shape);
      std::vector<float> values(values_[i].size());
      ASSERT_TRUE(folder->read_f32(tensors_[i].name, values));
      EXPECT_EQ(values, values_[i]);
    }
  };
  check(1);
  fs::remove(dir_ / "model.safetensors");
  refuses("model.safetensors");
  const std::span<const TensorSource> all = tensors_;
  put_weights("a.safetensors", all.subspan(5));
  put_weights("b.safetensors", all.first(5));
  put_index(std::vector<std::string>{"b.safetensors", "a.safetensors", "b.safetensors"});
  check(2);
}

TEST_F(ModelFolderTest, WhatIsMissingWrongOrTooMuchIsNamed) {
  refuses("model.safetensors");
  auto tensors = tensors_;
  tensors.erase(tensors.begin() + 3);
  put_weights("model.safetensors", tensors);
  refuses(fmt::format("no weight '{}'", tensors_[3].name));
  tensors = tensors_;
  std::swap(tensors[0].shape[0], tensors[0].shape[1]);
  put_weights("model.safetensors", tensors);
  refuses("weight 'model.embed_tokens.weight' is [4, 5], not [5, 4]");
  tensors = tensors_;
  tensors.push_back({"model.layers.2.x\x1b", DType::kF32, {1}, "1234"});
  put_weights("model.safetensors", tensors);
  refuses("weight 'model.layers.2.x\\u001b' has no place in a Qwen3MoeForCausalLM");
  tensors.back().name = "model.layers.0.self_attn.rotary_emb.inv_freq";
  put_weights("model.safetensors", tensors);
  EXPECT_TRUE(ModelFolder::open(dir_.path()));
}

TEST_F(ModelFolderTest, ATensorStandsInOneFile) {
  put_weights("a.safetensors", tensors_);
  put_weights("b.safetensors", std::span<const TensorSource>(tensors_).first(1));
  put_index(std::vector<std::string>{"a.safetensors", "b.safetensors"});
  refuses("'model.embed_tokens.weight' stands in two files");
}

TEST_F(ModelFolderTest, AnIndexNamesFilesOfItsFolderOnly) {
  put_weights("model.safetensors", tensors_);
  fs::create_directory(dir_ / "sub");
  for (const std::string name :
       {"../x", "/etc/passwd", "sub/model.safetensors", "..", ".", "", ".hidden"}) {
    put_index(std::vector<std::string>{name});
    refuses("is in no file of this folder");
  }
  put_index(std::vector<std::string>{std::string("a\0b", 3)});
  refuses("is in no file of this folder");
  put("model.safetensors.index.json", R"({"weight_map":{"a":1}})");
  refuses("is in no file of this folder");
  for (const char* text : {"", "[]", "{", R"({"weight_map":[]})", "{}"}) {
    put("model.safetensors.index.json", text);
    refuses("'weight_map'");
  }
  put_index(std::vector<std::string>{"sub"});
  EXPECT_FALSE(ModelFolder::open(dir_.path()));
  put_index(std::vector<std::string>{"none"});
  refuses("none");
}

TEST_F(ModelFolderTest, AConfigurationOfManyWeightsCostsNothingWithoutThem) {
  put_weights("model.safetensors", tensors_);
  Json config = to_json(config_);
  config["num_experts"] = 4096;
  put("config.json", dump_json(config));
  refuses("where config.json asks for");
  fs::remove(dir_ / "config.json");
  refuses("is no model folder");
  put("config.json", std::string((1 << 20) + 1, ' '));
  EXPECT_FALSE(ModelFolder::open(dir_.path()));
}

TEST_F(ModelFolderTest, ATiedOutputLayerMayLieBesides) {
  Json config = to_json(config_);
  config["tie_word_embeddings"] = true;
  put("config.json", dump_json(config));
  put_weights("model.safetensors", tensors_);  // with lm_head.weight
  const auto folder = ModelFolder::open(dir_.path());
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->parameters().size(), tensors_.size() - 1);
}

}  // namespace
}  // namespace yurai

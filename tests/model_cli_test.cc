#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"
#include "yurai/model/testing.h"

/// `yurai model` as a person uses it.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class ModelCli : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("YURAI_LANG", "en", 1);
    testing::write_toy_model(dir_ / "src", 2);
  }
  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }
  ProcessResult yurai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    return run_process(arguments).value();
  }
  ProcessResult model(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "model");
    return yurai(arguments);
  }
  static Json json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "out").value_or(Json::object());
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(ModelCli, ShowsWhatAModelIs) {
  put("src/tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})");
  const Json info = json(model({"info", path("src"), "--json"}));
  EXPECT_EQ(info["architecture"], "MixtralForCausalLM");
  // Embeddings and output of 20 each; two layers of attention, experts, router, norms; a norm.
  EXPECT_EQ(info["parameters"]["total"], 40 + 2 * (8 + 8 + 16 + 16 + 216 + 12 + 8) + 4);
  EXPECT_EQ(info["experts"]["experts_per_token"], 2);
  EXPECT_EQ(info["weight_files"].size(), 2U);
  EXPECT_EQ(info["tokenizer"]["vocabulary_size"], 2);
  EXPECT_EQ(info["recorded"], nullptr);
  const auto text = model({"info", path("src")});
  EXPECT_THAT(text.out, HasSubstr("MixtralForCausalLM"));
  EXPECT_THAT(text.out, HasSubstr("3, 2 a token, in 2 layers"));
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(model({"info", path("src")}).out, HasSubstr("必要なメモリ"));
}

TEST_F(ModelCli, ReadsHeadersOnlyOfAFolderLargerThanMemory) {
  fs::create_directory(dir_ / "large");
  put("large/config.json", R"({"model_type":"llama","vocab_size":1048576,"hidden_size":65536,)"
                           R"("intermediate_size":2,"num_hidden_layers":1,"head_dim":2,)"
                           R"("num_attention_heads":1,"tie_word_embeddings":true})");
  const ModelConfig config =
      parse_model_config(read_file(dir_ / "large/config.json").value(), "config.json").value();
  Json header = Json::object();
  uint64_t end = 0;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const uint64_t begin = end;
    end += 4 * parameter.num_values();
    header[parameter.name] = {
        {"dtype", "F32"}, {"shape", parameter.shape}, {"data_offsets", {begin, end}}};
  }
  const std::string text = dump_json(header);
  const uint64_t size = text.size();
  put("large/model.safetensors",
      std::string(reinterpret_cast<const char*>(&size), sizeof size) + text);
  fs::resize_file(dir_ / "large/model.safetensors", sizeof size + size + end);  // a hole
  ASSERT_GT(end, uint64_t{256} << 30);
  const Json info = json(model({"info", path("large"), "--json"}));
  EXPECT_EQ(info["bytes"], sizeof size + size + end);
}

TEST_F(ModelCli, ImportsAndExportsEveryByte) {
  put("src/tokenizer_config.json", R"({"chat_template":"{{ messages }}"})");
  const auto imported = model({"import", path("src"), path("model"), "--license", "apache-2.0",
                               "--source", "https://example.com/x"});
  ASSERT_EQ(imported.exit_status, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("every tensor read and proven"));
  const Json info = json(model({"info", path("model"), "--json"}));
  EXPECT_EQ(info["recorded"]["license"], "Apache-2.0");
  EXPECT_EQ(info["recorded"]["source"], "https://example.com/x");
  const Json artefact = json(yurai({"info", path("model"), "--verify", "--json"}));
  EXPECT_EQ(artefact["format"], "yurai-model");
  EXPECT_EQ(artefact["verified"], true);
  EXPECT_EQ(model({"import", path("src"), path("model")}).exit_status, 1);  // it is there
  const Json again = json(model({"import", path("src"), path("model"), "--force", "--json"}));
  EXPECT_EQ(again["license"], nullptr);
  EXPECT_EQ(again["weights_sha256"], info["recorded"]["weights_sha256"]);

  ASSERT_EQ(model({"export", path("model"), path("out")}).exit_status, 0);
  for (const auto& entry : fs::directory_iterator(dir_ / "src")) {
    const fs::path name = entry.path().filename();
    EXPECT_EQ(read_file(dir_ / "out" / name).value(), read_file(entry.path()).value()) << name;
  }
  EXPECT_FALSE(fs::exists(dir_ / "out/manifest.json"));
  EXPECT_THAT(read_file(dir_ / "out/README.md").value(), HasSubstr("# Model card"));
  EXPECT_EQ(json(model({"info", path("out"), "--json"}))["parameters"], info["parameters"]);
}

TEST_F(ModelCli, QuantizesForGeneratingText) {
  put("src/tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})");
  const Json facts = json(model({"quantize", path("src"), "--out", path("int8"), "--json"}));
  EXPECT_EQ(facts["quantization"], "int8");
  const Json info = json(model({"info", path("int8"), "--json"}));
  EXPECT_EQ(info["recorded"]["weights_sha256"], facts["weights_sha256"]);
  EXPECT_EQ(info["parameters"], json(model({"info", path("src"), "--json"}))["parameters"]);
  EXPECT_GT(info["dtypes"]["I8"]["bytes"].get<int>(), 0);
  EXPECT_THAT(model({"info", path("int8")}).out, HasSubstr("int8, a scale a row"));
  EXPECT_EQ(json(yurai({"info", path("int8"), "--verify", "--json"}))["verified"], true);
  for (const auto& refused :
       {model({"export", path("int8"), path("out")}),
        model({"quantize", path("int8"), "--out", path("twice")}),
        yurai({"generate", "--model", path("int8"), "--weights", "f32", "--prompt", "a"})}) {
    EXPECT_EQ(refused.exit_status, 1);
    EXPECT_THAT(refused.err, HasSubstr("int8"));
  }
  const auto wrong =
      yurai({"generate", "--model", path("src"), "--weights", "int4", "--prompt", "a"});
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("f32, bf16 and int8"));
}

/// A model of zeros finds every token as likely as any other.
TEST_F(ModelCli, MeasuresHowWellDocumentsArePredicted) {
  put("src/tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})");
  const ModelConfig config =
      parse_model_config(read_file(dir_ / "src/config.json").value(), "config.json").value();
  std::map<std::string, std::vector<float>> zeros;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    zeros[parameter.name].resize(parameter.num_values());
  }
  testing::write_model(dir_ / "zeros", config, zeros);
  fs::copy_file(dir_ / "src/tokenizer.json", dir_ / "zeros/tokenizer.json");
  put("texts.jsonl", "{\"text\":\"abba\"}\n{\"text\":\"ab\"}\n{}\n{\"text\":\"a\"}\n");
  const auto result = model({"loss", path("zeros"), path("texts.jsonl"), "--json"});
  const Json loss = json(result);
  EXPECT_THAT(result.err, HasSubstr("line 3"));
  // No token begins a text here: the first is not predicted, so that "a" counts for nothing.
  EXPECT_EQ(loss["documents"], 2);
  EXPECT_EQ(loss["tokens"], 4);
  EXPECT_EQ(loss["bytes"], 4);
  const Json& row = loss["weights"][0];
  EXPECT_EQ(row["weights"], "f32");
  EXPECT_NEAR(row["perplexity"].get<double>(), 5, 1e-5);
  EXPECT_NEAR(row["nats_per_token"].get<double>(), std::log(5), 1e-6);
  EXPECT_NEAR(row["bits_per_byte"].get<double>(), std::log2(5), 1e-6);
  EXPECT_NEAR(row["nats_per_token_error"].get<double>(), 0, 1e-6);
  EXPECT_EQ(row["difference_nats"], nullptr);

  const Json both =
      json(model({"loss", path("src"), path("texts.jsonl"), "--weights", "f32,int8", "--json"}));
  EXPECT_EQ(both["weights"][1]["weights"], "int8");
  EXPECT_NEAR(both["weights"][1]["difference_nats"].get<double>(),
              both["weights"][1]["nats_per_token"].get<double>() -
                  both["weights"][0]["nats_per_token"].get<double>(),
              1e-9);
  ASSERT_EQ(yurai({"corpus", "build", path("corpus"), path("texts.jsonl")}).exit_status, 0);
  const Json of_corpus = json(model({"loss", path("src"), path("corpus"), "--weights", "f32,int8",
                                     "--json", "--context", "100"}));
  EXPECT_EQ(of_corpus["weights"], both["weights"]);
  EXPECT_EQ(json(model({"loss", path("src"), path("corpus"), "--max-documents", "1",
                        "--json"}))["weights"][0]["perplexity_low"],
            nullptr);
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(model({"loss", path("src"), path("corpus")}).out, HasSubstr("パープレキシティ"));
  ::setenv("YURAI_LANG", "en", 1);
  put("empty.jsonl", "");
  EXPECT_THAT(model({"loss", path("src"), path("empty.jsonl")}).err, HasSubstr("no text"));
  EXPECT_THAT(model({"loss", path("src"), path("corpus"), "--context", "9999999"}).err,
              HasSubstr("--context"));
  EXPECT_EQ(model({"loss", path("src"), path("corpus"), "--weights", "int4"}).exit_status, 2);
}

TEST_F(ModelCli, ObservesWhileItGenerates) {
  put("src/tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})");
  const std::vector<std::string> generate = {"generate", "--model", path("src"),   "--prompt",
                                             "ab",       "--json",  "--max-chars", "4",
                                             "--seed",   "3"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), generate.begin(), generate.end());
    return yurai(more);
  };
  const Json text = json(with({}));
  EXPECT_EQ(json(with({"--observe", path("seen.safetensors")})), text);
  const auto file = SafetensorsFile::open(dir_ / "seen.safetensors");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->metadata().at("prompt"), "ab");
  // Two tokens of the prompt and all that were drawn but the last.
  const auto shape = [&](std::string_view name) {
    return std::ranges::find(file->tensors(), name, &TensorEntry::name)->shape;
  };
  const uint64_t read = 2 + text["symbols"].size() - 1;
  EXPECT_EQ(shape("tokens"), (std::vector<uint64_t>{1, read}));
  EXPECT_EQ(shape("logits"), (std::vector<uint64_t>{1, read, 5}));
  EXPECT_EQ(shape("blocks.1.attn_probs"), (std::vector<uint64_t>{1, 2, read, read}));
  EXPECT_EQ(shape("blocks.0.expert_ids"), (std::vector<uint64_t>{read, 2}));
  EXPECT_THAT(with({"--observe", path("seen.safetensors")}).err, HasSubstr("--force"));
  EXPECT_EQ(json(with({"--observe", path("seen.safetensors"), "--force", "--sites", "resid_post",
                       "--weights", "int8"}))["finish_reason"],
            text["finish_reason"]);
  EXPECT_THAT(with({"--observe", path("x"), "--sites", "nowhere"}).err, HasSubstr("resid_post"));
  EXPECT_FALSE(fs::exists(dir_ / "x"));
  EXPECT_EQ(with({"--sites", "logits"}).exit_status, 2);
  // Nothing but a file of its own is replaced.
  fs::create_symlink(dir_ / "seen.safetensors", dir_ / "link");
  for (const std::string name : {"link", "src/model.safetensors", "nowhere/x"}) {
    EXPECT_EQ(with({"--observe", path(name), "--force"}).exit_status, 1) << name;
  }
  EXPECT_TRUE(fs::is_symlink(dir_ / "link"));
}

TEST_F(ModelCli, SaysWhatIsWrong) {
  const auto fails = [&](std::vector<std::string> arguments, const std::string& words) {
    const auto result = model(arguments);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr(words));
  };
  fails({"info", path("none")}, "has no config.json");
  fails({"import", path("none"), path("x")}, "has no config.json");
  fails({"export", path("src"), path("x")}, "no Yurai");
  ASSERT_EQ(model({"import", path("src"), path("model")}).exit_status, 0);
  std::string bytes = read_file(dir_ / "model/model-0.safetensors").value();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  put("model/model-0.safetensors", bytes);
  fails({"export", path("model"), path("x")}, "model-0.safetensors");
  EXPECT_EQ(yurai({"info", path("model"), "--verify"}).exit_status, 1);
  put("model/manifest.json", R"({"format":"yurai-model"})");
  fails({"info", path("model")}, "checksum");
  EXPECT_FALSE(fs::exists(dir_ / "x"));
  EXPECT_FALSE(fs::exists(dir_ / "x.partial"));
  EXPECT_EQ(model({}).exit_status, 2);
  EXPECT_EQ(model({"import", path("src")}).exit_status, 2);
}

}  // namespace
}  // namespace yurai

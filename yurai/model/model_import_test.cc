#include "yurai/model/model_import.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "yurai/base/testing.h"
#include "yurai/model/model_facts.h"
#include "yurai/model/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryDirectory;

class ModelImport : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_toy_model(dir_ / "src");
    put("src/README.md", "the maker's");
    put("src/tokenizer_config.json", "{}");
    put("src/pytorch_model.bin", "pickle");
  }
  void put(const std::string& name, std::string_view bytes) {
    ASSERT_TRUE(write_file(dir_ / name, bytes));
  }
  Result<ImportedModel> import(Disk& disk = posix_disk(), bool force = false) {
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(dir_ / "model", {.force = force, .disk = &disk}));
    YURAI_ASSIGN(ImportedModel model,
                 import_model(dir_ / "src", {.license = "MIT", .source = "here`|\x1b"}, stage));
    YURAI_TRY(stage.commit());
    return model;
  }
  Result<Manifest> export_to(const std::string& out) {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / out, {}));
    YURAI_ASSIGN(Manifest manifest, export_model(dir_ / "model", stage));
    YURAI_TRY(stage.commit());
    return manifest;
  }

  TemporaryDirectory dir_;
};

TEST_F(ModelImport, ComesBackWithEveryByte) {
  const auto model = import();
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_THAT(model->left_out, ElementsAre("pytorch_model.bin"));
  const Manifest manifest = read_manifest(dir_ / "model", kModelFormat, kModelVersion).value();
  EXPECT_TRUE(verify_files(dir_ / "model", manifest));
  EXPECT_EQ(manifest.facts["license"], "MIT");
  EXPECT_EQ(manifest.facts["architecture"], "MixtralForCausalLM");
  EXPECT_EQ(manifest.inputs.size(), 4U);
  ASSERT_TRUE(export_to("out"));
  EXPECT_FALSE(fs::exists(dir_ / "out/manifest.json"));
  for (const char* name : {"config.json", "model.safetensors", "tokenizer_config.json"}) {
    EXPECT_EQ(read_file(dir_ / "out" / name).value(), read_file(dir_ / "src" / name).value());
  }
  EXPECT_EQ(read_file(dir_ / "out/README.source.md").value(), "the maker's");
  const std::string card = read_file(dir_ / "out/README.md").value();
  EXPECT_THAT(card, HasSubstr("license: mit\n"));
  EXPECT_THAT(card, HasSubstr("`here'|\\u001b`"));
  EXPECT_THAT(card, HasSubstr(manifest.facts["weights_sha256"].get<std::string>()));
  EXPECT_THAT(card, HasSubstr(manifest_checksum(manifest)));
}

TEST_F(ModelImport, WeightsHaveOneHashInHoweverManyFiles) {
  testing::write_toy_model(dir_ / "split", 3);
  const auto one = verify_weights(ModelFolder::open(dir_ / "src").value());
  const auto three = verify_weights(ModelFolder::open(dir_ / "split").value());
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(*one, three.value());
  std::string bytes = read_file(dir_ / "src/model.safetensors").value();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  put("src/model.safetensors", bytes);
  EXPECT_NE(verify_weights(ModelFolder::open(dir_ / "src").value()).value(), *one);
}

TEST_F(ModelImport, AValueThatIsNoNumberIsRefusedByName) {
  std::string bytes = read_file(dir_ / "src/model.safetensors").value();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  bytes.replace(bytes.size() - 4, 4, reinterpret_cast<const char*>(&nan), 4);
  put("src/model.safetensors", bytes);
  const auto model = import();
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("tensor 'lm_head.weight' holds a value"));
  EXPECT_FALSE(fs::exists(dir_ / "model"));
  EXPECT_FALSE(fs::exists(dir_ / "model.partial"));
}

TEST_F(ModelImport, AChangedModelIsNotExported) {
  ASSERT_TRUE(import());
  std::string bytes = read_file(dir_ / "model/model.safetensors").value();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  put("model/model.safetensors", bytes);
  const auto exported = export_to("out");
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(exported.error().message, HasSubstr("model.safetensors"));
  EXPECT_FALSE(fs::exists(dir_ / "out"));
}

TEST_F(ModelImport, AppearsWholeOrNotAtAllWhereverADiskFailsOrAKillComes) {
  for (uint64_t at = 0;; ++at) {
    testing::FailingDisk disk(at);
    const auto model = import(disk);
    if (model) break;
    if (fs::exists(dir_ / "model")) {  // the sync after the rename
      EXPECT_TRUE(read_manifest(dir_ / "model", kModelFormat, kModelVersion));
      break;
    }
  }
  fs::remove_all(dir_ / "model");
  for (uint64_t at = 0;; ++at) {
    const bool lived = testing::survives(at, [&](Disk& disk) -> Result<void> {
      YURAI_TRY(import(disk));
      return {};
    });
    if (fs::exists(dir_ / "model")) {
      EXPECT_TRUE(verify_files(dir_ / "model",
                               read_manifest(dir_ / "model", kModelFormat, kModelVersion).value()));
    }
    if (lived) break;
    fs::remove_all(dir_ / "model");
  }
  EXPECT_TRUE(import(posix_disk(), true));
}

TEST_F(ModelImport, CountsMemory) {
  const ModelFolder folder = ModelFolder::open(dir_ / "src").value();
  const WeightMemory memory = weight_memory(folder.config());
  EXPECT_EQ(memory.f32, 4 * folder.num_parameters());
  EXPECT_EQ(memory.bf16, 2 * folder.num_parameters());
  EXPECT_LT(memory.int8, memory.f32);
  // Keys and values in two layers, one head of two numbers each.
  EXPECT_EQ(kv_cache_bytes_per_token(folder.config()), 2U * 4 * 2 * 1 * 2);
  const Json facts = facts_json(folder);
  EXPECT_EQ(facts["experts"]["num_experts"], 3);
  EXPECT_EQ(facts["dtypes"]["F32"]["bytes"], memory.f32);
}

}  // namespace
}  // namespace yurai

#include "yurai/curate/label_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <random>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/label_eval.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;

class LabelModels : public ::testing::Test {
 protected:
  /// Sixty texts; a third hold an insult. `seed` shuffles the file and adds blank and double lines.
  std::string csv(uint64_t seed) {
    std::vector<std::string> lines;
    const std::vector<std::string> subjects = {"猫", "犬", "鳥", "魚", "人"};
    const std::vector<std::string> ends = {"が好きだ", "を見た", "と歩いた", "の話をした"};
    for (const auto& subject : subjects) {
      for (const auto& end : ends) {
        lines.push_back("昨日は" + subject + end + ",ok\n");
        lines.push_back("今日は" + subject + end + ",ok\n");
        lines.push_back("この馬鹿野郎" + subject + end + ",toxic\n");
      }
    }
    if (seed != 0) {
      std::mt19937_64 random(seed);
      lines.insert(lines.end(), lines.begin(), lines.begin() + 10);
      lines.insert(lines.end(), 5, "\n");
      std::shuffle(lines.begin(), lines.end(), random);
    }
    return "text,label\n" + std::accumulate(lines.begin(), lines.end(), std::string());
  }

  LabelSet labels(const std::string& bytes) {
    std::ofstream(dir_ / "in.csv", std::ios::binary) << bytes;
    std::filesystem::remove_all(dir_ / "labels");
    StagingDirectory stage = StagingDirectory::create(dir_ / "labels", {}).value();
    EXPECT_TRUE(import_labels({dir_ / "in.csv"}, {}, stage, no_progress));
    EXPECT_TRUE(stage.commit());
    return LabelSet::open(dir_ / "labels").value();
  }

  Result<LabelModel> train(const LabelSet& from, const std::string& name,
                           const LabelTrainOptions& options = {}) {
    std::filesystem::remove_all(dir_ / name);
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / name, {}));
    YURAI_TRY(train_label_model(from, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return LabelModel::open(dir_ / name);
  }

  std::string bytes(const std::string& name) { return read_file(dir_ / name).value(); }

  TemporaryDirectory dir_;
};

TEST_F(LabelModels, ScoreWhatTheyLearnt) {
  const LabelModel model = train(labels(csv(0)), "model").value();
  EXPECT_GT(model.score("おい馬鹿野郎"), 0.6);
  EXPECT_LT(model.score("昨日は鳥の話を見た"), 0.4);
  const double nothing = model.score("");
  EXPECT_GE(nothing, 0);
  EXPECT_LE(nothing, 1);
  EXPECT_EQ(model.score("ＢＡＫＡ 野郎"), model.score("baka  野郎"));
}

TEST_F(LabelModels, AreTheSameForReorderedDuplicatedAndBlankLinesButForTheirLineage) {
  (void)train(labels(csv(0)), "a").value();
  const auto manifest = [&](const std::string& name) {
    Json json = Json::parse(bytes(name + "/manifest.json"));
    EXPECT_EQ(json["lineage"][0]["format"], kLabelsFormat);  // and that names the CSV
    json.erase("lineage");
    json.erase("checksum");
    return json;
  };
  for (uint64_t seed = 1; seed < 4; ++seed) {
    (void)train(labels(csv(seed)), "b").value();
    EXPECT_EQ(bytes("b/weights.bin"), bytes("a/weights.bin"));
    EXPECT_EQ(manifest("b"), manifest("a"));
  }
}

TEST_F(LabelModels, KeepTheThresholdOfTheWantedPrecision) {
  const LabelModel model = train(labels(csv(0)), "model", {.precision = 0.95}).value();
  EXPECT_GT(model.threshold(), 0);
  EXPECT_EQ(model.manifest().facts["unseen"]["precision"]["value"].get<double>() >= 0.95, true);
  const LabelModel isotonic =
      train(labels(csv(0)), "model", {.calibration = ScoreCalibration::Method::kIsotonic}).value();
  EXPECT_GT(isotonic.score("この馬鹿野郎"), isotonic.score("昨日は晴れ"));
}

TEST_F(LabelModels, WhoseThresholdFindsNothingAreRefusedByAChainThatSaysNoMax) {
  // Few texts have the label, and what they share says nothing: no probability comes near 0.5.
  std::string bytes = "text,label\n";
  uint64_t noise = 1;
  for (int i = 0; i < 100; ++i) {
    for (int c = 0; c < 12; ++c) {
      noise = noise * 6364136223846793005u + 1442695040888963407u;
      bytes += static_cast<char>('a' + (noise >> 33) % 26);
    }
    bytes += i % 12 == 0 ? ",toxic\n" : ",ok\n";
  }
  const LabelModel model = train(labels(bytes), "model").value();
  const Json unseen = model.manifest().facts["unseen"];
  ASSERT_EQ(unseen["found"], 0);
  EXPECT_TRUE(unseen["precision"].is_null());
  EXPECT_EQ(unseen["recall"]["value"], 0);
  EXPECT_TRUE(model.finds_nothing());
  const std::string chain = "[[filter]]\nname = \"toxicity\"\nmodel = \"model\"\n";
  const auto refused = Chain::parse(chain, "c", dir_.path(), {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("would drop nothing; train it again"));
  EXPECT_TRUE(Chain::parse(chain + "max = 0.1\n", "c", dir_.path(), {}));
}

TEST_F(LabelModels, SayWhatIsWrongWithTheLabels) {
  const LabelSet good = labels(csv(0));
  EXPECT_THAT(train(good, "m", {.task = {.positive = {"bad"}}}).error().message,
              HasSubstr("0 of 60 documents are positive; a classifier needs both kinds. The labels "
                        "are 'ok' (40), 'toxic' (20)"));
  EXPECT_THAT(train(good, "m", {.folds = 30}).error().message,
              HasSubstr("30 folds need as many positive and as many negative texts"));
  EXPECT_FALSE(train(good, "m", {.precision = 1.5}));
  EXPECT_FALSE(train(good, "m", {.ngrams = {.bits = 40}}));
  std::ofstream(dir_ / "in.csv") << "x";
  EXPECT_THAT(train(labels("sha256,label\n" + std::string(64, 'a') + ",ok\n"), "m").error().message,
              HasSubstr("1 documents have labels but no text"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "m"));
}

TEST_F(LabelModels, NeverAnswerFromDamagedFiles) {
  (void)train(labels(csv(0)), "m", {.ngrams = {.bits = 8}}).value();
  const std::string weights = bytes("m/weights.bin");
  const std::string manifest = bytes("m/manifest.json");
  std::mt19937_64 random(testing::test_seed());
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name, std::ios::binary) << text;
  };
  for (int round = 0; round < 200; ++round) {
    std::string damaged = weights;
    damaged[random() % damaged.size()] ^= static_cast<char>(1U << (random() % 8));
    put("m/weights.bin", damaged);
    EXPECT_FALSE(LabelModel::open(dir_ / "m"));
    put("m/weights.bin", weights.substr(0, random() % weights.size()));
    EXPECT_FALSE(LabelModel::open(dir_ / "m"));
    put("m/weights.bin", weights);
    damaged = manifest;
    damaged[random() % damaged.size()] ^= static_cast<char>(1U << (random() % 8));
    put("m/manifest.json", damaged);
    EXPECT_FALSE(LabelModel::open(dir_ / "m"));
    put("m/manifest.json", manifest);
  }
  EXPECT_TRUE(LabelModel::open(dir_ / "m"));
}

TEST_F(LabelModels, LeaveNothingWhenAWriteFails) {
  const LabelSet from = labels(csv(0));
  const auto write = [&](Disk& disk) -> Result<void> {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / "m", {.disk = &disk}));
    YURAI_TRY(train_label_model(from, {.ngrams = {.bits = 8}}, stage, no_progress));
    return stage.commit();
  };
  testing::FailingDisk counts(~0ull);
  ASSERT_TRUE(write(counts));
  for (uint64_t i = 0; i < counts.num_operations(); ++i) {
    std::filesystem::remove_all(dir_ / "m");
    testing::FailingDisk disk(i);
    const bool committed = write(disk).has_value();
    EXPECT_FALSE(committed) << i;
  }
}

TEST_F(LabelModels, FoldsKeepNearDuplicatesTogetherAndDoNotDependOnOrder) {
  std::vector<LabeledExample> examples;
  const LabelSet set = labels(csv(0) +
                              "昨日は 猫を見た,ok\n昨日は猫を見た,ok\n昨日は１猫を見た,ok\n"
                              "昨日は2猫を見た,ok\n");
  examples = to_examples(set, {}).value();
  std::vector<uint32_t> numbers(examples.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  const auto folds = assign_folds(examples, numbers, 5).value();
  std::map<uint64_t, std::set<uint32_t>> by_group;
  std::map<uint32_t, int> positives;
  for (size_t i = 0; i < folds.size(); ++i) {
    by_group[examples[i].group].insert(folds[i]);
    positives[folds[i]] += examples[i].positive;
  }
  EXPECT_LT(by_group.size(), examples.size());
  for (const auto& [group, some] : by_group) EXPECT_EQ(some.size(), 1U);
  for (const auto& [fold, count] : positives) EXPECT_EQ(count, 4);
  std::reverse(numbers.begin(), numbers.end());
  auto reversed = assign_folds(examples, numbers, 5).value();
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(reversed, folds);
}

TEST_F(LabelModels, EvaluationBeatsTheBaselinesAndNeverSeesItsOwnLabels) {
  const LabelSet set = labels(csv(0));
  const LabelReport report =
      cross_validate_labels(set, {.keywords = {"馬鹿"}}, no_progress).value();
  ASSERT_EQ(report.results.size(), 4U);
  EXPECT_EQ(report.documents, 60U);
  EXPECT_EQ(report.positive, 20U);
  EXPECT_EQ(report.results[0].name, "classifier");
  EXPECT_GT(report.results[0].auroc.value, 0.99);
  EXPECT_EQ(report.results[1].name, "prior");
  EXPECT_EQ(report.results[1].auroc.value, 0.5);
  EXPECT_NEAR(report.results[1].pr_auc.value.value(), 1.0 / 3, 1e-9);
  EXPECT_EQ(report.results[1].precision.value, std::nullopt);  // it finds nothing
  EXPECT_EQ(report.results[3].name, "keywords");
  EXPECT_EQ(report.results[3].auroc.value, 1);

  // Labels that say nothing can't be learnt: a look at the held-out fold would show here.
  std::mt19937_64 random(testing::test_seed());
  std::string noise = "text,label\n";
  for (int i = 0; i < 300; ++i) {
    for (int c = 0; c < 12; ++c) noise += static_cast<char>('a' + random() % 26);
    noise += std::string(",") + (random() % 2 == 0 ? "toxic" : "ok") + "\n";
  }
  const LabelReport chance = cross_validate_labels(labels(noise), {}, no_progress).value();
  EXPECT_NEAR(chance.results[0].auroc.value.value(), 0.5, 0.15);

  const LabelModel model = train(set, "m").value();
  EXPECT_THAT(evaluate_model(set, {}, model).error().message,
              HasSubstr("was trained on these labels"));
  const LabelSet others = labels("text,label\nお前は馬鹿野郎だ,toxic\n天気の話,ok\n");
  EXPECT_EQ(evaluate_model(others, {}, model)->results[0].auroc.value, 1);
}

}  // namespace
}  // namespace yurai

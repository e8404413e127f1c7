#include "yurai/train/trainer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/random.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/testing.h"
#include "yurai/ledger/ledger.h"
#include "yurai/model/transformer.h"
#include "yurai/tokenizer/byte_alphabet.h"
#include "yurai/train/batch.h"
#include "yurai/train/comm.h"
#include "yurai/train/prepare_run.h"
#include "yurai/train/run_check.h"
#include "yurai/train/run_inputs.h"
#include "yurai/train/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Training : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(testing::write_byte_tokenizer(dir_ / "tokenizer"));
    SplitMix64 random(testing::test_seed());
    std::vector<Document> documents;
    for (int i = 0; i < 40; ++i) {
      Document document;
      document.id = fmt::format("d{}", i);
      for (uint64_t word = random.below(12); word > 0; --word) {
        document.text += random.below(2) ? "猫は眠る。" : "abc abd ";
      }
      documents.push_back(std::move(document));
    }
    ASSERT_TRUE(testing::write_corpus(dir_ / "corpus", documents));
  }

  TrainConfig config(const std::string& more = "", uint64_t steps = 6,
                     const std::string& model = "") const {
    const std::string toml = fmt::format(
        "corpus = \"corpus\"\ntokenizer = \"tokenizer\"\n{}\n[model]\nhidden_size = 16\nlayers = "
        "2\n"
        "heads = 2\ninner_size = 24\n{}\n[batch]\nsequence_tokens = 24\nsequences = 6\nmicro_batch "
        "= 2\n"
        "[schedule]\nsteps = {}\nlearning_rate = 0.01\n[validation]\nshare = 0.1\nevery = 3\n"
        "[checkpoint]\nevery = 2\n",
        more, model, steps);
    auto parsed = parse_train_config(toml, "t.toml", dir_.path());
    EXPECT_TRUE(parsed) << parsed.error().message;
    return *parsed;
  }

  Result<TrainReport> run(const TrainConfig& training, const std::string& name,
                          unsigned threads = 1, bool resume = false) const {
    YURAI_TRY(
        prepare_run(training, dir_ / name, {.resume = resume, .threads = threads}, no_progress));
    return train(training, dir_ / name, {.threads = threads});
  }

  /// All that a run leaves: the same bytes mean the same run.
  std::string fingerprint(const std::string& name, uint64_t steps) const {
    Sha256 hash;
    for (const char* file : {"model.safetensors", "optimizer.safetensors", "manifest.json"}) {
      hash.update_field(
          *read_file(dir_ / name / "checkpoints" / fmt::format("step-{}", steps) / file));
    }
    hash.update_field(*read_file(dir_ / name / "metrics.jsonl"));
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(dir_ / name / "ledger")) {
      if (entry.is_regular_file() && entry.path().filename() != ".lock")
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) hash.update_field(*read_file(file));
    return hash.hex();
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(Training, LearnsAndWritesAModelFolderAndALedger) {
  const auto report = run(config("", 30), "run");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->steps, 30U);
  EXPECT_EQ(report->tokens, 30U * 6 * 24);
  EXPECT_LT(report->loss_nats, std::log(258.0) - 1);
  EXPECT_GT(report->last.validation_nats, 0);
  const auto newest = newest_checkpoint(dir_ / "run");
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->filename(), "step-30");
  const auto folder = ModelFolder::open(*newest);
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->num_parameters(), report->parameters);

  const auto ledger = Ledger::open(dir_ / "run" / "ledger");
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ(ledger->steps(), 30U);
  EXPECT_EQ(*ledger->chain_head(), report->ledger_head);
  const auto verified = ledger->verify();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->order_checked);
  EXPECT_EQ(verified->tokens, report->tokens);
  EXPECT_THAT(*read_file(dir_ / "run" / "loss.svg"), HasSubstr("<svg"));
}

TEST_F(Training, KeepsTheLossesOfEachPassageInTheLedger) {
  // One step from the first weights: what the ledger says is what the model computes.
  const TrainConfig training = config("", 1);
  ASSERT_TRUE(run(training, "run"));
  const auto inputs = open_run(dir_ / "run");
  ASSERT_TRUE(inputs);
  const auto ledger = Ledger::open(dir_ / "run" / "ledger");
  ModelConfig shape = training.model;
  shape.vocabulary_size = 320;
  const auto model = Transformer::make(shape, training.seed);
  ASSERT_TRUE(model);
  const auto corpus = Corpus::open(dir_ / "corpus");
  double sum = 0;
  const auto rows = ledger->step(0);
  ASSERT_TRUE(rows) << rows.error().message;
  for (const LedgerRow& row : *rows) {
    const uint64_t number = inputs->training[row.document];
    const std::string text = corpus->document(number)->text;
    // By hand: the bytes from the row's first to its last, and the end token where it is included.
    std::vector<int32_t> tokens;
    std::vector<int32_t> targets;
    for (uint64_t i = row.token_begin; i < row.token_begin + row.tokens; ++i) {
      const auto byte = [&](uint64_t at) {
        return static_cast<int32_t>(
            *inputs->tokenizer->id_of(to_byte_alphabet(text.substr(at, 1))));
      };
      tokens.push_back(i == 0 ? static_cast<int32_t>(inputs->special.begin) : byte(i - 1));
      targets.push_back(i == text.size() ? static_cast<int32_t>(inputs->special.end) : byte(i));
    }
    const auto loss = (*model)->loss({.length = tokens.size(), .tokens = tokens}, targets, {}, {});
    ASSERT_TRUE(loss) << loss.error().message;
    EXPECT_NEAR(loss->mean_nats, row.loss_nats_mean, 1e-5);
    // A character that is cut belongs to the row in which it ends.
    EXPECT_EQ(row.byte_begin, char_floor(text, std::min<uint64_t>(row.token_begin, text.size())));
    EXPECT_EQ(row.byte_end,
              char_floor(text, std::min<uint64_t>(row.token_begin + row.tokens, text.size())));
    sum += static_cast<double>(row.loss_nats_mean) * row.tokens;
  }
  EXPECT_NEAR(sum / (6 * 24),
              parse_step_metrics(*read_file(dir_ / "run" / "metrics.jsonl"))->loss_nats, 1e-5);
}

TEST_F(Training, IsTheSameOnAnyNumberOfThreads) {
  for (const bool experts : {false, true}) {
    const TrainConfig training = config("", 4, experts ? "experts = 4\nexperts_per_token = 2" : "");
    std::string first;
    for (const unsigned threads : {1U, 2U, 3U}) {
      const std::string name = fmt::format("run{}{}", threads, experts);
      const auto report = run(training, name, threads);
      ASSERT_TRUE(report) << report.error().message;
      const std::string print = fingerprint(name, 4);
      if (first.empty()) first = print;
      EXPECT_EQ(print, first) << threads;
    }
  }
}

TEST_F(Training, IsTheSameOnAnyNumberOfRanks) {
  for (const bool experts : {false, true}) {
    const TrainConfig training = config("", 4, experts ? "experts = 4\nexperts_per_token = 2" : "");
    const std::string alone = fmt::format("alone{}", experts);
    ASSERT_TRUE(run(training, alone));
    // Three micro-batches a step: more or fewer than their number's divisors are refused.
    for (const unsigned ranks : {1U, 2U, 3U}) {
      const std::string name = fmt::format("ranks{}{}", ranks, experts);
      ASSERT_TRUE(prepare_run(training, dir_ / name, {}, no_progress));
      auto comms = make_thread_comms(ranks);
      std::vector<Result<TrainReport>> reports(ranks, TrainReport{});
      {
        std::vector<std::jthread> threads;
        for (unsigned rank = 0; rank < ranks; ++rank) {
          threads.emplace_back([&, rank] {
            reports[rank] = train(training, dir_ / name, {.threads = 2, .comm = comms[rank].get()});
          });
        }
      }
      for (const auto& report : reports) {
        if (ranks == 2) {
          ASSERT_FALSE(report);
          EXPECT_THAT(report.error().message, HasSubstr("2 processes do not divide the 3 micro"));
        } else {
          ASSERT_TRUE(report) << report.error().message;
        }
      }
      if (ranks != 2) {
        EXPECT_EQ(fingerprint(name, 4), fingerprint(alone, 4)) << ranks;
      }
    }
  }
}

TEST_F(Training, TellsEveryRankWhatStoppedOne) {
  TrainConfig training = config("", 40);
  training.schedule.learning_rate = 1000;
  training.schedule.warmup_steps = 0;
  ASSERT_TRUE(prepare_run(training, dir_ / "run", {}, no_progress));
  auto comms = make_thread_comms(3);
  std::vector<std::jthread> threads;
  for (auto& comm : comms) {
    threads.emplace_back([&] {
      const auto report = train(training, dir_ / "run", {.comm = comm.get()});
      ASSERT_FALSE(report);
      EXPECT_THAT(report.error().message, HasSubstr("it read documents 'd"));
    });
  }
}

TEST_F(Training, InBf16LearnsAsInF32) {
  const auto f32 = run(config("", 200), "f32");
  const auto bf16 = run(config("", 200, "dtype = \"bf16\""), "bf16");
  ASSERT_TRUE(f32);
  ASSERT_TRUE(bf16) << bf16.error().message;
  EXPECT_NE(f32->weights_sha256, bf16->weights_sha256);
  EXPECT_NEAR(bf16->loss_nats, f32->loss_nats, 0.05);
  EXPECT_LT(bf16->loss_nats, std::log(258.0) - 2);
}

TEST_F(Training, IsTheSameWhenActivationsAreComputedAgain) {
  TrainConfig training = config("", 4, "experts = 4\nexperts_per_token = 2");
  const auto kept = run(training, "kept");
  training.pass.checkpoint_activations = true;
  const auto again = run(training, "again");
  ASSERT_TRUE(kept);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(kept->weights_sha256, again->weights_sha256);
  EXPECT_EQ(kept->ledger_head, again->ledger_head);
}

TEST_F(Training, CountsWhatFullExpertsDrop) {
  const std::string model = "experts = 4\nexperts_per_token = 2\nexpert_capacity_factor = ";
  ASSERT_TRUE(run(config("", 2, model + "0.5"), "full"));
  ASSERT_TRUE(run(config("", 2, model + "0.0"), "open"));
  const auto full = parse_metrics(*read_file(dir_ / "full" / "metrics.jsonl"));
  const auto open = parse_metrics(*read_file(dir_ / "open" / "metrics.jsonl"));
  // 144 tokens' 288 choices in each of two layers, of which there is room for half.
  EXPECT_GE((*full)[0].dropped_choices, 288);
  EXPECT_LT((*full)[0].dropped_choices, 576);
  EXPECT_EQ((*open)[0].dropped_choices, -1);
}

TEST_F(Training, IsTheSameAfterAKillAtAnyMoment) {
  const TrainConfig training = config("", 4);
  const auto train_on = [&](Disk& disk, const std::string& name) -> Result<void> {
    YURAI_TRY(prepare_run(training, dir_ / name, {.resume = true, .disk = &disk}, no_progress));
    YURAI_TRY(train(training, dir_ / name, {.disk = &disk}));
    return {};
  };
  testing::FailingDisk counts(~0ull);
  ASSERT_TRUE(train_on(counts, "whole"));
  const std::string whole = fingerprint("whole", 4);
  SplitMix64 random(testing::test_seed());
  // Some of them, others with another seed; scripts/soak kills at random moments.
  const uint64_t stride = counts.num_operations() / 12;
  for (uint64_t at = random.below(stride); at < counts.num_operations();
       at += 1 + random.below(stride)) {
    const std::string name = fmt::format("killed{}", at);
    const auto change = [&](Disk& disk) { return train_on(disk, name); };
    EXPECT_FALSE(testing::survives(at, change)) << at;
    // Some are killed again while they go on.
    if (at % 2 == 0) testing::survives(random.below(counts.num_operations()), change);
    const auto resumed = train_on(posix_disk(), name);
    ASSERT_TRUE(resumed) << at << ": " << resumed.error().message;
    ASSERT_EQ(fingerprint(name, 4), whole) << at;
    fs::remove_all(dir_ / name);
  }
}

TEST_F(Training, LosesNothingWhenTheDiskIsFull) {
  const TrainConfig training = config("", 4);
  ASSERT_TRUE(run(training, "whole"));
  const std::string whole = fingerprint("whole", 4);
  ASSERT_TRUE(prepare_run(training, dir_ / "run", {}, no_progress));
  testing::FailingDisk counts(~0ull);
  ASSERT_TRUE(train(training, dir_ / "run", {.disk = &counts}));
  for (uint64_t at = 0; at < counts.num_operations(); at += 1 + at % 3) {
    const std::string name = fmt::format("full{}", at);
    ASSERT_TRUE(prepare_run(training, dir_ / name, {}, no_progress));
    testing::FailingDisk disk(at);
    const auto failed = train(training, dir_ / name, {.disk = &disk});
    ASSERT_FALSE(failed) << at;
    EXPECT_THAT(failed.error().message, HasSubstr("No space left on device")) << at;
    const auto report = run(training, name, 1, /*resume=*/true);
    ASSERT_TRUE(report) << at << ": " << report.error().message;
    ASSERT_EQ(fingerprint(name, 4), whole) << at;
    fs::remove_all(dir_ / name);
  }
}

TEST_F(Training, RefusesToGoOnWithAnotherConfigurationOrCorpus) {
  ASSERT_TRUE(run(config("", 2), "run"));
  EXPECT_EQ(run(config("", 2), "run").error().code, ErrorCode::kAlreadyExists);
  const auto other = run(config("seed = 2", 2), "run", 1, true);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("another 'configuration.seed'"));
  Document document;
  document.id = "new";
  document.text = "another";
  fs::remove_all(dir_ / "corpus");
  ASSERT_TRUE(testing::write_corpus(dir_ / "corpus", {document}));
  EXPECT_THAT(run(config("", 2), "run", 1, true).error().message, HasSubstr("another corpus"));
}

TEST_F(Training, GoesOnFromNothingThatWasChanged) {
  ASSERT_TRUE(run(config("", 4), "run"));
  const auto flipped = [&](const fs::path& file) {
    const std::string before = *read_file(file);
    std::string bytes = before;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    EXPECT_TRUE(write_file(file, bytes));
    const auto resumed = run(config("", 4), "run", 1, /*resume=*/true);
    EXPECT_FALSE(resumed) << file;
    EXPECT_TRUE(write_file(file, before));
  };
  const fs::path dir = dir_ / "run";
  flipped(dir / "tokens/tokens.bin");
  flipped(dir / "tokens/lengths.bin");
  flipped(dir / "ledger/steps.log");
  flipped(dir / "checkpoints/step-4/model.safetensors");
  flipped(dir / "checkpoints/step-4/manifest.json");
  flipped(dir / "run.json");
  flipped(dir / "metrics.jsonl");
  ASSERT_TRUE(run(config("", 4), "run", 1, /*resume=*/true));
  fs::remove(dir / "checkpoints/step-4/manifest.json");
  const auto lost = run(config("", 4), "run", 1, /*resume=*/true);
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("has lost its manifest.json"));
}

TEST_F(Training, GoesOnFromTheCheckpointBeforeWhatIsDamaged) {
  ASSERT_TRUE(run(config("", 4), "run"));
  const std::string whole = fingerprint("run", 4);
  const auto resumed = [&] { return run(config("", 4), "run", 1, /*resume=*/true); };
  const fs::path newest = dir_ / "run/checkpoints/step-4";
  const auto flip = [](const fs::path& file, uint64_t at) {
    std::string bytes = read_file(file).value();
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    ASSERT_TRUE(write_file(file, bytes));
  };
  // Under another name, or with weights that would be read and are not listed.
  fs::rename(newest, dir_ / "run/checkpoints/step-9");
  EXPECT_THAT(resumed().error().message, HasSubstr("holds the model after 4 steps"));
  fs::rename(dir_ / "run/checkpoints/step-9", newest);
  ASSERT_TRUE(write_file(newest / "model.safetensors.index.json", "{}"));
  EXPECT_THAT(resumed().error().message, HasSubstr("is not listed in manifest.json; remove it"));
  fs::remove(newest / "model.safetensors.index.json");
  // A lost run.json is written again only as it was.
  fs::remove(dir_ / "run/run.json");
  EXPECT_THAT(run(config("seed = 2", 4), "run", 1, true).error().message,
              HasSubstr("begun with another configuration"));
  EXPECT_FALSE(fs::exists(dir_ / "run/run.json"));
  ASSERT_TRUE(resumed());
  EXPECT_EQ(fingerprint("run", 4), whole);
  flip(newest / "model.safetensors", 900);
  EXPECT_THAT(resumed().error().message, HasSubstr("step-4 to go on from step-2"));
  fs::remove_all(newest);
  ASSERT_TRUE(resumed());
  EXPECT_EQ(fingerprint("run", 4), whole);

  // The third or the last step of the ledger: the checkpoint after two does not need them.
  for (const uint64_t step : {2, 3}) {
    uint64_t begin = 0;
    std::memcpy(&begin, read_file(dir_ / "run/ledger/steps.idx").value().data() + 8 * (step - 1),
                sizeof begin);
    flip(dir_ / "run/ledger/steps.log", begin + 10);
    EXPECT_THAT(resumed().error().message,
                HasSubstr(fmt::format("step {}: the hash chain breaks here", step)));
    EXPECT_THAT(resumed().error().message, HasSubstr("remove the checkpoints after it"));
    fs::remove_all(newest);
    ASSERT_TRUE(resumed());
    EXPECT_EQ(fingerprint("run", 4), whole);
  }
}

TEST_F(Training, VerifiesAllThatARunHolds) {
  ASSERT_TRUE(prepare_run(config("", 4), dir_ / "run", {}, no_progress));
  EXPECT_TRUE(verify_run(dir_ / "run"));  // before its first step, too
  ASSERT_TRUE(run(config("", 4), "run", 1, /*resume=*/true));
  const auto whole = verify_run(dir_ / "run");
  ASSERT_TRUE(whole) << whole.error().message;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir_ / "run")) {
    if (entry.is_regular_file() && entry.path().filename() != kLossCurveName &&
        entry.path().filename() != "tokenizer_config.json") {
      files.push_back(entry.path());
    }
  }
  EXPECT_GT(files.size(), 20U);
  for (const fs::path& file : files) {
    const std::string before = *read_file(file);
    if (before.empty()) continue;
    std::string bytes = before;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(write_file(file, bytes));
    EXPECT_FALSE(verify_run(dir_ / "run")) << file;
    ASSERT_TRUE(write_file(file, before));
  }
  // A whole checkpoint under another's name; a chat template that would be read and is not listed.
  const fs::path checkpoints = dir_ / "run" / "checkpoints";
  fs::copy(checkpoints / "step-4", checkpoints / "step-3", fs::copy_options::recursive);
  EXPECT_THAT(verify_run(dir_ / "run").error().message, HasSubstr("after 4 steps"));
  fs::remove_all(checkpoints / "step-3");
  ASSERT_TRUE(write_file(checkpoints / "step-4" / "chat_template.jinja", "{}"));
  EXPECT_THAT(verify_run(dir_ / "run").error().message,
              HasSubstr("is not listed in manifest.json"));
  fs::remove(checkpoints / "step-4" / "chat_template.jinja");
  EXPECT_TRUE(verify_run(dir_ / "run"));
}

TEST_F(Training, NoticesAChangeInEachByteOfRunJson) {
  ASSERT_TRUE(prepare_run(config("", 2), dir_ / "run", {}, no_progress));
  const fs::path path = dir_ / "run" / kRunName;
  const std::string good = *read_file(path);
  EXPECT_TRUE(read_run(dir_ / "run"));
  for (size_t i = 0; i + 1 < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ 1 << i % 8);
    ASSERT_TRUE(write_file(path, bytes));
    const auto damaged = read_run(dir_ / "run");
    ASSERT_FALSE(damaged) << i << ": " << bytes;
    EXPECT_THAT(damaged.error().message, HasSubstr("run.json"));
  }
  for (size_t size = 0; size + 1 < good.size(); ++size) {
    ASSERT_TRUE(write_file(path, good.substr(0, size)));
    EXPECT_FALSE(read_run(dir_ / "run")) << size;
  }
}

TEST_F(Training, GoesOnWithARunOfVersion1) {
  ASSERT_TRUE(run(config("", 2), "new"));
  ASSERT_TRUE(prepare_run(config("", 2), dir_ / "old", {}, no_progress));
  Json old = *read_run(dir_ / "old");
  old["format_version"] = 1;
  ASSERT_TRUE(write_file(dir_ / "old" / kRunName, dump_json(old) + "\n"));
  const auto report = run(config("", 2), "old", 1, /*resume=*/true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->weights_sha256, run(config("", 2), "new", 1, true)->weights_sha256);
}

TEST_F(Training, NamesTheDocumentsOfAStepWhoseLossDiverges) {
  TrainConfig training = config("", 40);
  training.schedule.learning_rate = 1000;
  training.schedule.warmup_steps = 0;
  const auto report = run(training, "run");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("it read documents 'd"));
  EXPECT_THAT(report.error().message, HasSubstr("schedule.learning_rate"));
}

TEST_F(Training, NeverTrainsOnValidationDocuments) {
  ASSERT_TRUE(run(config("", 6), "run"));
  const auto inputs = open_run(dir_ / "run");
  ASSERT_FALSE(inputs->validation.empty());
  const auto ledger = Ledger::open(dir_ / "run" / "ledger");
  for (const uint64_t document : inputs->validation) {
    EXPECT_FALSE(ledger->document(inputs->tokens->id(document)));
  }
}

TEST(TrainConfigText, NamesWhatIsWrong) {
  const auto error = [](std::string_view toml) {
    const auto parsed = parse_train_config(toml, "t.toml", "");
    return parsed ? std::string() : parsed.error().message;
  };
  EXPECT_EQ(error("corpus = \"c\""), "");
  EXPECT_THAT(error(""), HasSubstr("'corpus' is missing"));
  EXPECT_THAT(error("corpus = \"c\"\nsteps = 3"), HasSubstr("'steps' is unknown"));
  EXPECT_THAT(error("corpus = \"c\"\n[schedule]\nsteps = -3"), HasSubstr("schedule.steps"));
  EXPECT_THAT(error("corpus = \"c\"\n[schedule]\nsteps = 1.5"), HasSubstr("schedule.steps"));
  EXPECT_THAT(error("corpus = \"c\"\n[model]\npreset = \"7B\""),
              HasSubstr("1M, 3M, 10M, 30M, 8x3M"));
  EXPECT_THAT(error("corpus = \"c\"\n[model]\nheads = 7"), HasSubstr("model.hidden_size"));
  EXPECT_THAT(error("corpus = \"c\"\n[batch]\nsequences = 5"), HasSubstr("batch.micro_batch"));
  EXPECT_THAT(error("corpus = \"c\"\n[optimizer]\nbeta1 = nan"), HasSubstr("optimizer.beta1"));
  EXPECT_THAT(error("corpus = \"c\"\n[model]\ndtype = \"f16\""), HasSubstr("f32, bf16"));
  EXPECT_THAT(error("corpus = 3"), HasSubstr("'corpus'"));
  EXPECT_THAT(error("corpus = \"c\"\nstage = \"x\""), HasSubstr("pretrain"));
}

TEST(Schedule, WarmsUpAndDecays) {
  Schedule cosine{.steps = 100, .warmup_steps = 10, .decay_steps = 90};
  EXPECT_DOUBLE_EQ(cosine.rate(0), cosine.learning_rate / 10);
  EXPECT_DOUBLE_EQ(cosine.rate(9), cosine.learning_rate);
  EXPECT_DOUBLE_EQ(cosine.rate(10), cosine.learning_rate);
  EXPECT_NEAR(cosine.rate(55), cosine.learning_rate * 0.55, 1e-12);
  EXPECT_NEAR(cosine.rate(99), cosine.learning_rate * 0.1, 1e-5);
  Schedule wsd{.steps = 100, .warmup_steps = 0, .decay_steps = 20, .cosine = false};
  EXPECT_DOUBLE_EQ(wsd.rate(80), wsd.learning_rate);
  EXPECT_NEAR(wsd.rate(90), wsd.learning_rate * 0.55, 1e-12);
}

}  // namespace
}  // namespace yurai

#include "yurai/ledger/ledger_import.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "yurai/base/number_codec.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_writer.h"
#include "yurai/ledger/npy.h"
#include "yurai/ledger/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::overwrite;
using testing::TemporaryDirectory;
using testing::test_seed;
using testing::text_of;

Corpus corpus_of(const fs::path& dir, size_t count) {
  std::vector<Document> documents(count);
  for (size_t i = 0; i < count; ++i) {
    documents[i].id = "d" + std::to_string(i);
    documents[i].text = std::string(10 + i, 'a');
  }
  return testing::write_corpus(dir, documents).value();
}

Result<Ledger> from_jsonl(const Corpus& corpus, const fs::path& dir, std::string_view lines) {
  overwrite(dir / "steps.jsonl", lines);
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir / "ledger", {.force = true}));
  YURAI_TRY(import_jsonl(corpus, dir / "steps.jsonl", "sft", stage));
  YURAI_TRY(stage.commit());
  return Ledger::open(dir / "ledger");
}

TEST(LedgerImport, ReadsLinesInAnyOrder) {
  const TemporaryDirectory dir;
  const Corpus corpus = corpus_of(dir / "corpus", 4);
  const auto ledger = from_jsonl(corpus, dir.path(),
                                 R"({"id":"d2","step":3,"loss_nats_mean":2.5}

{"id":"d0","iteration":0,"epoch":1,"sequence":7,"token_begin":2,"tokens":5,"byte_begin":4,"byte_end":9}
{"id":"d2","step":0,"byte_begin":1,"other":[1]}
)");
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ(ledger->steps(), 4u);
  EXPECT_EQ(ledger->head().stage, "sft");
  EXPECT_EQ(ledger->head().corpus_sha256, corpus.identity().corpus_sha256);
  EXPECT_FALSE(ledger->head().exact_bytes);
  const float unknown = std::nanf("");
  const std::vector<LedgerRow> first = {{0, 0, 0, 2, 0, 0, 1, 12, unknown},
                                        {0, 1, 7, 0, 2, 5, 4, 9, unknown}};
  EXPECT_EQ(text_of(ledger->step(0).value()), text_of(first));
  EXPECT_TRUE(ledger->step(1)->empty());
  EXPECT_TRUE(ledger->step(2)->empty());
  const auto of_document = ledger->document("d2").value();
  ASSERT_EQ(of_document.size(), 2u);
  EXPECT_EQ(of_document[1].step, 3u);
  EXPECT_EQ(of_document[1].loss_nats_mean, 2.5f);
  EXPECT_TRUE(ledger->document("d1")->empty());
  EXPECT_TRUE(ledger->verify());
  EXPECT_EQ(ledger->manifest().inputs[0].name, "steps.jsonl");
  EXPECT_EQ(ledger->manifest().lineage.size(), 1u);
  EXPECT_EQ(LedgerWriter::resume(dir / "ledger", 4).error().code, ErrorCode::kInvalidArgument);
}

TEST(LedgerImport, NamesTheLineThatIsWrong) {
  const TemporaryDirectory dir;
  const Corpus corpus = corpus_of(dir / "corpus", 2);
  const std::string good = R"({"id":"d1","step":0})"
                           "\n";
  for (const std::string bad : {R"({"id":"d9","step":1})",
                                R"({"id":"d1"})",
                                R"({"step":1})",
                                R"([])",
                                R"({)",
                                R"({"id":"d1","step":-1})",
                                R"({"id":"d1","step":100000000000})",
                                R"({"id":"d1","step":1,"byte_end":99})",
                                R"({"id":"d1","step":1,"byte_begin":5,"byte_end":4})",
                                R"({"id":"d1","step":1,"byte_begin":-5,"byte_end":4})",
                                R"({"id":"d1","step":1.5})",
                                R"({"id":"d1","step":"1"})",
                                R"({"id":"d1","step":1,"epoch":-1})",
                                R"({"id":"d1","step":1,"epoch":4294967295})",
                                R"({"id":"d1","step":1,"sequence":9223372036854775807})",
                                R"({"id":"d1","step":1,"token_begin":1000000})",
                                R"({"id":"d1","step":1,"tokens":-7})",
                                R"({"id":"d1","step":1,"token_begin":190,"tokens":3})",
                                R"({"id":"d1","step":1,"tokens":4294967295})",
                                R"({"id":"d1","step":1,"loss_nats_mean":-1})",
                                R"({"id":"d1","step":1,"loss_nats_mean":1e300})",
                                R"({"id":"d1","step":1,"loss_nats_mean":1e999})",
                                R"({"id":"d1","step":1,"loss_nats_mean":NaN})",
                                R"({"id":"d1","step":1,"loss_nats_mean":"2"})",
                                R"({"id":"d1","step":67108863})",
                                "\xff\xfe"}) {
    const auto ledger = from_jsonl(corpus, dir.path(), good + bad + "\n");
    ASSERT_FALSE(ledger) << bad;
    EXPECT_NE(ledger.error().message.find("steps.jsonl', line 2: "), std::string::npos)
        << ledger.error().message;
    EXPECT_FALSE(fs::exists(dir / "ledger"));
  }
  EXPECT_FALSE(from_jsonl(corpus, dir.path(), ""));
  EXPECT_TRUE(from_jsonl(corpus, dir.path(),
                         R"({"id":"d1","step":1,"epoch":null,"token_begin":190,"tokens":2,)"
                         R"("loss_nats_mean":null})"));
  const Corpus twins =
      testing::write_corpus(dir / "twins", {{.id = "d1", .text = "a"}, {.id = "d1", .text = "b"}})
          .value();
  const auto ledger = from_jsonl(twins, dir.path(), good);
  ASSERT_FALSE(ledger);
  EXPECT_NE(ledger.error().message.find("several documents"), std::string::npos);
}

TEST(LedgerImport, InverseIndexAgreesWithAScan) {
  const TemporaryDirectory dir;
  const Corpus corpus = corpus_of(dir / "corpus", 30);
  std::mt19937_64 random(test_seed());
  std::string lines;
  for (int i = 0; i < 2000; ++i) {
    lines += R"({"id":"d)" + std::to_string(random() % 29) + R"(","step":)" +
             std::to_string(random() % 150) + "}\n";
  }
  const Ledger ledger = from_jsonl(corpus, dir.path(), lines).value();
  std::vector<std::vector<LedgerRow>> expected(30);
  for (uint64_t n = 0; n < ledger.steps(); ++n) {
    const std::vector<LedgerRow> rows = ledger.step(n).value();
    for (const LedgerRow& row : rows) expected[row.document].push_back(row);
  }
  for (uint64_t d = 0; d < 30; ++d) {
    EXPECT_EQ(text_of(ledger.document_rows(d).value()), text_of(expected[d]));
  }
}

/// A .npy file as numpy writes it.
std::string npy(const std::vector<uint64_t>& numbers, int item_bytes, int columns,
                const std::string& type) {
  const size_t rows = numbers.size() / static_cast<size_t>(columns);
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + (columns == 1 ? ",), }" : ", 2), }");
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string file = "\x93NUMPY";
  file += std::string("\x01\x00", 2);
  append_fixed(header.size(), 2, file);
  file += header;
  for (const uint64_t number : numbers) append_fixed(number, item_bytes, file);
  return file;
}

std::string idx(const std::vector<uint32_t>& lengths) {
  std::string file("MMIDIDX\0\0", 9);
  append_fixed(1, 8, file);
  append_fixed(8, 1, file);
  append_fixed(lengths.size(), 8, file);
  append_fixed(lengths.size() + 1, 8, file);
  for (const uint32_t length : lengths) append_fixed(length, 4, file);
  uint64_t pointer = 0;
  for (const uint32_t length : lengths) {
    append_fixed(pointer, 8, file);
    pointer += 2 * length;
  }
  for (size_t i = 0; i <= lengths.size(); ++i) append_fixed(i, 8, file);
  return file;
}

/// A dataset with its order, and the oracle: which token of which document each place of the stream
/// holds.
struct MegatronFixture {
  std::vector<uint32_t> lengths;
  std::vector<uint64_t> documents;
  std::vector<uint64_t> samples;
  std::vector<uint64_t> shuffle;
  std::vector<std::pair<uint64_t, uint64_t>> stream;
  uint64_t length = 0;

  explicit MegatronFixture(uint64_t seed) {
    std::mt19937_64 random(seed);
    lengths.resize(2 + random() % 8);
    for (uint32_t& count : lengths) count = static_cast<uint32_t>(1 + random() % 20);
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      for (uint64_t d = 0; d < lengths.size(); ++d) documents.push_back(d);
    }
    std::shuffle(documents.begin(), documents.end(), random);
    std::vector<std::pair<uint64_t, uint64_t>> places;  // of the stream: in the index, offset
    for (uint64_t place = 0; place < documents.size(); ++place) {
      for (uint64_t t = 0; t < lengths[documents[place]]; ++t) {
        places.push_back({place, t});
        stream.push_back({documents[place], t});
      }
    }
    length = 1 + random() % 12;
    for (uint64_t at = 0; at < places.size(); at += length) {
      samples.push_back(places[at].first);
      samples.push_back(places[at].second);
    }
    shuffle.resize(samples.size() / 2 - 1);
    std::iota(shuffle.begin(), shuffle.end(), 0u);
    std::shuffle(shuffle.begin(), shuffle.end(), random);
  }

  void write(const fs::path& dir, bool is_new) const {
    overwrite(dir / "data.idx", idx(lengths));
    const std::string order = (dir / (is_new ? "h-GPTDataset-train" : "data_train")).string();
    overwrite(order + (is_new ? "-document_index.npy" : "_doc_idx.npy"),
              npy(documents, 4, 1, "<i4"));
    overwrite(order + (is_new ? "-sample_index.npy" : "_sample_idx.npy"),
              is_new ? npy(samples, 8, 2, "<i8") : npy(samples, 4, 2, "<i4"));
    overwrite(order + (is_new ? "-shuffle_index.npy" : "_shuffle_idx.npy"),
              is_new ? npy(shuffle, 4, 1, "<u4") : npy(shuffle, 8, 1, "<i8"));
  }
};

Result<Ledger> from_megatron(const Corpus& corpus, const fs::path& dir, bool is_new,
                             uint64_t sequences_per_step) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir / "ledger", {.force = true}));
  const std::string order = (dir / (is_new ? "h-GPTDataset-train" : "data_train")).string();
  YURAI_TRY(
      import_megatron(corpus, {dir / "data.idx", order, sequences_per_step}, "pretrain", stage));
  YURAI_TRY(stage.commit());
  return Ledger::open(dir / "ledger");
}

TEST(LedgerImport, ReadsWhatEachSampleOfMegatronPredicts) {
  for (uint64_t round = 0; round < 20; ++round) {
    const MegatronFixture fixture(test_seed() + round);
    if (fixture.shuffle.size() < 3) continue;
    const TemporaryDirectory dir;
    const bool is_new = round % 2 == 0;
    fixture.write(dir.path(), is_new);
    const Corpus corpus = corpus_of(dir / "corpus", fixture.lengths.size());
    const uint64_t per_step = 1 + round % 3;
    const auto ledger = from_megatron(corpus, dir.path(), is_new, per_step);
    ASSERT_TRUE(ledger) << ledger.error().message;
    ASSERT_EQ(ledger->steps(), fixture.shuffle.size() / per_step);
    EXPECT_FALSE(ledger->head().exact_bytes);
    for (uint64_t step = 0; step < ledger->steps(); ++step) {
      std::vector<std::pair<uint64_t, uint64_t>> predicted;
      for (uint64_t i = 0; i < per_step; ++i) {
        const uint64_t begin = fixture.shuffle[step * per_step + i] * fixture.length + 1;
        for (uint64_t at = begin; at < begin + fixture.length; ++at) {
          predicted.push_back(fixture.stream[at]);
        }
      }
      std::vector<std::pair<uint64_t, uint64_t>> of_ledger;
      const std::vector<LedgerRow> rows = ledger->step(step).value();
      for (const LedgerRow& row : rows) {
        for (uint64_t t = 0; t < row.tokens; ++t) {
          of_ledger.push_back({row.document, row.token_begin + t});
        }
        EXPECT_EQ(row.sequence / per_step, step);
        EXPECT_EQ(row.byte_end,
                  corpus.text_range(row.document).end - corpus.text_range(row.document).begin);
      }
      EXPECT_EQ(of_ledger, predicted) << "round " << round << ", step " << step;
    }
    EXPECT_TRUE(ledger->verify());
  }
}

TEST(LedgerImport, RefusesAnotherCorpusAndDamagedIndexFiles) {
  const MegatronFixture fixture(5);
  const TemporaryDirectory dir;
  fixture.write(dir.path(), true);
  const Corpus other = corpus_of(dir / "other", fixture.lengths.size() + 1);
  const auto refused = from_megatron(other, dir.path(), true, 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("in the same order"), std::string::npos);
  const Corpus corpus = corpus_of(dir / "corpus", fixture.lengths.size());
  EXPECT_FALSE(from_megatron(corpus, dir.path(), true, 0));
  const auto no_step = from_megatron(corpus, dir.path(), true, fixture.shuffle.size() + 1);
  ASSERT_FALSE(no_step);
  EXPECT_NE(no_step.error().message.find("make no step of"), std::string::npos);
  std::mt19937_64 random(test_seed());
  for (const std::string name :
       {"data.idx", "h-GPTDataset-train-document_index.npy", "h-GPTDataset-train-sample_index.npy",
        "h-GPTDataset-train-shuffle_index.npy"}) {
    const std::string bytes = read_file(dir / name).value();
    for (size_t size = 0; size < bytes.size(); size += 1 + size % 5) {
      overwrite(dir / name, std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(from_megatron(corpus, dir.path(), true, 1)) << name << " of " << size;
      std::string flipped = bytes;
      flipped[size] = static_cast<char>(flipped[size] ^ (1 << random() % 8));
      overwrite(dir / name, flipped);
      (void)from_megatron(corpus, dir.path(), true, 1);  // an answer or an error
    }
    overwrite(dir / name, bytes);
  }
  EXPECT_TRUE(from_megatron(corpus, dir.path(), true, 1));
}

TEST(NpyArray, ReadsWhatNumpyWrites) {
  const TemporaryDirectory dir;
  overwrite(dir / "a.npy", npy({1, 2, 3, 4, UINT64_MAX, 6}, 4, 2, "<i4"));
  const NpyArray array = NpyArray::open(dir / "a.npy").value();
  EXPECT_EQ(array.rows(), 3u);
  EXPECT_EQ(array.columns(), 2u);
  EXPECT_EQ(array.at(1, 1), 4u);
  EXPECT_EQ(array.at(2, 0), UINT64_MAX);
  overwrite(dir / "a.npy", npy({1, 2}, 4, 1, "<f4"));
  EXPECT_EQ(NpyArray::open(dir / "a.npy").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace yurai

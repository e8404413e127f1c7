#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_import.h"
#include "yurai/ledger/ledger_writer.h"

/// Questions to a ledger of 10,000 steps over 200,000 documents, both ways, and what it takes on
/// the disk. Documents have 0 to 1,200 tokens of three bytes; a step reads 64 sequences of 512: 328
/// million tokens, 2.7 epochs.
namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kDocuments = 200'000;
constexpr uint64_t kSteps = 10'000;
constexpr OrderSpec kOrder{.seed = 1, .sequence_tokens = 512, .sequences_per_step = 64};

std::vector<LedgerDocument> documents() {
  std::mt19937_64 random(1);
  std::vector<LedgerDocument> all(kDocuments);
  for (size_t i = 0; i < all.size(); ++i) {
    all[i].id = fmt::format("document-{}", i);
    all[i].tokens = static_cast<uint32_t>(random() % 1201);
    all[i].bytes = 3 * uint64_t{all[i].tokens};
  }
  return all;
}

uint64_t bytes_of(const fs::path& dir) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(dir)) bytes += fs::file_size(entry.path());
  return bytes;
}

/// As training writes it.
class Trained {
 public:
  static const Trained& get() {
    static const Trained trained;
    return trained;
  }
  Ledger open() const { return Ledger::open(dir_ / "ledger").value(); }
  double bytes_per_token() const {
    return static_cast<double>(bytes_of(dir_ / "ledger")) /
           static_cast<double>(kSteps * kOrder.sequence_tokens * kOrder.sequences_per_step);
  }

 private:
  Trained() {
    const std::vector<LedgerDocument> all = documents();
    LedgerHead head;
    head.order = kOrder;
    LedgerWriter writer = LedgerWriter::create(dir_ / "ledger", head, all).value();
    for (uint64_t step = 0; step < kSteps; ++step) {
      std::vector<LedgerRow> rows;
      for (uint64_t i = 0; i < kOrder.sequences_per_step; ++i) {
        const uint64_t sequence = step * kOrder.sequences_per_step + i;
        for (const OrderSegment& part : writer.order()->sequence(sequence)) {
          const uint64_t end = all[part.document].bytes;
          rows.push_back({step, part.epoch, sequence, part.document, part.token_begin,
                          static_cast<uint32_t>(part.token_end - part.token_begin),
                          std::min(end, 3 * part.token_begin), std::min(end, 3 * part.token_end),
                          3.25F});
        }
      }
      YURAI_CHECK(writer.append(rows).has_value());
    }
    YURAI_CHECK(writer.sync().has_value());
  }
  testing::TemporaryDirectory dir_;
};

/// As an import without an order makes it: 30 documents a step.
class Imported {
 public:
  static const Imported& get() {
    static const Imported imported;
    return imported;
  }
  Ledger open() const { return Ledger::open(dir_ / "ledger").value(); }

 private:
  Imported() {
    std::vector<Document> texts(kDocuments);
    for (size_t i = 0; i < texts.size(); ++i) {
      texts[i].id = fmt::format("document-{}", i);
      texts[i].text = "a text";
    }
    const Corpus corpus = testing::write_corpus(dir_ / "corpus", texts).value();
    std::mt19937_64 random(1);
    std::string lines;
    for (uint64_t step = 0; step < kSteps; ++step) {
      for (int i = 0; i < 30; ++i) {
        lines +=
            fmt::format("{{\"id\":\"document-{}\",\"step\":{}}}\n", random() % kDocuments, step);
      }
    }
    YURAI_CHECK(write_file(dir_ / "steps.jsonl", lines).has_value());
    StagingDirectory stage = StagingDirectory::create(dir_ / "ledger", {}).value();
    YURAI_CHECK(import_jsonl(corpus, dir_ / "steps.jsonl", "pretrain", stage).has_value());
    YURAI_CHECK(stage.commit().has_value());
  }
  testing::TemporaryDirectory dir_;
};

template <class Of>
void BM_step(benchmark::State& state) {
  const Ledger ledger = Of::get().open();
  std::mt19937_64 random(2);
  uint64_t rows = 0;
  (void)ledger.step(0);
  for (auto _ : state) rows += ledger.step(random() % kSteps)->size();
  state.counters["rows"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kAvgIterations);
}

template <class Of>
void BM_document(benchmark::State& state) {
  const Ledger ledger = Of::get().open();
  std::mt19937_64 random(3);
  uint64_t rows = 0;
  (void)ledger.document_rows(0);
  for (auto _ : state) {
    rows += ledger.document(fmt::format("document-{}", random() % kDocuments))->size();
  }
  state.counters["rows"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kAvgIterations);
}

/// Opening a ledger and its first question, for which every epoch's documents are shuffled.
template <class Of>
void BM_open_and_document(benchmark::State& state) {
  std::mt19937_64 random(4);
  Of::get();
  for (auto _ : state) {
    const Ledger ledger = Of::get().open();
    benchmark::DoNotOptimize(ledger.document_rows(random() % kDocuments));
  }
}

void BM_size(benchmark::State& state) {
  const double bytes = Trained::get().bytes_per_token();
  for (auto _ : state) benchmark::DoNotOptimize(bytes);
  state.counters["bytes_per_token"] = bytes;
}

/// The first question of an epoch, by the number of documents.
void BM_first_of_an_epoch(benchmark::State& state) {
  const std::vector<uint32_t> tokens(static_cast<size_t>(state.range(0)), 600);
  std::unique_ptr<TrainingOrder> order;
  for (auto _ : state) {
    state.PauseTiming();
    order = std::make_unique<TrainingOrder>(TrainingOrder::make(tokens, kOrder).value());
    state.ResumeTiming();
    benchmark::DoNotOptimize(order->places(7, 0, 1, 0));
  }
}

BENCHMARK(BM_size)->Iterations(1);
BENCHMARK(BM_step<Trained>)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_document<Trained>)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_open_and_document<Trained>)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_step<Imported>)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_document<Imported>)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_open_and_document<Imported>)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_first_of_an_epoch)->Arg(200'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

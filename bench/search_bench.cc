#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <optional>

#include "yurai/base/interval.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/search/testing.h"

/// Document search: how often the right document is among the first ten, how long it takes, how
/// large it is. YURAI_TEST_DATA names the folder with qa/ and corpus/; documents are the different
/// contexts of the questions and 30,000 rows of the corpus. YURAI_BENCH_QUESTIONS=jaquad takes
/// those questions (for choosing parameters), jsquad, the default, the test questions. Without the
/// data a made-up corpus serves.
namespace yurai {
namespace {

constexpr size_t kNumOthers = 30'000;
constexpr size_t kMaxQuestions = 4420;

struct Question {
  std::string text;
  size_t document = 0;
};

struct Collection {
  std::vector<Document> documents;
  std::vector<Question> questions;
};

template <class Use>
Result<void> for_each_row(const std::filesystem::path& path, Compression compression,
                          const Use& use) {
  YURAI_ASSIGN(InputFile file, InputFile::open(path, compression));
  LineReader lines(file);
  for (Line line;;) {
    YURAI_ASSIGN(const bool more, lines.next(line));
    if (!more) return {};
    YURAI_ASSIGN(const Json row, parse_json(line.bytes, path.filename().string()));
    if (!use(row)) return {};
  }
}

Result<Collection> read_collection(const std::filesystem::path& data) {
  Collection collection;
  std::map<std::string, size_t> contexts;
  const char* wanted = std::getenv("YURAI_BENCH_QUESTIONS");
  const bool jaquad = wanted != nullptr && std::string_view(wanted) == "jaquad";
  const auto add_question = [&](const Json& row) {
    const std::string& context = row.at("context").get_ref<const std::string&>();
    const auto [entry, added] = contexts.try_emplace(context, collection.documents.size());
    if (added) collection.documents.push_back({.id = "context", .text = context});
    collection.questions.push_back({row.at("question").get<std::string>(), entry->second});
    return collection.questions.size() < kMaxQuestions;
  };
  if (jaquad) {
    YURAI_TRY(for_each_row(data / "qa/jaquad_train.jsonl.zst", Compression::kZstd, add_question));
  } else {
    YURAI_TRY(
        for_each_row(data / "qa/jsquad_v1.3_test.jsonl.gz", Compression::kGzip, add_question));
  }
  size_t num_others = 0;
  for (const char* name : {"corpus/ja.jsonl.zst", "corpus/en.jsonl.zst"}) {
    YURAI_TRY(for_each_row(data / name, Compression::kZstd, [&](const Json& row) {
      collection.documents.push_back(
          {.id = row.at("id").get<std::string>(), .text = row.at("text").get<std::string>()});
      return ++num_others < kNumOthers;
    }));
    if (num_others >= kNumOthers) break;
  }
  return collection;
}

Collection made_up_collection() {
  Collection collection;
  for (size_t i = 0; i < 2000; ++i) {
    std::string text;
    for (size_t n = 0; n < 40; ++n) {
      append_char(static_cast<char32_t>(0x4E00 + (i * n * n + 7 * n) % 1000), text);
    }
    collection.documents.push_back({.id = "made up", .text = text});
    if (i % 20 == 0) collection.questions.push_back({text.substr(0, 30), i});
  }
  return collection;
}

double cpu_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

struct Fixture {
  testing::TemporaryDirectory dir;
  Collection collection;
  std::optional<Corpus> corpus;
  std::optional<DocumentSearch> search;

  static Fixture& get() {
    static Fixture fixture;
    return fixture;
  }

 private:
  Fixture() {
    const char* data = std::getenv("YURAI_TEST_DATA");
    if (data == nullptr) fmt::print("YURAI_TEST_DATA is not set: made-up documents\n");
    collection = data == nullptr ? made_up_collection() : read_collection(data).value();
    corpus = testing::write_corpus(dir / "corpus", collection.documents).value();
    const double begin = cpu_ms();
    search = testing::write_search(dir / "search", *corpus).value();
    const double took = cpu_ms() - begin;
    uint64_t size = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir / "search")) {
      size += entry.file_size();
    }
    const auto text = static_cast<double>(corpus->identity().bytes);
    fmt::print(
        "{} documents, {:.1f} MB of text; built in {:.1f} s of CPU ({:.1f} MB/s); {:.1f} MB, "
        "{:.3f} bytes a byte of text\n",
        corpus->num_documents(), text / 1e6, took / 1e3, text / 1e3 / took,
        static_cast<double>(size) / 1e6, static_cast<double>(size) / text);
  }
};

void questions(benchmark::State& state) {
  const Fixture& fixture = Fixture::get();
  std::vector<double> times;
  uint64_t found = 0, reads = 0, postings = 0;
  for (auto _ : state) {
    times.clear();
    found = reads = postings = 0;
    for (const Question& question : fixture.collection.questions) {
      SearchCost cost;
      const double begin = cpu_ms();
      const auto hits = fixture.search->search(question.text, 10, &cost).value();
      times.push_back(cpu_ms() - begin);
      reads += cost.num_reads;
      postings += cost.num_postings;
      found += std::any_of(hits.begin(), hits.end(),
                           [&](const SearchHit& hit) { return hit.document == question.document; });
    }
  }
  std::sort(times.begin(), times.end());
  const auto n = static_cast<double>(times.size());
  const auto [low, high] = wilson_interval(found, times.size());
  fmt::print(
      "{} questions: recall@10 {:.4f} (95 % interval {:.4f}–{:.4f}); CPU ms p50 {:.3f}, p99 "
      "{:.3f}, mean {:.3f}; {:.1f} reads, {:.0f} postings a question\n",
      times.size(), static_cast<double>(found) / n, low, high, times[times.size() / 2],
      times[times.size() * 99 / 100], std::accumulate(times.begin(), times.end(), 0.0) / n,
      static_cast<double>(reads) / n, static_cast<double>(postings) / n);
  state.counters["recall@10"] = static_cast<double>(found) / n;
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
}
BENCHMARK(questions)->Iterations(1)->Unit(benchmark::kMillisecond);

void passages(benchmark::State& state) {
  const Fixture& fixture = Fixture::get();
  size_t next = 0;
  for (auto _ : state) {
    const Question& question =
        fixture.collection.questions[next++ * 97 % fixture.collection.questions.size()];
    benchmark::DoNotOptimize(
        fixture.search->search_passages(*fixture.corpus, question.text, 10, 120).value());
  }
}
BENCHMARK(passages)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/point_sort.h"
#include "yurai/index/points.h"
#include "yurai/index/testing.h"

/// Building an index and asking it. YURAI_BENCH_INDEX names an index to ask; without it a small one
/// of made-up words serves. YURAI_BENCH_LANG (default ja) chooses the documents that queries are
/// drawn from. `cold` reads past the operating system's cache.
namespace yurai {
namespace {

constexpr size_t kNumQueries = 2000;
constexpr size_t kNumPassages = 50;
constexpr size_t kPassageChars = 500;

/// Words of a Zipf-like vocabulary of Chinese characters, a document every 2,000 words.
std::vector<std::string> made_up_texts(size_t num_words) {
  std::mt19937_64 random(1);
  std::geometric_distribution<uint64_t> rank(0.002);
  std::vector<std::string> texts;
  for (size_t i = 0; i < num_words; ++i) {
    if (i % 2000 == 0) texts.emplace_back();
    std::mt19937_64 word(rank(random));
    for (uint64_t n = 1 + word() % 3; n > 0; --n) {
      append_char(static_cast<char32_t>(0x4E00 + word() % 2000), texts.back());
    }
    texts.back() += i % 12 == 11 ? "。" : "の";
  }
  return texts;
}

/// The index to ask, opened for warm or cold reads, and what is asked of it.
struct Fixture {
  CorpusIndex index;
  CorpusIndex cold;
  std::vector<std::string> queries;
  std::vector<std::string> passages;  ///< pieces of 20 characters from here and there

  static const Fixture& get() {
    static const Fixture fixture;
    return fixture;
  }

 private:
  Fixture() : Fixture(index_dir()) {}
  explicit Fixture(const std::filesystem::path& dir)
      : index(CorpusIndex::open(dir).value()),
        cold(CorpusIndex::open(dir, ReadableFile::Mode::kDirect).value()) {
    std::mt19937_64 random(1);
    for (size_t i = 0; i < kNumQueries; ++i) {
      queries.push_back(piece(random, 2 + random() % 14));
      if (i % 4 == 0) queries.back() += piece(random, 1);
    }
    for (size_t i = 0; i < kNumPassages; ++i) {
      passages.emplace_back();
      while (count_chars(passages.back()) < kPassageChars) passages.back() += piece(random, 20);
    }
  }

  static std::filesystem::path index_dir() {
    if (const char* dir = std::getenv("YURAI_BENCH_INDEX")) return dir;
    static const testing::TemporaryDirectory made;
    testing::write_index_of(made.path(), made_up_texts(200'000)).value();
    return made / "index";
  }

  std::string piece(std::mt19937_64& random, size_t num_chars) const {
    const char* wanted = std::getenv("YURAI_BENCH_LANG");
    const std::string lang = wanted == nullptr ? "ja" : wanted;
    const Corpus& corpus = index.corpus();
    for (int attempt = 0;; ++attempt) {
      const Document document = corpus.document(random() % corpus.num_documents()).value();
      if (attempt < 1000 && !document.lang.empty() && document.lang != lang) continue;
      if (document.text.size() < 4 * num_chars) continue;
      const size_t begin =
          char_floor(document.text, random() % (document.text.size() - 3 * num_chars));
      return std::string(first_chars(std::string_view(document.text).substr(begin), num_chars));
    }
  }
};

/// Time, mean reads and their 99th percentile of `ask(session, text)` over `texts`, each in a
/// session of its own.
template <class Ask>
void ask_each(benchmark::State& state, const CorpusIndex& index,
              const std::vector<std::string>& texts, const Ask& ask) {
  std::vector<uint64_t> reads;
  size_t next = 0;
  for (auto _ : state) {
    IndexSession session(index);
    ask(session, texts[next++ % texts.size()]);
    reads.push_back(session.num_reads());
  }
  std::sort(reads.begin(), reads.end());
  state.counters["reads"] = static_cast<double>(std::accumulate(reads.begin(), reads.end(), 0ull)) /
                            static_cast<double>(reads.size());
  state.counters["reads_p99"] = static_cast<double>(reads[reads.size() * 99 / 100]);
}

void count_one(IndexSession& session, const std::string& text) {
  benchmark::DoNotOptimize(session.count(text).value());
}
void match_all_positions(IndexSession& session, const std::string& text) {
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    benchmark::DoNotOptimize(session.longest_match(std::string_view(text).substr(at)).value());
  }
}

void count_warm(benchmark::State& state) {
  ask_each(state, Fixture::get().index, Fixture::get().queries, count_one);
}
void count_cold(benchmark::State& state) {
  ask_each(state, Fixture::get().cold, Fixture::get().queries, count_one);
}
void match_500_chars_warm(benchmark::State& state) {
  ask_each(state, Fixture::get().index, Fixture::get().passages, match_all_positions);
}
void match_500_chars_cold(benchmark::State& state) {
  ask_each(state, Fixture::get().cold, Fixture::get().passages, match_all_positions);
}
void find_ten_warm(benchmark::State& state) {
  ask_each(state, Fixture::get().index, Fixture::get().queries,
           [](IndexSession& session, const std::string& text) {
             const RankRange range = session.find(text).value();
             const auto places = session.positions(range, 0, 10).value();
             for (const uint64_t place : places) {
               benchmark::DoNotOptimize(session.occurrence(place, text.size()).value());
             }
           });
}
void next_warm(benchmark::State& state) {
  ask_each(state, Fixture::get().index, Fixture::get().queries,
           [](IndexSession& session, const std::string& text) {
             benchmark::DoNotOptimize(session.next(text).value());
           });
}
BENCHMARK(count_warm)->Unit(benchmark::kMicrosecond);
BENCHMARK(count_cold)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(match_500_chars_warm)->Unit(benchmark::kMillisecond);
BENCHMARK(match_500_chars_cold)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(find_ten_warm)->Unit(benchmark::kMicrosecond);
BENCHMARK(next_warm)->Unit(benchmark::kMicrosecond);

/// Bytes of made-up text a second of CPU, with one thread; `index_bytes` a byte of it.
void build(benchmark::State& state) {
  const testing::TemporaryDirectory dir;
  std::vector<Document> documents;
  for (std::string& text : made_up_texts(300'000)) documents.push_back({.id = "d", .text = text});
  const Corpus corpus = testing::write_corpus(dir / "corpus", documents).value();
  double index_bytes = 0;
  for (auto _ : state) {
    std::filesystem::remove_all(dir / "index");
    const CorpusIndex index = testing::write_index(dir / "index", dir / "corpus").value();
    for (const ManifestFile& file : index.manifest().files) {
      index_bytes += static_cast<double>(file.bytes);
    }
  }
  const auto bytes = static_cast<double>(corpus.identity().bytes);
  state.counters["bytes"] = benchmark::Counter(bytes * static_cast<double>(state.iterations()),
                                               benchmark::Counter::kIsRate);
  state.counters["index_bytes"] = index_bytes / bytes / static_cast<double>(state.iterations());
}
BENCHMARK(build)->Unit(benchmark::kMillisecond);

/// Bytes of text sorted a second with one thread, of `copies` copies of the same documents.
void sort(benchmark::State& state) {
  std::string text = "\xff";
  const std::vector<std::string> once =
      made_up_texts(200'000 / static_cast<size_t>(state.range(0)));
  for (int64_t copy = 0; copy < state.range(0); ++copy) {
    for (const std::string& document : once) text += document + "\xff";
  }
  const uint64_t size = text.size();
  text.append(kSortPadding, '\xff');
  const std::string_view view(text.data(), size);
  const uint64_t num_points = count_points(view, PointMode::kChar);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        sort_points(view, num_points, PointMode::kChar, 1, no_progress).value());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(size));
}
BENCHMARK(sort)->ArgName("copies")->Arg(1)->Arg(2)->Arg(50)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

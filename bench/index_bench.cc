#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "bench/queries.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/index_builder.h"
#include "yurai/index/point_sort.h"
#include "yurai/index/points.h"
#include "yurai/index/testing.h"
#include "yurai/trace/long_spans.h"

/// Building an index and asking it. YURAI_BENCH_INDEX names an index to ask, or YURAI_BENCH_CORPUS
/// a corpus to index first (YURAI_BENCH_POINTS: char or word); without them a small one of made-up
/// words serves. `warm`: all pages are in the index's cache; `cold`: every page comes from the
/// disk, past all caches, in batches. `size` gives bytes a byte of the corpus.
namespace yurai {
namespace {

constexpr size_t kNumQueries = 2000;
constexpr size_t kNumPassages = 50;
constexpr uint64_t kCacheBytes = 3ull << 30;

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
      : index(CorpusIndex::open(dir, {.cache_bytes = kCacheBytes}).value()),
        cold(CorpusIndex::open(dir, ReadableFile::Mode::kDirect).value()) {
    std::mt19937_64 random(1);
    for (size_t i = 0; i < kNumQueries; ++i) {
      queries.push_back(bench::piece(index.corpus(), random, 2 + random() % 14));
      if (i % 4 == 0) queries.back() += bench::piece(index.corpus(), random, 1);
    }
    for (size_t i = 0; i < kNumPassages; ++i) {
      passages.push_back(bench::passage(index.corpus(), random));
    }
  }

  static std::filesystem::path index_dir() {
    if (const char* dir = std::getenv("YURAI_BENCH_INDEX")) return dir;
    static const testing::TemporaryDirectory made;
    if (const char* corpus = std::getenv("YURAI_BENCH_CORPUS")) {
      const char* points = std::getenv("YURAI_BENCH_POINTS");
      const bool word = points != nullptr && std::string_view(points) == "word";
      testing::write_index(
          made / "index", std::filesystem::absolute(corpus),
          {.points = word ? PointMode::kWord : PointMode::kChar, .memory_bytes = 16ull << 30})
          .value();
      return made / "index";
    }
    testing::write_index_of(made.path(), bench::made_up_texts(200'000)).value();
    return made / "index";
  }
};

/// Time and reads (mean, 99th percentile, most) of `ask(session, text)` over `texts`, each in a
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
  if (state.thread_index() != 0) return;  // counters of several threads are summed
  std::sort(reads.begin(), reads.end());
  state.counters["reads"] = static_cast<double>(std::accumulate(reads.begin(), reads.end(), 0ull)) /
                            static_cast<double>(reads.size());
  state.counters["reads_p99"] = static_cast<double>(reads[reads.size() * 99 / 100]);
  state.counters["reads_max"] = static_cast<double>(reads.back());
}

void count_one(IndexSession& session, const std::string& text) {
  benchmark::DoNotOptimize(session.count(text).value());
}
void match_all_positions(IndexSession& session, const std::string& text) {
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    benchmark::DoNotOptimize(session.longest_match(std::string_view(text).substr(at)).value());
  }
}

/// As tracing does: all positions at once.
void match_all_positions_at_once(IndexSession& session, const std::string& text) {
  std::vector<std::string_view> ends;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    ends.push_back(std::string_view(text).substr(at));
  }
  benchmark::DoNotOptimize(session.longest_matches(ends).value());
}

/// Bytes of what the index and the text take, a byte of the corpus, and of memory.
void size(benchmark::State& state) {
  const CorpusIndex& index = Fixture::get().index;
  const auto corpus_bytes = static_cast<double>(index.corpus().identity().bytes);
  const auto sum = [&](const Manifest& manifest, std::string_view prefix) {
    uint64_t bytes = 0;
    for (const ManifestFile& file : manifest.files) {
      if (file.name.starts_with(prefix)) bytes += file.bytes;
    }
    return static_cast<double>(bytes) / corpus_bytes;
  };
  for (auto _ : state) benchmark::DoNotOptimize(sum(index.manifest(), ""));
  state.counters["text"] = sum(index.corpus().manifest(), "text");
  state.counters["leaves"] = sum(index.manifest(), "leaves");
  state.counters["fences"] = sum(index.manifest(), "fences") + sum(index.manifest(), "directory");
  state.counters["all"] = sum(index.corpus().manifest(), "text") + sum(index.manifest(), "leaves") +
                          sum(index.manifest(), "fences") + sum(index.manifest(), "directory");
  state.counters["points"] = static_cast<double>(index.num_points()) / corpus_bytes;
  state.counters["memory"] = static_cast<double>(index.directory_bytes()) / corpus_bytes;
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
  ask_each(state, Fixture::get().cold, Fixture::get().passages, match_all_positions_at_once);
}
/// The longer spans of a passage, by exact skips.
void spans_of_30_bytes(benchmark::State& state, const CorpusIndex& index) {
  const std::vector<std::string>& passages = Fixture::get().passages;
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(long_spans(index, passages[next++ % passages.size()], 30, 1).value());
  }
}
void spans_of_30_bytes_warm(benchmark::State& state) {
  spans_of_30_bytes(state, Fixture::get().index);
}
void spans_of_30_bytes_cold(benchmark::State& state) {
  spans_of_30_bytes(state, Fixture::get().cold);
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
BENCHMARK(size);
/// On several threads: what a query costs should not grow.
BENCHMARK(count_warm)->Unit(benchmark::kMicrosecond)->ThreadRange(1, 4);
BENCHMARK(count_cold)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(match_500_chars_warm)->Unit(benchmark::kMillisecond);
BENCHMARK(match_500_chars_cold)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(spans_of_30_bytes_warm)->Unit(benchmark::kMillisecond);
BENCHMARK(spans_of_30_bytes_cold)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(find_ten_warm)->Unit(benchmark::kMicrosecond);
BENCHMARK(next_warm)->Unit(benchmark::kMicrosecond);

/// Bytes of made-up text a second of CPU, with one thread; `index_bytes` a byte of it.
void build(benchmark::State& state) {
  const testing::TemporaryDirectory dir;
  std::vector<Document> documents;
  for (std::string& text : bench::made_up_texts(300'000))
    documents.push_back({.id = "d", .text = text});
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

/// Bytes of the index's corpus a second of CPU that are read, sorted, merged and written: the order
/// of its suffixes, without what else an index holds. `MiB` of memory decide into how many shards;
/// TMPDIR names the disk.
void segment(benchmark::State& state) {
  const Corpus& corpus = Fixture::get().index.corpus();
  const IndexBuildOptions options{.num_threads = static_cast<int>(state.range(0)),
                                  .memory_bytes = static_cast<uint64_t>(state.range(1)) << 20};
  const testing::TemporaryDirectory dir;
  for (auto _ : state) {
    StagingDirectory stage = StagingDirectory::create(dir / "segment", {}).value();
    benchmark::DoNotOptimize(build_segment(corpus, options, stage, no_progress).value());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(corpus.identity().bytes));
}
BENCHMARK(segment)
    ->ArgNames({"threads", "MiB"})
    ->Args({1, 4096})
    ->Args({1, 1024})
    ->Args({2, 4096})
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

/// Bytes of text sorted a second with one thread, of `copies` copies of the same documents.
void sort(benchmark::State& state) {
  std::string text = "\xff";
  const std::vector<std::string> once =
      bench::made_up_texts(200'000 / static_cast<size_t>(state.range(0)));
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

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/queries.h"
#include "yurai/base/utf8.h"
#include "yurai/trace/testing.h"
#include "yurai/trace/tracer.h"

/// Whole traces: spans, their chance, documents, credits. YURAI_BENCH_INDEX names an index that
/// `yurai index build` made; without it a small one of made-up words serves. `warm`: all pages are
/// in the index's cache; `cold`: every page comes from the disk, past all caches.
namespace yurai {
namespace {

constexpr size_t kNumPassages = 50;
constexpr uint64_t kCacheBytes = 3ull << 30;
constexpr size_t kWorkBytes = 1 << 20;
constexpr size_t kLineChars = 10;

std::filesystem::path index_dir() {
  if (const char* dir = std::getenv("YURAI_BENCH_INDEX")) return dir;
  static const testing::TemporaryDirectory made;
  std::vector<Document> documents;
  for (std::string& text : bench::made_up_texts(100'000)) {
    documents.push_back({.id = "d" + std::to_string(documents.size()), .text = text});
  }
  testing::TracedIndex::build(made, documents, PointMode::kChar, true).value();
  return made / "index";
}

std::string in_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = first_chars(text, kLineChars);
    lines.append(line).append("\n");
    text.remove_prefix(line.size());
  }
  return lines;
}

struct Fixture {
  const CorpusIndex index =
      CorpusIndex::open(index_dir(), {.cache_bytes = kCacheBytes, .folded = true}).value();
  const CorpusIndex cold_index =
      CorpusIndex::open(index.dir(), {.mode = ReadableFile::Mode::kDirect, .folded = true}).value();
  const Tracer warm = Tracer::open(index).value();
  const Tracer cold = Tracer::open(cold_index).value();
  std::vector<std::string> passages;
  std::vector<std::string> wrapped;  ///< the same in short lines: copies only when folded
  std::string work;

  static const Fixture& get() {
    static const Fixture fixture;
    return fixture;
  }

 private:
  Fixture() {
    std::mt19937_64 random(1);
    for (size_t i = 0; i < kNumPassages; ++i) {
      passages.push_back(bench::passage(index.corpus(), random));
    }
    for (const std::string& passage : passages) wrapped.push_back(in_lines(passage));
    while (work.size() < kWorkBytes) work += bench::piece(index.corpus(), random, 200);
  }
};

void trace_each(benchmark::State& state, const Tracer& tracer,
                const std::vector<std::string>& passages, bool fold) {
  if (fold && !tracer.can_fold()) return state.SkipWithError("the index has no folded twin");
  const TraceOptions options = {.fold = fold};
  for (const std::string& passage : passages) tracer.trace(passage, options).value();  // warms
  size_t next = 0, num_spans = 0;
  for (auto _ : state) {
    num_spans += tracer.trace(passages[next++ % passages.size()], options).value().spans.size();
  }
  state.counters["spans"] = static_cast<double>(num_spans) / static_cast<double>(next);
}
void trace_500_chars_warm(benchmark::State& state) {
  trace_each(state, Fixture::get().warm, Fixture::get().passages, state.range(0) != 0);
}
void trace_500_chars_cold(benchmark::State& state) {
  trace_each(state, Fixture::get().cold, Fixture::get().passages, state.range(0) != 0);
}
void trace_wrapped_warm(benchmark::State& state) {
  trace_each(state, Fixture::get().warm, Fixture::get().wrapped, state.range(0) != 0);
}

/// A work of 1 MB in pieces of 200 characters, all of which the corpus holds: its map.
void trace_work_warm(benchmark::State& state) {
  const Fixture& fixture = Fixture::get();
  for (auto _ : state) {
    benchmark::DoNotOptimize(fixture.warm.trace_work(fixture.work, {}).value());
  }
}

BENCHMARK(trace_500_chars_warm)->ArgName("fold")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(trace_500_chars_cold)
    ->ArgName("fold")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(trace_wrapped_warm)->ArgName("fold")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(trace_work_warm)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

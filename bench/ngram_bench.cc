#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "yurai/base/utf8.h"
#include "yurai/ngram/ngram_model.h"
#include "yurai/ngram/probability.h"
#include "yurai/ngram/small_index.h"

/// Generation and probabilities. YURAI_BENCH_INDEX names an index to measure over; without it a
/// small one of made-up words serves.
namespace yurai {
namespace {

std::string made_up_text(size_t num_words) {
  std::mt19937_64 random(1);
  std::geometric_distribution<int> rank(0.02);
  std::string text;
  for (size_t i = 0; i < num_words; ++i) {
    std::mt19937_64 word(static_cast<uint64_t>(rank(random)));
    for (uint64_t n = 1 + word() % 3; n > 0; --n)
      append_char(static_cast<char32_t>(0x4E00 + word() % 500), text);
    text += i % 12 == 11 ? "。" : "の";
  }
  return text;
}

const CorpusIndex& bench_index() {
  static const CorpusIndex* index = []() -> const CorpusIndex* {
    if (const char* dir = std::getenv("YURAI_BENCH_INDEX")) {
      return new CorpusIndex(CorpusIndex::open(dir).value());
    }
    return &**new testing::SmallIndex({made_up_text(20'000), made_up_text(10'000)});
  }();
  return *index;
}

/// Characters a second, with contexts of up to `max_context` characters seen `min_count` times.
void generate(benchmark::State& state) {
  const NgramModel model(bench_index(), {.max_context_chars = static_cast<uint64_t>(state.range(0)),
                                         .min_count = static_cast<uint64_t>(state.range(1))});
  GenerateRequest request;
  request.prompt = "日本の";
  uint64_t num_symbols = 0;
  for (auto _ : state) {
    ++request.seed;
    num_symbols += model.generate(request, {}).value().symbols.size();
  }
  state.counters["symbols"] =
      benchmark::Counter(static_cast<double>(num_symbols), benchmark::Counter::kIsRate);
}
BENCHMARK(generate)
    ->ArgNames({"max_context", "min_count"})
    ->Args({24, 2})
    ->Args({3, 2})
    ->Args({24, 1000})
    ->Unit(benchmark::kMillisecond);

/// The longest known suffix of a text, found anew.
void find_context(benchmark::State& state) {
  const std::string text = "これは、あとから作られた長い文章の終わりであるのだが、日本の";
  for (auto _ : state) {
    IndexSession session(bench_index());
    benchmark::DoNotOptimize(find_ngram_context(session, bench_index().points(), text, {}).value());
  }
}
BENCHMARK(find_context)->Unit(benchmark::kMicrosecond);

/// All that may follow the empty context: every character of the corpus.
void next_of_the_empty_context(benchmark::State& state) {
  size_t num_symbols = 0;
  for (auto _ : state) {
    IndexSession session(bench_index());
    num_symbols = session.next("").value().size();
  }
  state.counters["distinct"] = static_cast<double>(num_symbols);
}
BENCHMARK(next_of_the_empty_context)->Unit(benchmark::kMillisecond);

void probabilities_of_two_strings(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        conditional_probabilities(bench_index(), "日本の", {"文化", "経済"}).value());
  }
}
BENCHMARK(probabilities_of_two_strings)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/onlooker.h"
#include "bench/random_model.h"
#include "yurai/base/large_array.h"
#include "yurai/base/testing.h"
#include "yurai/model/decoder.h"

/// What a token costs that a model reads or says, on one thread, in CPU time, beside what the
/// memory gives. The model is that of random_model.h.
namespace yurai {
namespace {

const ModelFolder& model_folder() {
  static const testing::TemporaryDirectory dir;
  static const ModelFolder folder = [] {
    bench::write_random_model(dir / "model");
    return ModelFolder::open(dir / "model").value();
  }();
  return folder;
}

std::unique_ptr<Decoder> open_decoder(benchmark::State& state) {
  const auto type = static_cast<WeightType>(state.range(0));
  state.SetLabel(std::string(weight_type_name(type)));
  return Decoder::open(model_folder(), {.weights = type, .isa = choose_isa().value()}).value();
}

/// Tokens 16 to 144 of a text; with 1, everything is observed.
void BM_decode(benchmark::State& state) {
  const auto decoder = open_decoder(state);
  bench::Onlooker onlooker;
  Observer* observer = state.range(1) != 0 ? &onlooker : nullptr;
  std::vector<int32_t> prompt(16);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<int32_t>(i * 7919 % 8192);
  DecoderCache cache(*decoder);
  int32_t token = 0;
  for (auto _ : state) {
    if (cache.length() == 0 || cache.length() >= 144) {
      state.PauseTiming();
      cache = DecoderCache(*decoder);
      benchmark::DoNotOptimize(decoder->add(prompt, cache));
      state.ResumeTiming();
    }
    token = (token * 31 + 7) % 8192;
    benchmark::DoNotOptimize(decoder->add(std::span(&token, 1), cache, false, observer));
  }
  const auto tokens = static_cast<double>(state.iterations());
  state.counters["tokens"] = benchmark::Counter(tokens, benchmark::Counter::kIsRate);
  state.counters["read"] =
      benchmark::Counter(tokens * static_cast<double>(decoder->bytes_per_token()),
                         benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
}
BENCHMARK(BM_decode)
    ->ArgNames({"weights", "observed"})
    ->ArgsProduct({{0, 1, 2}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

/// Several texts, a token each.
void BM_decode_together(benchmark::State& state) {
  const auto decoder = open_decoder(state);
  const auto texts = static_cast<size_t>(state.range(1));
  std::vector<DecoderCache> caches;
  std::vector<int32_t> tokens(texts, 5);
  for (auto _ : state) {
    if (caches.empty() || caches[0].length() >= 128) {
      caches.clear();
      for (size_t i = 0; i < texts; ++i) caches.emplace_back(*decoder);
    }
    std::vector<DecoderCache*> pointers;
    for (DecoderCache& cache : caches) pointers.push_back(&cache);
    benchmark::DoNotOptimize(decoder->add_each(tokens, pointers));
  }
  state.counters["tokens"] = benchmark::Counter(static_cast<double>(state.iterations() * texts),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(BM_decode_together)->ArgsProduct({{0, 1, 2}, {1, 4, 16}})->Unit(benchmark::kMillisecond);

/// A prompt of 512 tokens; with 1, everything is observed.
void BM_prefill(benchmark::State& state) {
  const auto decoder = open_decoder(state);
  bench::Onlooker onlooker;
  Observer* observer = state.range(1) != 0 ? &onlooker : nullptr;
  std::vector<int32_t> prompt(512);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<int32_t>(i * 7919 % 8192);
  for (auto _ : state) {
    DecoderCache cache(*decoder);
    benchmark::DoNotOptimize(decoder->add(prompt, cache, false, observer));
  }
  state.counters["tokens"] = benchmark::Counter(
      static_cast<double>(state.iterations() * prompt.size()), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_prefill)
    ->ArgNames({"weights", "observed"})
    ->ArgsProduct({{0, 1, 2}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

/// Megabytes that one thread reads a second, front to back, again and again: as much as the weights
/// of the model in int8, bf16 and f32.
void BM_read(benchmark::State& state) {
  const auto size = static_cast<uint64_t>(state.range(0)) << 20;
  auto memory = LargeArray<uint64_t>::allocate(size / sizeof(uint64_t)).value();
  const std::span<uint64_t> values = memory.span();
  for (size_t i = 0; i < values.size(); ++i) values[i] = i;
  for (auto _ : state) {
    uint64_t sums[16] = {};
    for (size_t i = 0; i < values.size(); i += 16) {
      for (size_t j = 0; j < 16; ++j) sums[j] += values[i + j];
    }
    benchmark::DoNotOptimize(sums);
  }
  state.counters["read"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(size),
                         benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
}
BENCHMARK(BM_read)->Arg(32)->Arg(63)->Arg(126)->Arg(512)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

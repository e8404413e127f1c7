#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "bench/onlooker.h"
#include "yurai/model/transformer.h"

/// What a training step and a pass cost on one thread, in CPU time.
namespace yurai {
namespace {

struct Shape {
  const char* name;
  uint64_t hidden, layers, vocabulary, heads, inner, experts;
};
constexpr Shape kShapes[] = {
    {"gpt2_256x8", 256, 8, 8192, 8, 704, 0},
    {"10M_320x8", 320, 8, 8192, 5, 864, 0},
    {"32M_512x12", 512, 12, 8192, 8, 1376, 0},
    // As many weights a token as the first: two experts of eight, of half its inner size.
    {"moe_256x8", 256, 8, 8192, 8, 352, 8},
};

ModelConfig config_of(const Shape& shape) {
  ModelConfig config;
  config.vocabulary_size = shape.vocabulary;
  config.hidden_size = shape.hidden;
  config.intermediate_size = shape.inner;
  config.num_layers = shape.layers;
  config.num_heads = config.num_kv_heads = shape.heads;
  config.head_size = shape.hidden / shape.heads;
  config.max_positions = 1024;
  config.tie_embeddings = true;
  if (shape.experts > 0) {
    config.architecture = Architecture::kMixtral;
    config.num_experts = shape.experts;
    config.experts_per_token = 2;
    config.expert_size = shape.inner;
    config.sparse_layers.assign(shape.layers, true);
  }
  return config;
}

/// Forwards and backwards: shape, bf16, activations computed again, everything observed.
void BM_train(benchmark::State& state) {
  const Shape& shape = kShapes[state.range(0)];
  const PassOptions options{.bf16 = state.range(1) != 0,
                            .checkpoint_activations = state.range(2) != 0};
  set_model_threads(1);
  const auto model = Transformer::make(config_of(shape), 1);
  constexpr uint64_t kRows = 4;
  constexpr uint64_t kLength = 256;
  std::vector<int32_t> tokens(kRows * kLength);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * 7919 % 8192);
  std::vector<float> gradients((*model)->weights().size());
  bench::Onlooker onlooker;
  const TokenBatch batch{.batch = kRows, .length = kLength, .tokens = tokens};
  for (auto _ : state) {
    const auto loss = (*model)->loss(batch, tokens, {.scale = 1.0F / 1024, .pass = options},
                                     gradients, state.range(3) != 0 ? &onlooker : nullptr);
    benchmark::DoNotOptimize(loss->mean_nats);
  }
  const double flop = training_flop_per_token((*model)->config(), kLength);
  const auto trained = static_cast<double>(state.iterations() * tokens.size());
  state.counters["tokens"] = benchmark::Counter(trained, benchmark::Counter::kIsRate);
  state.counters["flop"] = benchmark::Counter(trained * flop, benchmark::Counter::kIsRate);
  state.SetLabel(shape.name);
}
BENCHMARK(BM_train)
    ->ArgNames({"shape", "bf16", "checkpoint", "observed"})
    ->ArgsProduct({{0, 1, 2, 3}, {0, 1}, {0}, {0}})
    ->Args({0, 0, 1, 0})
    ->Args({0, 0, 0, 1})
    ->Args({3, 0, 0, 1})
    ->Unit(benchmark::kMillisecond);

/// Operations a second of a product of the BLAS that passes use.
void BM_peak(benchmark::State& state) {
  set_model_threads(1);
  double best = 0;
  for (auto _ : state) best = std::max(best, measure_peak_flops(state.range(0) != 0));
  state.counters["flop"] = benchmark::Counter(best);
}
BENCHMARK(BM_peak)->ArgName("bf16")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

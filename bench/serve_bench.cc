#include <benchmark/benchmark.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/random_model.h"
#include "yurai/gateway/gateway.h"
#include "yurai/gateway/http_server.h"
#include "yurai/gateway/raw_client.h"
#include "yurai/gateway/served_index.h"
#include "yurai/model/decoder_model.h"

// What a request costs around the index: one client on one kept connection, a corpus of a few
// documents. Items a second are requests a second; threads are clients.
namespace yurai {
namespace {

struct Served {
  testing::ServedIndex index;
  Gateway gateway = Gateway::open({.index_dir = index.dir()}).value();
  HttpServer server = HttpServer::listen({}, gateway.handlers()).value();
};

Served& served() {
  static Served one;
  return one;
}

void ask(benchmark::State& state, std::string_view method, std::string_view target,
         std::string_view body) {
  testing::RawClient client(served().server.port());
  for (auto _ : state) {
    client.request(method, target, body);
    const auto response = client.read_response();
    if (!response || response->status != 200) {
      state.SkipWithError("no answer");
      return;
    }
    benchmark::DoNotOptimize(response->body);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_Health(benchmark::State& state) { ask(state, "GET", "/healthz", ""); }
void BM_Count(benchmark::State& state) {
  ask(state, "POST", "/v1/count", R"({"texts":["吾輩は猫である"]})");
}
void BM_Search(benchmark::State& state) { ask(state, "GET", "/v1/search?q=quick", ""); }
void BM_Trace(benchmark::State& state) {
  ask(state, "POST", "/v1/trace",
      R"({"text":"そう、吾輩は猫である。名前はまだ無い。","max_chance":"inf"})");
}
/// Tokens a second of a stream, each its own event, chunk and write.
void BM_Stream(benchmark::State& state) {
  testing::RawClient client(served().server.port());
  size_t num_events = 0;
  for (auto _ : state) {
    client.request("POST", "/v1/completions",
                   R"({"prompt":"The","max_tokens":200,"seed":1,"stream":true})");
    const auto response = client.read_response();
    if (!response || response->status != 200) {
      state.SkipWithError("no answer");
      return;
    }
    num_events += response->chunks.size();
  }
  state.SetItemsProcessed(static_cast<int64_t>(num_events));
}

/// Requests at the same time of so many clients, each for 64 tokens after a prompt of 32, with a
/// model of 31.5 million parameters on one thread. `tokens` are those of all, a second of the
/// process's CPU time: server, model and clients.
void BM_Answers(benchmark::State& state) {
  static const testing::TemporaryDirectory dir;
  static const bool written = (bench::write_random_model(dir / "model"), true);
  benchmark::DoNotOptimize(written);
  constexpr int kTokens = 64;
  const auto weights = static_cast<WeightType>(state.range(0));
  state.SetLabel(std::string(weight_type_name(weights)));
  const Gateway gateway =
      Gateway::open(
          {.index_dir = served().index.dir(),
           .model = DecoderModel::open(dir / "model", {.weights = weights, .threads = 1}).value()})
          .value();
  HttpServer server = HttpServer::listen({}, gateway.handlers()).value();
  const auto num_clients = static_cast<uint32_t>(state.range(1));
  std::vector<std::unique_ptr<testing::RawClient>> clients;
  for (uint32_t i = 0; i < num_clients; ++i) {
    clients.push_back(std::make_unique<testing::RawClient>(server.port()));
  }
  std::atomic<uint32_t> failed{0};
  const auto ask_one = [&](uint32_t number) {
    std::string prompt;
    for (uint32_t i = 0; i < 32; ++i) {
      prompt += bench::character_of((i * 7919 + number) % bench::kModelTokens);
    }
    clients[number]->request(
        "POST", "/v1/completions",
        fmt::format(R"({{"model":"model","prompt":"{}","max_tokens":{},"seed":{}}})", prompt,
                    kTokens, number));
    const auto response = clients[number]->read_response();
    if (!response || response->status != 200) ++failed;
  };
  for (auto _ : state) {
    std::vector<std::thread> threads;
    for (uint32_t i = 1; i < num_clients; ++i) threads.emplace_back(ask_one, i);
    ask_one(0);
    for (std::thread& thread : threads) thread.join();
  }
  if (failed > 0) state.SkipWithError("no answer");
  state.counters["tokens"] = benchmark::Counter(
      static_cast<double>(state.iterations() * num_clients * kTokens), benchmark::Counter::kIsRate);
}

BENCHMARK(BM_Answers)
    ->ArgNames({"weights", "clients"})
    ->ArgsProduct({{0, 2}, {1, 4, 8}})
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Health)->UseRealTime()->ThreadRange(1, 16);
BENCHMARK(BM_Count)->UseRealTime()->ThreadRange(1, 16);
BENCHMARK(BM_Search)->UseRealTime();
BENCHMARK(BM_Trace)->UseRealTime();
BENCHMARK(BM_Stream)->UseRealTime();

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

#include <benchmark/benchmark.h>

#include <string>

#include "yurai/gateway/gateway.h"
#include "yurai/gateway/http_server.h"
#include "yurai/gateway/raw_client.h"
#include "yurai/gateway/served_index.h"

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

BENCHMARK(BM_Health)->UseRealTime()->ThreadRange(1, 16);
BENCHMARK(BM_Count)->UseRealTime()->ThreadRange(1, 16);
BENCHMARK(BM_Search)->UseRealTime();
BENCHMARK(BM_Trace)->UseRealTime();
BENCHMARK(BM_Stream)->UseRealTime();

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <fstream>
#include <string>

#include "yurai/base/testing.h"
#include "yurai/corpus/warc_document.h"

/// Reading a web archive: bytes of records a second of one core, HTML to text and language
/// included.
namespace yurai {
namespace {

std::string page(int number) {
  std::string body = fmt::format("<html><head><title>Page {}</title></head><body><nav>", number);
  for (int i = 0; i < 40; ++i) body += fmt::format("<li><a href=/{}>link {}</a></li>", i, i);
  body += "</nav><article><h1>吾輩は猫である</h1>";
  for (int i = 0; i < 30; ++i) {
    body += fmt::format(
        "<p class=text>吾輩は猫である。名前はまだ無い。<b>どこで生れたか</b>とんと見当がつかぬ。{} "
        "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。</p>\n",
        number * i);
  }
  body += "</article><footer>footer</footer></body></html>";
  const std::string http =
      "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body;
  return fmt::format(
      "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{}\r\nContent-Type: "
      "application/http\r\nContent-Length: {}\r\n\r\n{}\r\n\r\n",
      number, http.size(), http);
}

void BM_ReadWarc(benchmark::State& state) {
  const testing::TemporaryDirectory dir;
  InputEntry entry;
  entry.path = dir / "x.warc";
  entry.kind = InputEntry::Kind::kWarc;
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes += page(i);
  std::ofstream(entry.path, std::ios::binary) << bytes;
  uint64_t text_bytes = 0;
  for (auto _ : state) {
    const auto reader = DocumentReader::open(entry, {}).value();
    InputRecord record;
    while (reader->next(record).value()) text_bytes += record.document.text.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
  state.counters["text_share"] = static_cast<double>(text_bytes) /
                                 static_cast<double>(state.iterations()) /
                                 static_cast<double>(bytes.size());
}
BENCHMARK(BM_ReadWarc)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/utf8.h"
#include "yurai/tokenizer/testing.h"

/// Encoding and decoding: bytes of text a second of one core, CPU time. The tokenizers of
/// YURAI_TEST_DATA on its Japanese and English corpora; without them nothing is measured but a
/// small tokenizer of bytes on made-up text.
namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTextBytes = 4 << 20;

/// The first megabytes of a corpus, in documents.
std::vector<std::string> shared_texts(const std::string& language) {
  std::vector<std::string> texts;
  size_t bytes = 0;
  testing::for_each_line(testing::test_data() / "corpus" / (language + ".jsonl.zst"),
                         [&](std::string_view line) {
                           if (bytes >= kTextBytes) return;
                           texts.push_back(Json::parse(line)["text"].get<std::string>());
                           bytes += texts.back().size();
                         });
  return texts;
}

uint64_t total_bytes(const std::vector<std::string>& texts) {
  uint64_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

void encode(benchmark::State& state, const Tokenizer& tokenizer,
            const std::vector<std::string>& texts) {
  uint64_t tokens = 0;
  for (auto _ : state) {
    for (const std::string& text : texts) tokens += tokenizer.encode(text).value().size();
  }
  const auto rounds = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * static_cast<int64_t>(total_bytes(texts)));
  state.counters["tokens"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
}

void decode(benchmark::State& state, const Tokenizer& tokenizer,
            const std::vector<std::string>& texts) {
  std::vector<std::vector<uint32_t>> ids;
  for (const std::string& text : texts) ids.push_back(ids_of(tokenizer.encode(text).value()));
  for (auto _ : state) {
    for (const auto& list : ids) benchmark::DoNotOptimize(tokenizer.decode(list).value());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(total_bytes(texts)));
}

/// A tokenizer of GPT-2's kind with nothing but the 256 bytes.
std::unique_ptr<Tokenizer> byte_tokenizer() {
  Json vocabulary = Json::object();
  for (char32_t c = 0; c < 0x144; ++c) {
    const bool in_alphabet = (c > 0x20 && c < 0x7F) || (c > 0xA0 && c != 0xAD);
    std::string piece;
    append_char(c, piece);
    if (in_alphabet) vocabulary[piece] = vocabulary.size();
  }
  const Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  const Json file = {
      {"pre_tokenizer", byte_level},
      {"decoder", byte_level},
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}}}};
  return Tokenizer::parse(dump_json(file), "bytes").value();
}

void add(const std::string& name, std::shared_ptr<Tokenizer> tokenizer, const std::string& language,
         const std::vector<std::string>& texts) {
  benchmark::RegisterBenchmark(fmt::format("encode/{}/{}", name, language).c_str(),
                               [=](benchmark::State& state) { encode(state, *tokenizer, texts); })
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark(fmt::format("decode/{}/{}", name, language).c_str(),
                               [=](benchmark::State& state) { decode(state, *tokenizer, texts); })
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace yurai

int main(int argc, char** argv) {
  using namespace yurai;
  const fs::path dir = testing::test_data() / "tokenizers";
  if (fs::exists(dir / "gpt-neox-20b.tokenizer.json.gz")) {
    std::vector<std::pair<std::string, std::shared_ptr<Tokenizer>>> tokenizers;
    for (const std::string name : {"gpt-neox-20b", "llm-jp-ver2.2-60k"}) {
      tokenizers.emplace_back(name + ".json", testing::open_shared_json(name));
    }
    for (const std::string name : {"llm-jp-ver2.2-60k", "llm-jp-ver3.1-100k"}) {
      tokenizers.emplace_back(name + ".model",
                              Tokenizer::open(dir / (name + ".spm.model")).value());
    }
    for (const std::string language : {"ja", "en"}) {
      const auto texts = shared_texts(language);
      for (const auto& [name, tokenizer] : tokenizers) add(name, tokenizer, language, texts);
    }
  } else {
    fmt::print("no tokenizers in {}: set YURAI_TEST_DATA\n", dir.string());
    add("bytes", byte_tokenizer(), "made-up", {std::string(1 << 16, 'a') + " text, made up"});
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

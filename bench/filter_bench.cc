#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/corpus/record_parser.h"
#include "yurai/curate/chain.h"
#include "yurai/safety/pii.h"

/// Each filter alone and whole chains, in bytes of text a second of CPU. Texts and word lists are
/// the golden ones of YURAI_TEST_DATA; without them, made-up Japanese and 1,500 made-up words.
namespace yurai {
namespace {

namespace fs = std::filesystem;

struct Fixture {
  static const Fixture& get() {
    static const Fixture fixture;
    return fixture;
  }

  std::vector<Document> documents;
  fs::path words;
  uint64_t bytes = 0;

 private:
  Fixture() {
    const char* given = std::getenv("YURAI_TEST_DATA");
    const fs::path dir = fs::path(given != nullptr ? given : "../shared/data") / "filters";
    if (fs::exists(dir / "ja_cc_input.jsonl.zst")) {
      words = dir / "words";
      InputFile file = InputFile::open(dir / "ja_cc_input.jsonl.zst", Compression::kZstd).value();
      LineReader lines(file);
      Line line;
      while (documents.size() < 4000 && lines.next(line).value()) {
        documents.push_back(parse_record(line.bytes, default_field_map()).value());
      }
    } else {
      make_up();
    }
    for (const Document& document : documents) bytes += document.text.size();
  }

  void make_up() {
    std::mt19937_64 random(1);
    const auto word = [&](uint64_t most) {
      std::string out;
      for (uint64_t n = 2 + random() % most; n > 0; --n) {
        append_char(static_cast<char32_t>(random() % 3 == 0 ? 0x3041 + random() % 80
                                                            : 0x4E00 + random() % 2000),
                    out);
      }
      return out;
    };
    words = directory_.path();
    for (const char* list : {"advertisement", "adult", "discrimination", "violence"}) {
      std::ofstream file(words / ("ja_" + std::string(list) + "_keywords.txt"));
      for (int i = 0; i < 1500; ++i) file << word(4) << "\n";
    }
    std::vector<std::string> vocabulary;
    for (int i = 0; i < 4000; ++i) vocabulary.push_back(word(3));
    std::geometric_distribution<size_t> rank(0.003);
    for (int i = 0; i < 1000; ++i) {
      Document& document = documents.emplace_back();
      document.url = "https://example.jp/";
      for (int n = 0; n < 400; ++n) {
        document.text += vocabulary[rank(random) % vocabulary.size()];
        document.text += n % 14 == 13 ? "。\n" : "の";
      }
    }
  }

  testing::TemporaryDirectory directory_;
};

void run(benchmark::State& state, const Chain& chain, bool measure_all) {
  const Fixture& fixture = Fixture::get();
  uint64_t kept = 0;
  for (auto _ : state) {
    for (const Document& document : fixture.documents) {
      kept += chain.decide(document, measure_all).kept();
    }
  }
  benchmark::DoNotOptimize(kept);
  state.SetBytesProcessed(
      static_cast<int64_t>(static_cast<uint64_t>(state.iterations()) * fixture.bytes));
}

void bench_filter(benchmark::State& state, const std::string& toml) {
  run(state, Chain::parse("[[filter]]\n" + toml, "c", {}, {.words = Fixture::get().words}).value(),
      true);
}

void bench_chain(benchmark::State& state, const std::string& name, bool measure_all) {
  run(state, Chain::load(name, {.words = Fixture::get().words}).value(), measure_all);
}

/// Options for filters that must have some.
std::string options_of(std::string_view name) {
  if (name == "words") return "list = 'ja_adult_keywords.txt'";
  if (name == "domain") return "allow = ['jp']";
  if (name == "license") return "allow = ['MIT']";
  if (name.starts_with("url_")) return "list = 'ja_adult_keywords.txt'";
  return {};
}

// ---- precision and recall of find_pii on generated text ----

std::string digits(std::mt19937_64& random, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('0' + random() % 10);
  return out;
}

std::string checked(std::mt19937_64& random, const std::string& head, int count,
                    bool (*check)(std::string_view)) {
  while (true) {
    const std::string number = head + digits(random, count - static_cast<int>(head.size()));
    if (check(number)) return number;
  }
}

std::string full_width(const std::string& text) {
  std::string out;
  for (const char c : text) append_char(c > ' ' ? U'！' + static_cast<char32_t>(c - '!') : c, out);
  return out;
}

/// A sentence with one number in it, and whether (and as what) it is personal.
struct Sample {
  std::string text;
  int kind = -1;
};

Sample make_sample(std::mt19937_64& random) {
  const auto d = [&](int count) { return digits(random, count); };
  std::string before = "お知らせ";
  std::string number;
  int kind = static_cast<int>(random() % 16);
  switch (kind) {
    case 0:
      number = "user" + d(3) + "@mail.example.co.jp";
      before = "連絡先は";
      break;
    case 1:
      number = random() % 2 == 0 ? "090-" + d(4) + "-" + d(4) : "03-" + d(4) + "-" + d(4);
      before = random() % 2 == 0 ? "電話" : "会場は";
      break;
    case 2:
      number = d(3) + "-" + d(4);
      before = random() % 2 == 0 ? "〒" : "住所 ";
      break;
    case 3:
      number = checked(random, "", 12, is_my_number);
      before = "マイナンバーは";
      break;
    case 4:
      number = checked(random, "4", 16, passes_luhn);
      if (random() % 2 == 0)
        for (const size_t at : {12, 8, 4}) number.insert(at, "-");
      before = "カード番号";
      break;
    case 5:
      number = d(7);
      before = "普通預金 口座番号";
      break;
    case 6:
      number = "TK" + d(7);
      before = "旅券番号";
      break;
    case 7:
      number = "2024-0" + std::to_string(1 + random() % 9) + "-1" + d(1);
      break;
    case 8:
      number = d(1) + "," + d(3) + "," + d(3) + "円";
      break;
    case 9:
      number = "ISBN978-4-" + d(2) + "-" + d(6) + "-" + d(1);
      break;
    case 10:
      number = "第" + d(3) + "-" + d(4) + "号";
      break;
    case 11:
      number = "3." + d(12);
      break;
    case 12:
      number = "型番AB" + d(7);
      break;
    case 13:
      number = "注文番号" + d(12);
      break;
    case 14:
      number = "@user_" + d(4);
      break;
    default:
      number = "10:" + d(2) + "～12:" + d(2);
  }
  if (random() % 3 == 0 && kind != 8) {
    std::string wide;
    for (size_t at = 0; at < number.size(); at += char_bytes(number, at)) {
      const std::string c = number.substr(at, char_bytes(number, at));
      wide += c.size() == 1 ? full_width(c) : c;
    }
    number = wide;
  }
  return {before + number + "です。", kind < kNumPiiKinds ? kind : -1};
}

void bench_pii_quality(benchmark::State& state) {
  uint64_t right = 0;
  uint64_t found = 0;
  uint64_t there = 0;
  for (auto _ : state) {
    std::mt19937_64 random(1);
    right = found = there = 0;
    for (int i = 0; i < 20'000; ++i) {
      const Sample sample = make_sample(random);
      const auto spans = find_pii(sample.text);
      there += sample.kind >= 0;
      found += spans.size();
      for (const PiiSpan& span : spans) right += static_cast<int>(span.kind) == sample.kind;
    }
  }
  state.counters["precision"] = static_cast<double>(right) / static_cast<double>(found);
  state.counters["recall"] = static_cast<double>(right) / static_cast<double>(there);
}

void register_all() {
  for (const FilterInfo* info : all_filters()) {
    // What an index or a model decides is not the filter's speed.
    if (info->name == "perplexity" || info->name == "toxicity") continue;
    const std::string toml = "name = '" + std::string(info->name) + "'\n" + options_of(info->name);
    benchmark::RegisterBenchmark(("filter/" + std::string(info->name)).c_str(),
                                 [toml](benchmark::State& state) { bench_filter(state, toml); })
        ->Unit(benchmark::kMillisecond);
  }
  for (const BuiltinChain& chain : builtin_chains()) {
    for (const bool all : {false, true}) {
      const std::string name(chain.name);
      benchmark::RegisterBenchmark(
          ("chain/" + name + (all ? "/measure_all" : "")).c_str(),
          [name, all](benchmark::State& state) { bench_chain(state, name, all); })
          ->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::RegisterBenchmark("pii_quality", bench_pii_quality)->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace yurai

int main(int argc, char** argv) {
  yurai::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

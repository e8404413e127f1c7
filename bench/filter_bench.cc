#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "bench/pii_samples.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/card/proportion.h"
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

struct PiiCounts {
  uint64_t there = 0;   ///< pieces of personal information
  uint64_t found = 0;   ///< spans that find_pii called this kind
  uint64_t right = 0;   ///< of these, spans of a piece of this kind
  uint64_t hidden = 0;  ///< pieces that spans of any kind cover whole
};

/// The mark of a postcode may be taken with it.
bool same_place(std::string_view text, const PiiSpan& found, const PiiSpan& truth) {
  const uint64_t begin = truth.byte_begin;
  const bool mark =
      begin >= 3 && found.byte_begin + 3 == begin && text.substr(begin - 3, 3) == "〒";
  return found.kind == truth.kind && found.byte_end == truth.byte_end &&
         (found.byte_begin == begin || mark);
}

/// Counts by kind; the last are all of them.
std::array<PiiCounts, kNumPiiKinds + 1> count_pii(int samples) {
  std::array<PiiCounts, kNumPiiKinds + 1> counts;
  const auto add = [&](PiiKind kind, uint64_t PiiCounts::*count) {
    ++(counts[static_cast<size_t>(kind)].*count);
    ++(counts.back().*count);
  };
  bench::PiiSamples generator(2);
  for (int i = 0; i < samples; ++i) {
    const bench::PiiSample sample = generator.next();
    const auto spans = find_pii(sample.text);
    for (const PiiSpan& truth : sample.truth) {
      add(truth.kind, &PiiCounts::there);
      const bool hidden = std::any_of(spans.begin(), spans.end(), [&](const PiiSpan& span) {
        return span.byte_begin <= truth.byte_begin && truth.byte_end <= span.byte_end;
      });
      if (hidden) add(truth.kind, &PiiCounts::hidden);
    }
    for (const PiiSpan& span : spans) {
      add(span.kind, &PiiCounts::found);
      const bool right =
          std::any_of(sample.truth.begin(), sample.truth.end(),
                      [&](const PiiSpan& truth) { return same_place(sample.text, span, truth); });
      if (right) add(span.kind, &PiiCounts::right);
    }
  }
  return counts;
}

/// Shares in percent, with the ends of their 95 % intervals.
void bench_pii_quality(benchmark::State& state, size_t kind) {
  PiiCounts counts;
  for (auto _ : state) counts = count_pii(20'000)[kind];
  const auto share = [&](const std::string& name, uint64_t part, uint64_t whole) {
    const Proportion of = proportion(part, whole);
    state.counters[name] = 100 * of.value;
    state.counters[name + "_low"] = 100 * of.low;
    state.counters[name + "_high"] = 100 * of.high;
  };
  state.counters["there"] = static_cast<double>(counts.there);
  state.counters["found"] = static_cast<double>(counts.found);
  share("precision", counts.right, counts.found);
  share("recall", counts.right, counts.there);
  share("hidden", counts.hidden, counts.there);
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
  for (size_t kind = 0; kind <= kNumPiiKinds; ++kind) {
    const std::string name(kind < kNumPiiKinds ? yurai::name(static_cast<PiiKind>(kind)) : "all");
    benchmark::RegisterBenchmark(
        ("pii_quality/" + name).c_str(),
        [kind](benchmark::State& state) { bench_pii_quality(state, kind); })
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
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

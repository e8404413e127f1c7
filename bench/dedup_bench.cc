#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <unordered_map>

#include "yurai/base/interval.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/curate/dedup.h"
#include "yurai/curate/input_rows.h"

/// Deduplication: signatures a second, and with --recall what it finds and misses against all pairs
/// of a sample of the corpora in YURAI_TEST_DATA (default ../shared/data).
///
/// Beside it: datatrove's first stage (its own tokenizer, SHA-1 shingles, numpy) does 0.77 to 0.91
/// MB/s a core. That figure is quoted from the design, not measured here.
namespace yurai {
namespace {

namespace fs = std::filesystem;

fs::path data_dir() {
  const char* dir = std::getenv("YURAI_TEST_DATA");
  return dir != nullptr ? fs::path(dir) : fs::path("../shared/data");
}

/// Rows of the shared corpus for which `wanted` says true, up to `max_bytes` of text.
std::vector<Document> read_corpus(const std::string& language, uint64_t max_bytes,
                                  const std::function<bool(uint64_t, const Document&)>& wanted) {
  std::vector<Document> documents;
  const auto inputs = list_inputs({data_dir() / "corpus" / (language + ".jsonl.zst")});
  if (!inputs) return documents;
  InputRows rows(*inputs, {});
  RowBatch batch;
  uint64_t number = 0;
  uint64_t bytes = 0;
  while (bytes < max_bytes && rows.next(batch).value()) {
    for (const RawRow& row : batch.rows) {
      Document document = parse_row(inputs->files[0], row, default_field_map()).value();
      if (!wanted(number++, document) || bytes >= max_bytes) continue;
      bytes += document.text.size();
      documents.push_back(std::move(document));
    }
  }
  return documents;
}

/// Four megabytes of text from all over the corpus; made-up where there is none.
const std::vector<std::string>& texts(bool japanese) {
  static std::map<bool, std::vector<std::string>> all;
  std::vector<std::string>& texts = all[japanese];
  if (!texts.empty()) return texts;
  for (const Document& document :
       read_corpus(japanese ? "ja" : "en", 4 << 20,
                   [](uint64_t number, const Document&) { return number % 50 == 0; })) {
    texts.push_back(document.text);
  }
  std::mt19937_64 random(1);
  while (texts.size() < 20) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
      append_char(japanese ? static_cast<char32_t>(0x3042 + random() % 2000)
                           : static_cast<char32_t>('a' + random() % 26),
                  text);
    }
    texts.push_back(text);
  }
  return texts;
}

/// From a row's text to the keys of its bands: NFKC, shingles, minima, keys.
void signatures(benchmark::State& state, bool japanese, const MinHashParameters& parameters,
                Isa isa) {
  if (!is_supported(isa)) return state.SkipWithError("this processor lacks it");
  MinHasher hasher(parameters, isa);
  std::vector<uint64_t> tokens;
  std::vector<uint64_t> keys;
  int64_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& text : texts(japanese)) {
      tokenize(normalize_nfkc(text).value(), parameters.unit, tokens);
      hasher.band_keys(tokens, keys);
      benchmark::DoNotOptimize(keys.data());
      bytes += static_cast<int64_t>(text.size());
    }
  }
  state.SetBytesProcessed(bytes);
}

/// The inner loop alone, in shingles a second.
void kernel(benchmark::State& state, Isa isa) {
  if (!is_supported(isa)) return state.SkipWithError("this processor lacks it");
  std::mt19937_64 random(1);
  std::vector<uint64_t> shingles(512);
  std::vector<uint64_t> offsets(200);
  for (uint64_t& value : shingles) value = random();
  for (uint64_t& value : offsets) value = random();
  std::vector<uint64_t> minima(offsets.size(), ~0ull >> 1);
  for (auto _ : state) {
    minhash_kernel(isa)(shingles.data(), shingles.size(), offsets.data(), offsets.size(),
                        minima.data());
    benchmark::DoNotOptimize(minima.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(shingles.size()) *
                          static_cast<int64_t>(state.iterations()));
}

void register_benchmarks() {
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    for (const bool japanese : {true, false}) {
      for (const MinHashParameters& parameters : {kLlmJp, kDatatrove}) {
        benchmark::RegisterBenchmark(
            fmt::format("signatures/{}/{}/{}", japanese ? "ja" : "en", parameters.name, name(isa))
                .c_str(),
            [=](benchmark::State& state) { signatures(state, japanese, parameters, isa); })
            ->Unit(benchmark::kMillisecond);
      }
    }
    benchmark::RegisterBenchmark(fmt::format("kernel/{}", name(isa)).c_str(),
                                 [=](benchmark::State& state) { kernel(state, isa); });
  }
}

// ---- recall and precision ----

/// "0.943 [0.912, 0.965]  (n = 210)": a share with its 95 % Wilson interval.
std::string share(uint64_t hits, uint64_t size) {
  if (size == 0) return "- (n = 0)";
  const Interval interval = wilson_interval(hits, size);
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]  ({} of {})",
                     static_cast<double>(hits) / static_cast<double>(size), interval.low,
                     interval.high, hits, size);
}

struct Sample {
  std::vector<Document> documents;
  std::vector<std::string> nfkc;
  std::vector<std::vector<uint64_t>> sets;
  std::vector<std::vector<uint64_t>> keys;
};

struct SimilarPair {
  size_t a, b;
  double jaccard;
};

/// All pairs of at least this Jaccard index, none missed: two sets that are so alike share one of
/// the rarest |x| - ⌈t |x|⌉ + 1 shingles of each (R. Bayardo et al., WWW 2007).
std::vector<SimilarPair> all_pairs(const Sample& sample, double threshold) {
  std::unordered_map<uint64_t, uint32_t> frequency;
  for (const auto& set : sample.sets) {
    for (const uint64_t shingle : set) ++frequency[shingle];
  }
  std::unordered_map<uint64_t, std::vector<uint32_t>> with;
  std::vector<SimilarPair> pairs;
  for (size_t i = 0; i < sample.sets.size(); ++i) {
    auto set = sample.sets[i];
    const auto size = static_cast<double>(set.size());
    const size_t prefix = set.size() - static_cast<size_t>(std::ceil(threshold * size)) + 1;
    if (set.empty()) continue;
    std::sort(set.begin(), set.end(), [&](uint64_t a, uint64_t b) {
      return std::pair(frequency[a], a) < std::pair(frequency[b], b);
    });
    std::vector<uint32_t> candidates;
    for (size_t k = 0; k < std::min(prefix, set.size()); ++k) {
      auto& list = with[set[k]];
      candidates.insert(candidates.end(), list.begin(), list.end());
      list.push_back(static_cast<uint32_t>(i));
    }
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (const uint32_t j : candidates) {
      const auto other = static_cast<double>(sample.sets[j].size());
      if (std::min(size, other) < threshold * std::max(size, other)) continue;
      const double jaccard = jaccard_index(intersection_size(sample.sets[i], sample.sets[j]),
                                           sample.sets[i].size(), sample.sets[j].size());
      if (jaccard >= threshold) pairs.push_back({j, i, jaccard});
    }
  }
  return pairs;
}

bool shares_key(const Sample& sample, size_t a, size_t b) {
  for (size_t k = 0; k < sample.keys[a].size() && !sample.keys[b].empty(); ++k) {
    if (sample.keys[a][k] == sample.keys[b][k]) return true;
  }
  return false;
}

void print_pairs(const Sample& sample, const std::vector<SimilarPair>& pairs,
                 const MinHashParameters& parameters) {
  fmt::print("  pairs that share a band, by their exact Jaccard index (and the curve's middle):\n");
  for (const double begin : {0.5, 0.6, 0.7, 0.8, 0.9}) {
    uint64_t found = 0;
    uint64_t size = 0;
    for (const SimilarPair& pair : pairs) {
      if (pair.jaccard < begin || (pair.jaccard >= begin + 0.1 && begin < 0.9)) continue;
      ++size;
      found += shares_key(sample, pair.a, pair.b);
    }
    fmt::print("    {:.1f} to {:.1f}  {:<40} curve {:.3f}\n", begin, begin + 0.1,
               share(found, size), candidate_probability(parameters, begin + 0.05));
  }
  uint64_t found = 0;
  uint64_t size = 0;
  for (const SimilarPair& pair : pairs) {
    if (pair.jaccard < parameters.threshold) continue;
    ++size;
    found += shares_key(sample, pair.a, pair.b);
  }
  fmt::print("  recall of pairs at or above {}: {}\n", parameters.threshold, share(found, size));
}

/// The program's own answer, row by row.
void print_rows(const Sample& sample, const std::vector<SimilarPair>& pairs,
                const MinHashParameters& parameters) {
  testing::TemporaryDirectory folder;
  std::string lines;
  for (size_t i = 0; i < sample.documents.size(); ++i) {
    lines += dump_json({{"id", std::to_string(i)}, {"text", sample.documents[i].text}}) + "\n";
  }
  if (!write_file(folder / "in.jsonl", lines)) return;
  const InputList inputs = list_inputs({folder / "in.jsonl"}).value();
  StagingDirectory stage = StagingDirectory::create(folder / "out", {}).value();
  fs::create_directory(stage.path() / "scratch");
  DedupOptions options;
  options.parameters = parameters;
  options.isa = choose_isa().value();
  const auto workers = one_worker();
  const auto summary =
      dedup(inputs, options, &stage, stage.path() / "scratch", *workers, no_progress);
  if (!summary) return fmt::print("  {}\n", summary.error().message);

  std::map<std::pair<size_t, size_t>, double> exact;
  std::set<size_t> should_go;  // has an earlier twin among all pairs
  for (const SimilarPair& pair : pairs) {
    exact[{pair.a, pair.b}] = pair.jaccard;
    if (pair.jaccard >= parameters.threshold) should_go.insert(std::max(pair.a, pair.b));
  }
  const std::string ledger = read_file(stage.path() / "removals.jsonl").value();
  uint64_t removed = 0;
  uint64_t right = 0;
  uint64_t of_those = 0;
  for (size_t begin = 0; begin < ledger.size();) {
    const size_t end = ledger.find('\n', begin);
    const Json line = parse_json(ledger.substr(begin, end - begin), "ledger").value();
    begin = end + 1;
    const size_t row = std::stoul(line["id"].get<std::string>());
    const size_t kept = std::stoul(line["kept_id"].get<std::string>());
    const auto found = exact.find({std::min(row, kept), std::max(row, kept)});
    ++removed;
    right += found != exact.end() && found->second >= parameters.threshold &&
             std::abs(found->second - line["jaccard"].get<double>()) < 1e-12;
    of_those += should_go.contains(row);
  }
  fmt::print("  rows: {} of {} removed; precision {}\n", removed, sample.documents.size(),
             share(right, removed));
  fmt::print("  recall of rows that have an earlier twin: {}\n", share(of_those, should_go.size()));
}

void print_recall(const std::string& language, const MinHashParameters& parameters,
                  uint64_t one_in) {
  std::vector<std::pair<std::string, std::string>> natural;
  std::set<std::string> natural_ids;
  const std::string listed =
      read_file(data_dir() / "corpus/near_dup_natural.jsonl").value_or(std::string());
  for (size_t begin = 0; begin < listed.size() && language == "ja";) {
    const size_t end = std::min(listed.find('\n', begin), listed.size());
    const Json line = parse_json(listed.substr(begin, end - begin), "pairs").value();
    natural.push_back({line["a"], line["b"]});
    natural_ids.insert({line["a"], line["b"]});
    begin = end + 1;
  }
  Sample sample;
  sample.documents = read_corpus(language, ~0ull, [&](uint64_t number, const Document& document) {
    return number % one_in == 0 || natural_ids.contains(document.id);
  });
  if (sample.documents.empty()) return fmt::print("{}: no corpus in YURAI_TEST_DATA\n", language);
  MinHasher hasher(parameters, choose_isa().value());
  std::vector<uint64_t> tokens;
  std::map<std::string, size_t> by_id;
  for (const Document& document : sample.documents) {
    by_id[document.id] = sample.sets.size();
    tokenize(normalize_nfkc(document.text).value(), parameters.unit, tokens);
    sample.sets.push_back(shingle_set(tokens, parameters.shingle_size));
    sample.keys.emplace_back();
    hasher.band_keys(tokens, sample.keys.back());
  }
  fmt::print("{}, {}: 1 row in {}, {} rows\n", language, parameters.name, one_in,
             sample.documents.size());
  const std::vector<SimilarPair> pairs = all_pairs(sample, 0.5);
  print_pairs(sample, pairs, parameters);
  print_rows(sample, pairs, parameters);
  if (natural.empty()) return;

  fmt::print("  near_dup_natural: the same work in two orthographies, {} pairs\n", natural.size());
  uint64_t alike = 0;
  uint64_t found = 0;
  uint64_t share_key = 0;
  uint64_t known = 0;
  std::vector<double> indexes;
  for (const auto& [a, b] : natural) {
    if (!by_id.contains(a) || !by_id.contains(b)) continue;
    ++known;
    const size_t i = by_id[a];
    const size_t j = by_id[b];
    const double jaccard = jaccard_index(intersection_size(sample.sets[i], sample.sets[j]),
                                         sample.sets[i].size(), sample.sets[j].size());
    indexes.push_back(jaccard);
    const bool meets = shares_key(sample, i, j);
    alike += jaccard >= parameters.threshold;
    found += jaccard >= parameters.threshold && meets;
    share_key += meets;
  }
  std::sort(indexes.begin(), indexes.end());
  fmt::print("    exact Jaccard index: median {:.3f}, quartiles {:.3f} and {:.3f}\n",
             indexes[indexes.size() / 2], indexes[indexes.size() / 4],
             indexes[indexes.size() * 3 / 4]);
  fmt::print("    at or above {}: {}\n", parameters.threshold, share(alike, known));
  fmt::print("    of those found: {}\n", share(found, alike));
  fmt::print("    of all pairs sharing a band (--threshold 0): {}\n", share(share_key, known));
}

}  // namespace
}  // namespace yurai

int main(int argc, char** argv) {
  using namespace yurai;
  if (argc >= 2 && std::string_view(argv[1]) == "--recall") {
    const uint64_t one_in = argc >= 3 ? std::max<uint64_t>(1, std::stoull(argv[2])) : 10;
    for (const MinHashParameters& parameters : {kLlmJp, kDatatrove}) {
      for (const char* language : {"ja", "en"}) {
        print_recall(language, parameters, one_in);
        std::fflush(stdout);
      }
    }
    return 0;
  }
  register_benchmarks();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// Is the stated chance true? Builds corpora that leave whole sources out, traces passages of those
// sources and planted copies, and prints false spans per 10,000 characters and recall by length.
//
//     YURAI_TEST_DATA=... calibration_bench --sizes 1,30,250 --splits A,B,C,D [--show]
//
// Needs corpus/ja.jsonl.zst and corpus/en.jsonl.zst. Not a timing: ctest runs the smallest case.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

#include "yurai/base/json.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/corpus/input_file.h"
#include "yurai/index/index_builder.h"
#include "yurai/trace/script.h"
#include "yurai/trace/tracer.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

struct Split {
  std::string name;
  std::set<std::string> held_out;
  bool large = true;  ///< enough is left for the largest corpus
};
const Split kSplits[] = {
    {"A",
     {"e-gov-law", "js-primer", "WikipediaAnnotatedCorpus", "ethereum-EIPs",
      "us-presidential-speeches"}},
    {"B",
     {"wikipedia-kyoto", "rust-book-ja", "rust-book", "wikipedia-kyoto-translation", "python-peps",
      "tinyshakespeare"},
     false},
    {"C",
     {"python-docs-ja", "ja.react.dev", "18F-handbook", "wikitext-2", "rust-book", "rust-book-ja"}},
    {"D",
     {"aozorabunko", "wikipedia-kyoto-translation", "us-presidential-speeches", "wikitext-2"},
     false},
};
constexpr double kChances[] = {10, 1, 0.1};
constexpr size_t kPassages = 400;  // a held-out source
constexpr size_t kCopies = 300;    // a length
constexpr size_t kJapaneseLengths[] = {10, 13, 16, 20, 25, 30};
constexpr size_t kEnglishLengths[] = {20, 30, 40, 50, 60, 80};

Result<void> load(const fs::path& path, std::vector<Document>& documents) {
  YURAI_ASSIGN(InputFile file, InputFile::open(path, Compression::kZstd));
  std::string buffer(1 << 20, '\0'), line;
  for (;;) {
    YURAI_ASSIGN(const size_t got, file.read(buffer));
    if (got == 0) return {};
    std::string_view rest(buffer.data(), got);
    for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      line += rest.substr(0, end);
      YURAI_ASSIGN(const Json json, parse_json(line, "corpus row"));
      Document& document = documents.emplace_back();
      for (size_t i = 0; i < kDocumentFields.size(); ++i) {
        const auto field = json.find(kDocumentFields[i]);
        if (field != json.end() && field->is_string()) {
          document.*kDocumentMembers[i] = field->get<std::string>();
        }
      }
      line.clear();
    }
    line += rest;
  }
}

/// `num_chars` characters from about byte `at`.
std::string_view cut(const std::string& text, size_t at, size_t num_chars) {
  while (at < text.size() && !begins_char(text[at])) ++at;
  return first_chars(std::string_view(text).substr(at), num_chars);
}

std::array<double, 2> count_by_script(std::string_view text) {
  const std::vector<char32_t> chars = decode_chars(text);
  std::array<double, 2> counts{};
  size_t script = std::any_of(chars.begin(), chars.end(), is_cjk) ? 0 : 1;
  for (const char32_t c : chars) {
    if (is_cjk(c)) script = 0;
    if (is_other_letter(c)) script = 1;
    counts[script] += 1;
  }
  return counts;
}

Script script_of(const Span& span) {
  const Script script = yurai::script_of(decode_chars(span.text));
  return script == Script::kCjk ? script : Script::kOther;  // prose and code count together
}

/// As the calibration has it: a long span, or two strong ones of the same document.
bool quotes(const std::vector<Span>& spans) {
  for (const Span& a : spans) {
    const bool cjk = script_of(a) == Script::kCjk;
    if (a.char_end - a.char_begin >= (cjk ? 30u : 60u)) return true;
    if (a.score < (cjk ? 20 : 30) || a.documents.empty()) continue;
    for (const Span& b : spans) {
      if (b.char_begin >= a.char_end && b.score >= (script_of(b) == Script::kCjk ? 20 : 30) &&
          !b.documents.empty() &&
          b.documents[0].document_number == a.documents[0].document_number) {
        return true;
      }
    }
  }
  return false;
}

struct Negatives {
  double characters[2] = {}, unrelated_characters[2] = {};
  double spans[2][std::size(kChances)] = {}, unrelated_spans[2][std::size(kChances)] = {};
};

/// Sums over everything of one size, for the closing lines.
struct Totals {
  double rate[2][std::size(kChances)] = {}, unrelated_rate[2][std::size(kChances)] = {};
  int sources[2] = {};
  std::map<size_t, std::pair<int, int>> found[2];  ///< by length: found, planted
};

struct Bench {
  std::vector<Document> documents;
  std::mt19937_64 random{7};
  bool show = false;  ///< print each false span

  std::vector<size_t> in_order_of_chance(size_t size) {
    std::vector<size_t> order(size);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = size; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    return order;
  }

  /// 70 % Japanese and 30 % English, as far as the sources go; no document over an eighth of that.
  std::vector<size_t> choose(const Split& split, double megabytes) {
    std::vector<size_t> chosen;
    double left[2] = {megabytes * 0.7e6, megabytes * 0.3e6};
    const double largest[2] = {left[0] / 8, left[1] / 8};
    for (const size_t i : in_order_of_chance(documents.size())) {
      const int language = documents[i].lang == "ja" ? 0 : 1;
      const auto size = static_cast<double>(documents[i].text.size());
      if (split.held_out.count(documents[i].source) > 0 || size > largest[language] ||
          size > left[language]) {
        continue;
      }
      left[language] -= size;
      chosen.push_back(i);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  /// Passages of a source, one a document before the second of any.
  std::vector<std::pair<size_t, std::string_view>> passages(const std::string& source,
                                                            size_t num_chars) {
    std::vector<std::pair<size_t, std::string_view>> drawn;
    std::vector<size_t> own;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (documents[i].source == source && documents[i].text.size() >= 300) own.push_back(i);
    }
    if (own.empty()) return drawn;
    const auto order = in_order_of_chance(own.size());
    std::set<std::pair<size_t, size_t>> used;
    for (size_t tries = 0; drawn.size() < kPassages && tries < 4 * kPassages; ++tries) {
      const size_t i = own[order[tries % order.size()]];
      const std::string& text = documents[i].text;
      const size_t tile = random() % std::max<size_t>(1, text.size() / 600);
      if (used.insert({i, tile}).second) {
        drawn.emplace_back(i, cut(text, tile * 600, num_chars));
      }
    }
    return drawn;
  }

  Result<void> run(const Split& split, double megabytes, Totals& totals) {
    const testing::TemporaryDirectory dir;
    const std::vector<size_t> chosen = choose(split, megabytes);
    {
      YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir / "corpus", {}));
      YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
      for (const size_t i : chosen) YURAI_TRY(writer.add(documents[i]));
      YURAI_TRY(writer.finish(Manifest{}));
      YURAI_TRY(stage.commit());
    }
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    double built = 0, calibrated = 0;
    {
      YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir / "index", {}));
      YURAI_TRY(build_index(dir / "corpus", {}, stage, no_progress));
      built = seconds();
      YURAI_ASSIGN(const CorpusIndex staged, CorpusIndex::open(stage.path()));
      YURAI_TRY(calibrate(staged, stage, no_progress));
      calibrated = seconds() - built;
      YURAI_TRY(write_manifest(staged.manifest(), stage));
      YURAI_TRY(stage.commit());
    }
    YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(dir / "index"));
    YURAI_ASSIGN(const Tracer tracer, Tracer::open(index));
    YURAI_ASSIGN(const uint64_t model_bytes,
                 manifest_file_bytes(index.manifest(), "null_model.bin"));
    const CorpusIdentity identity = index.corpus().identity();
    fmt::print(
        "\n== {:.0f} MB, split {}: {} documents, {:.1f} MB of text; built in {:.1f} s, "
        "calibrated in {:.1f} s; null model {:.1f} % of the text\n",
        megabytes, split.name, identity.documents, static_cast<double>(identity.bytes) / 1e6, built,
        calibrated, 100 * static_cast<double>(model_bytes) / static_cast<double>(identity.bytes));
    if (const char* folder = std::getenv("YURAI_BENCH_KEEP")) {
      const fs::path kept = fs::path(folder) / fmt::format("{}.{:.0f}.json", split.name, megabytes);
      fs::copy_file(dir / "index" / "calibration.json", kept, fs::copy_options::overwrite_existing);
    }
    YURAI_TRY(trace_negatives(split, tracer, totals));
    YURAI_TRY(trace_copies(split, chosen, tracer, totals));
    return trace_timing(tracer, split);
  }

  Result<void> trace_negatives(const Split& split, const Tracer& tracer, Totals& totals) {
    fmt::print(
        "   false spans per 10,000 characters at a stated chance of 10, 1, 0.1 "
        "(without passages that quote)\n");
    for (const std::string& source : split.held_out) {
      Negatives negatives;
      std::set<std::pair<size_t, std::string>> seen;
      for (const auto& [document, text] : passages(source, 200)) {
        YURAI_ASSIGN(const Trace trace,
                     tracer.trace(text, {.max_chance = HUGE_VAL, .max_documents = 1}));
        const bool related = quotes(trace.spans);
        const auto chars = count_by_script(text);
        for (size_t s = 0; s < 2; ++s) {
          negatives.characters[s] += chars[s];
          if (!related) negatives.unrelated_characters[s] += chars[s];
        }
        for (const Span& span : trace.spans) {
          if (span.chance_per_10k > kChances[0]) continue;
          if (!seen.emplace(document, span.text).second) continue;
          const auto s = static_cast<size_t>(script_of(span));
          if (show && !related && span.chance_per_10k <= 1) {
            fmt::print("     {:.1f} {:.2g} {} {}\n", span.score, span.chance_per_10k, source,
                       dump_json(Json(span.text)));
          }
          for (size_t c = 0; c < std::size(kChances); ++c) {
            if (span.chance_per_10k > kChances[c]) continue;
            negatives.spans[s][c] += 1;
            if (!related) negatives.unrelated_spans[s][c] += 1;
          }
        }
      }
      for (size_t s = 0; s < 2; ++s) {
        if (negatives.characters[s] < 5000) continue;
        std::string line = fmt::format("   {:<28} {:<5} {:>7.0f}:", source, name(kScripts[s]),
                                       negatives.characters[s]);
        ++totals.sources[s];
        for (size_t c = 0; c < std::size(kChances); ++c) {
          const double rate = negatives.spans[s][c] / negatives.characters[s] * 1e4;
          const double unrelated = negatives.unrelated_spans[s][c] /
                                   std::max(1.0, negatives.unrelated_characters[s]) * 1e4;
          totals.rate[s][c] += rate;
          totals.unrelated_rate[s][c] += unrelated;
          line += fmt::format("  {:7.2f} ({:6.2f})", rate, unrelated);
        }
        fmt::print("{}\n", line);
      }
    }
    return {};
  }

  Result<void> trace_copies(const Split& split, const std::vector<size_t>& chosen,
                            const Tracer& tracer, Totals& totals) {
    for (size_t s = 0; s < 2; ++s) {
      std::vector<double> sizes;
      std::vector<size_t> own;
      for (const size_t i : chosen) {
        if ((documents[i].lang == "ja") != (s == 0)) continue;
        own.push_back(i);
        sizes.push_back(static_cast<double>(documents[i].text.size()));
      }
      std::vector<std::pair<size_t, std::string_view>> around;
      for (const std::string& source : split.held_out) {
        for (const auto& passage : passages(source, 100)) {
          if ((documents[passage.first].lang == "ja") == (s == 0)) around.push_back(passage);
        }
      }
      std::discrete_distribution<size_t> by_size(sizes.begin(), sizes.end());
      std::string line = fmt::format("   {} copies found:", s == 0 ? "ja" : "en");
      for (const size_t length :
           s == 0 ? std::span(kJapaneseLengths) : std::span(kEnglishLengths)) {
        auto& [found, planted] = totals.found[s][length];
        int found_here = 0;
        for (size_t n = 0; n < kCopies;) {
          const std::string& text = documents[own[by_size(random)]].text;
          const std::string_view copy = cut(text, random() % text.size(), length);
          const bool cjk = count_by_script(copy)[0] > 0;
          if (count_chars(copy) < length || cjk != (s == 0)) continue;
          ++n;
          const std::string_view before = around[random() % around.size()].second;
          const std::string_view after = around[random() % around.size()].second;
          const std::string answer = std::string(before) + std::string(copy) + std::string(after);
          YURAI_ASSIGN(const Trace trace, tracer.trace(answer, {.max_documents = 0}));
          found_here += std::any_of(trace.spans.begin(), trace.spans.end(), [&](const Span& span) {
            return span.byte_begin <= before.size() && span.byte_end >= before.size() + copy.size();
          });
        }
        planted += static_cast<int>(kCopies);
        found += found_here;
        line += fmt::format("  {}: {:.3f}", length, found_here / static_cast<double>(kCopies));
      }
      fmt::print("{}\n", line);
    }
    return {};
  }

  Result<void> trace_timing(const Tracer& tracer, const Split& split) {
    std::vector<double> milliseconds;
    for (const std::string& source : split.held_out) {
      for (const auto& [document, text] : passages(source, 500)) {
        if (documents[document].lang != "ja" || count_chars(text) < 500) continue;
        for (int repeat = 0; repeat < 2; ++repeat) {
          const auto start = std::chrono::steady_clock::now();
          YURAI_TRY(tracer.trace(text, {}));
          const std::chrono::duration<double, std::milli> took =
              std::chrono::steady_clock::now() - start;
          if (repeat == 1) milliseconds.push_back(took.count());
        }
        if (milliseconds.size() % 20 == 0) break;
      }
    }
    if (milliseconds.empty()) return {};
    std::sort(milliseconds.begin(), milliseconds.end());
    fmt::print("   500-character ja trace, warm: median {:.2f} ms, 95 % below {:.2f} ms\n",
               milliseconds[milliseconds.size() / 2], milliseconds[milliseconds.size() * 95 / 100]);
    return {};
  }
};

void print_totals(double megabytes, const Totals& totals) {
  fmt::print("\n** {:.0f} MB, mean over held-out sources and splits\n", megabytes);
  for (size_t s = 0; s < 2; ++s) {
    std::string line = fmt::format("   {:<5} {:>2} sources:", name(kScripts[s]), totals.sources[s]);
    for (size_t c = 0; c < std::size(kChances); ++c) {
      const double rate = totals.rate[s][c] / totals.sources[s];
      line += fmt::format("  stated {:<4} measured {:.2f} = x{:.2f} (without quoting {:.2f})",
                          kChances[c], rate, rate / kChances[c],
                          totals.unrelated_rate[s][c] / totals.sources[s]);
    }
    line += "\n         recall at 1:";
    for (const auto& [length, found] : totals.found[s]) {
      line += fmt::format("  {}: {:.3f}", length, double(found.first) / found.second);
    }
    fmt::print("{}\n", line);
  }
}

Result<void> run(const std::string& sizes, const std::string& splits, bool show) {
  const char* shared = std::getenv("YURAI_TEST_DATA");
  const fs::path folder = fs::path(shared != nullptr ? shared : "../shared/data") / "corpus";
  if (!fs::exists(folder / "ja.jsonl.zst") || !fs::exists(folder / "en.jsonl.zst")) {
    fmt::print(
        "skipped: YURAI_TEST_DATA names no folder with corpus/ja.jsonl.zst and "
        "corpus/en.jsonl.zst\n");
    return {};
  }
  Bench bench;
  bench.show = show;
  YURAI_TRY(load(folder / "ja.jsonl.zst", bench.documents));
  YURAI_TRY(load(folder / "en.jsonl.zst", bench.documents));
  std::stringstream list(sizes);
  for (std::string size; std::getline(list, size, ',');) {
    const double megabytes = std::stod(size);
    Totals totals;
    for (const Split& split : kSplits) {
      if (splits.find(split.name) == splits.npos || (megabytes > 100 && !split.large)) continue;
      YURAI_TRY(bench.run(split, megabytes, totals));
      std::fflush(stdout);
    }
    print_totals(megabytes, totals);
  }
  return {};
}

}  // namespace
}  // namespace yurai

int main(int argc, char** argv) {
  std::string sizes = "1,30,250", splits = "ABCD";
  bool show = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--sizes" && i + 1 < argc) sizes = argv[++i];
    if (argument == "--show") show = true;
    if (argument == "--splits" && i + 1 < argc) splits = argv[++i];
    if (argument.starts_with("--benchmark_min_time")) sizes = "1", splits = "A";
  }
  const auto result = yurai::run(sizes, splits, show);
  if (result) return 0;
  fmt::print(stderr, "{}\n", result.error().message);
  return 1;
}

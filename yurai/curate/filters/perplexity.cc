#include <cmath>
#include <string>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/curate/filter.h"
#include "yurai/index/corpus_index.h"

namespace yurai {
namespace {

constexpr double kBackoff = 0.4;  // Brants et al., "Large Language Models in Machine Translation"

struct PerplexityOptions {
  uint64_t order = 6;
  uint64_t samples = 64;
  bool own = false;
};

/// Perplexity of sampled characters under the counts of an index, with stupid backoff.
class Perplexity final : public Filter {
 public:
  Perplexity(CorpusIndex index, PerplexityOptions options)
      : index_(std::move(index)), options_(options) {}

  static MadeFilter make(FilterOptions& given) {
    YURAI_ASSIGN(const auto path, given.path("index"));
    PerplexityOptions options;
    YURAI_ASSIGN(options.order, given.count("order", options.order));
    YURAI_ASSIGN(options.samples, given.count("samples", options.samples));
    YURAI_ASSIGN(options.own, given.flag("own", options.own));
    if (options.order < 1 || options.order > 32) return given.bad("order", "must be 1 to 32");
    if (options.samples < 1) return given.bad("samples", "must be 1 or more");
    auto index = CorpusIndex::open(path);
    if (!index) return given.bad("index", index.error().message, index.error().code);
    if (index->points() != PointMode::kChar) {
      return given.bad("index", "must name an index whose points are characters");
    }
    std::string sha256;
    if (const auto found = index->manifest().facts.find("corpus_sha256");
        found != index->manifest().facts.end() && found->is_string()) {
      sha256 = found->get<std::string>();
    }
    given.add_input({path.filename().string(), 0, sha256});
    return std::make_unique<Perplexity>(std::move(*index), options);
  }

  Measurement measure(const Subject& subject, bool) const override {
    std::vector<size_t> chars;  // where each begins, and the end
    for (size_t at = 0; at < subject.text.size(); at += char_bytes(subject.text, at)) {
      chars.push_back(at);
    }
    if (chars.empty()) return {};
    const size_t total = chars.size();
    chars.push_back(subject.text.size());
    IndexSession session(index_);
    const size_t samples = std::min<size_t>(options_.samples, total);
    double nats = 0;
    for (size_t i = 0; i < samples; ++i) {
      const size_t at = i * total / samples;
      const auto probability = probability_at(session, subject.text, chars, at);
      if (!probability) return {.error = probability.error()};
      nats -= std::log(*probability);
    }
    return {.value = std::exp(nats / static_cast<double>(samples))};
  }

 private:
  /// P of the character `at` after its context: the longest one that it followed, each shorter one
  /// at 0.4 of the weight.
  Result<double> probability_at(IndexSession& session, std::string_view text,
                                const std::vector<size_t>& chars, size_t at) const {
    const uint64_t own = options_.own ? 1 : 0;
    const size_t longest = std::min<size_t>(options_.order - 1, at);
    double weight = 1;
    for (size_t context = longest + 1; context-- > 0; weight *= kBackoff) {
      const size_t begin = chars[at - context];
      YURAI_ASSIGN(const uint64_t together,
                   session.count(text.substr(begin, chars[at + 1] - begin)));
      if (together <= own) continue;
      YURAI_ASSIGN(const uint64_t alone, session.count(text.substr(begin, chars[at] - begin)));
      return weight * static_cast<double>(together - own) / static_cast<double>(alone - own);
    }
    return weight / static_cast<double>(index_.num_points() + 1);
  }

  CorpusIndex index_;
  PerplexityOptions options_;
};

constexpr OptionInfo kOptions[] = {
    {.name = "index",
     .english = "an index folder (points: characters); relative to the chain's file",
     .japanese = "索引のフォルダー（文字単位、チェーンのファイルからの相対パス）"},
    {.name = "order",
     .fallback = "6",
     .english = "characters of an n-gram",
     .japanese = "n-gram の長さ"},
    {.name = "samples",
     .fallback = "64",
     .english = "characters that are looked at, spread over the text",
     .japanese = "調べる文字数（本文全体から等間隔に選ぶ）"},
    {.name = "own",
     .fallback = "false",
     .english = "the documents are in the index themselves: one occurrence does not count",
     .japanese = "文書自身が索引に入っている（出現を 1 回分差し引く）"}};

constexpr FilterInfo kFilters[] = {
    {.name = "perplexity",
     .unit = "per character",
     .bounds = {.max = 2000},
     .options = kOptions,
     .source = "CCNet's KenLM rule, with counts of a Yurai index and stupid backoff",
     .english = "Perplexity of the characters under the n-gram counts of an index",
     .japanese = "索引の n-gram 頻度から見た 1 文字あたりのパープレキシティ",
     .make = Perplexity::make},
};

}  // namespace

std::span<const FilterInfo> perplexity_filters() { return kFilters; }

}  // namespace yurai

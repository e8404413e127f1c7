#include "yurai/ngram/ngram_model.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "yurai/base/ascii.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/sampler.h"
#include "yurai/lm/symbol_stream.h"

namespace yurai {
namespace {

/// A session keeps the blocks that it read; this many are 16 MiB.
constexpr uint64_t kMaxBlocks = 4 << 10;

bool is_word_border(std::string_view text, size_t at) {
  return at == 0 || !is_word_byte(text[at - 1]) || !is_word_byte(text[at]);
}

/// Where a context may begin in `text`, from its end (the empty context) to the longest.
std::vector<size_t> context_begins(PointMode points, std::string_view text, uint64_t max_chars) {
  std::vector<size_t> begins = {text.size()};
  size_t at = text.size();
  for (uint64_t num_chars = 1; num_chars <= max_chars && at > 0; ++num_chars) {
    at = char_floor(text, at - 1);
    if (points == PointMode::kChar || is_word_border(text, at)) begins.push_back(at);
  }
  return begins;
}

/// One step: the symbol that follows `context`.
Result<GeneratedSymbol> draw_symbol(IndexSession& session, std::string_view context,
                                    const Sampler& sampler, SplitMix64& random) {
  YURAI_ASSIGN(std::vector<NextSymbol> next, session.next(context));
  std::vector<uint64_t> counts;
  uint64_t context_count = 0;
  for (const NextSymbol& symbol : next) {
    counts.push_back(symbol.count);
    context_count += symbol.count;
  }
  if (context_count == 0) return fail(ErrorCode::kNotFound, "the corpus holds no document");
  const size_t drawn = sampler.draw(counts, random);
  GeneratedSymbol symbol;
  symbol.text = std::move(next[drawn].text);
  symbol.probability = static_cast<double>(counts[drawn]) / static_cast<double>(context_count);
  symbol.context_chars = count_chars(context);
  symbol.context_count = context_count;
  symbol.count = counts[drawn];
  return symbol;
}

}  // namespace

Result<std::string_view> find_ngram_context(IndexSession& session, PointMode points,
                                            std::string_view text, const NgramOptions& options) {
  // Whatever contains a suffix contains every shorter one: counts only fall with length.
  const std::vector<size_t> begins = context_begins(points, text, options.max_context_chars);
  size_t enough = 0;
  size_t too_few = begins.size();
  while (too_few - enough > 1) {
    const size_t middle = enough + (too_few - enough) / 2;
    YURAI_ASSIGN(const uint64_t count, session.count(text.substr(begins[middle])));
    (count >= options.min_count ? enough : too_few) = middle;
  }
  return text.substr(begins[enough]);
}

NgramModel::NgramModel(const CorpusIndex& index, NgramOptions options)
    : index_(index), options_(options) {}

Result<Generation> NgramModel::generate(const GenerateRequest& request,
                                        const OnSymbol& on_symbol) const {
  YURAI_ASSIGN(const std::string_view prompt, text_to_continue(request));
  YURAI_ASSIGN(const Sampler sampler, Sampler::make(request.temperature));

  std::optional<IndexSession> session(std::in_place, index_);
  SplitMix64 random(request.seed);
  SymbolStream stream(request.stop, on_symbol);
  YURAI_ASSIGN(const std::string_view start,
               find_ngram_context(*session, index_.points(), prompt, options_));
  std::string context(start);
  for (uint64_t step = 0; step < request.max_chars; ++step) {
    if (session->num_reads() > kMaxBlocks) session.emplace(index_);
    YURAI_ASSIGN(GeneratedSymbol symbol, draw_symbol(*session, context, sampler, random));
    const bool is_frequent = *symbol.count >= options_.min_count;
    const std::string tail = context + symbol.text;
    YURAI_ASSIGN(const bool goes_on, stream.add(std::move(symbol)));
    if (!goes_on) break;

    // The next context is a suffix of this one with the symbol, and where those were seen together
    // often enough the longest such suffix: no count is asked for then.
    if (is_frequent) {
      context =
          tail.substr(context_begins(index_.points(), tail, options_.max_context_chars).back());
    } else {
      YURAI_ASSIGN(context, find_ngram_context(*session, index_.points(), tail, options_));
    }
  }
  return stream.finish();
}

}  // namespace yurai

#include "yurai/ngram/ngram_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "yurai/base/ascii.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/sampler.h"
#include "yurai/ngram/stop_scan.h"

namespace yurai {
namespace {

/// A session keeps the blocks that it read; this many are 16 MiB.
constexpr uint64_t kMaxBlocks = 4 << 10;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

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

Result<std::string_view> text_to_continue(const GenerateRequest& request) {
  if (request.messages.empty()) return request.prompt;
  const auto last = std::find_if(request.messages.rbegin(), request.messages.rend(),
                                 [](const ChatMessage& m) { return m.role == "user"; });
  if (last == request.messages.rend()) return invalid("the conversation has no user message");
  return last->content;
}

/// Hands symbols to the caller once no stop string can take them back.
class Emitter {
 public:
  Emitter(const Generation& generation, const LanguageModel::OnSymbol& on_symbol)
      : generation_(generation), on_symbol_(on_symbol) {}

  /// Emits the symbols that end within the first `safe_bytes` of the text.
  Result<void> emit(size_t safe_bytes) {
    const auto& symbols = generation_.symbols;
    while (next_ < symbols.size() && bytes_ + symbols[next_].text.size() <= safe_bytes) {
      bytes_ += symbols[next_].text.size();
      if (on_symbol_ && !on_symbol_(symbols[next_])) {
        return fail(ErrorCode::kCancelled, "cancelled");
      }
      ++next_;
    }
    return {};
  }

 private:
  const Generation& generation_;
  const LanguageModel::OnSymbol& on_symbol_;
  size_t next_ = 0;
  size_t bytes_ = 0;
};

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
  YURAI_TRY(check_utf8(prompt, "the prompt"));
  YURAI_TRY(check_stops(request.stop));
  YURAI_ASSIGN(const Sampler sampler, Sampler::make(request.temperature));

  std::optional<IndexSession> session(std::in_place, index_);
  SplitMix64 random(request.seed);
  Generation generation;
  generation.finish_reason = "length";
  Emitter emitter(generation, on_symbol);
  YURAI_ASSIGN(const std::string_view start,
               find_ngram_context(*session, index_.points(), prompt, options_));
  std::string context(start);
  for (uint64_t step = 0; step < request.max_chars; ++step) {
    if (session->num_reads() > kMaxBlocks) session.emplace(index_);
    YURAI_ASSIGN(GeneratedSymbol symbol, draw_symbol(*session, context, sampler, random));
    const bool ends = symbol.text.empty();
    const bool is_frequent = *symbol.count >= options_.min_count;
    const std::string tail = context + symbol.text;
    generation.text += symbol.text;
    generation.symbols.push_back(std::move(symbol));
    const StopScan scan = scan_stops(generation.text, request.stop);
    if (scan.stop_begin) {
      while (generation.text.size() > *scan.stop_begin) {
        generation.text.resize(generation.text.size() - generation.symbols.back().text.size());
        generation.symbols.pop_back();
      }
    }
    if (ends || scan.stop_begin) {
      generation.finish_reason = "stop";
      break;
    }
    YURAI_TRY(emitter.emit(scan.safe_bytes));

    // The next context is a suffix of this one with the symbol, and where those were seen together
    // often enough the longest such suffix: no count is asked for then.
    if (is_frequent) {
      context =
          tail.substr(context_begins(index_.points(), tail, options_.max_context_chars).back());
    } else {
      YURAI_ASSIGN(context, find_ngram_context(*session, index_.points(), tail, options_));
    }
  }
  YURAI_TRY(emitter.emit(generation.text.size()));
  return generation;
}

}  // namespace yurai

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/corpus_index_state.h"
#include "yurai/index/segment_view.h"

namespace yurai {
namespace {

constexpr size_t kContextChars = 40;
constexpr size_t kMaxCharBytes = 4;

Result<void> check_utf8(std::string_view text) {
  const auto invalid = find_invalid_utf8(text);
  if (!invalid) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("byte {} of the text is not UTF-8", *invalid));
}

}  // namespace

struct IndexSession::State {
  explicit State(const CorpusIndex& opened)
      : index(*opened.state_),
        view(index.fences, index.leaves, index.corpus.text(), index.cache.get()) {}

  Result<std::string> symbol_at(uint64_t position);
  Result<std::string> next_symbol(uint64_t rank, size_t context_bytes, std::string_view previous);
  Result<uint64_t> symbol_end(RankRange range, std::string_view text);
  Result<std::vector<NextSymbol>> count_symbols(RankRange range, std::string_view context);
  Result<std::vector<NextSymbol>> count_symbols_one_by_one(RankRange range, size_t context_bytes);

  const CorpusIndex::State& index;
  SegmentView view;
};

/// The character that begins at `position`; empty at a separator.
Result<std::string> IndexSession::State::symbol_at(uint64_t position) {
  YURAI_ASSIGN(const std::string bytes, view.bytes(position, kMaxCharBytes));
  if (bytes.empty() || bytes.starts_with(kDocumentSeparator)) return std::string();
  return bytes.substr(0, char_bytes(bytes, 0));
}

/// The character after the context in the suffix of `rank`, which differs from `previous`, that of
/// the suffix before. Often the two differ only in their last byte, which the leaf holds.
Result<std::string> IndexSession::State::next_symbol(uint64_t rank, size_t context_bytes,
                                                     std::string_view previous) {
  YURAI_ASSIGN(const LeafEntry entry, view.entry(rank));
  if (!previous.empty() && entry.lcp >= context_bytes &&
      entry.lcp - context_bytes < previous.size()) {
    std::string symbol(previous.substr(0, entry.lcp - context_bytes));
    symbol.push_back(static_cast<char>(entry.branch));
    if (symbol[0] == kDocumentSeparator) return std::string();
    if (char_bytes(symbol, 0) == symbol.size()) return symbol;
  }
  return symbol_at(entry.position + context_bytes);
}

/// The end of those in `range` that begin with `text`, as its first does.
Result<uint64_t> IndexSession::State::symbol_end(RankRange range, std::string_view text) {
  YURAI_ASSIGN(const RankRange same, view.around(range.begin, text));
  if (same.begin == range.begin && same.end > same.begin && same.end <= range.end) return same.end;
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': its points are out of order; rebuild with 'yurai index build'",
                          for_terminal(index.dir.string())));
}

Result<std::vector<NextSymbol>> IndexSession::State::count_symbols(RankRange range,
                                                                   std::string_view context) {
  std::vector<NextSymbol> symbols;
  std::string symbol;
  while (range.size() > 0) {
    YURAI_ASSIGN(symbol, next_symbol(range.begin, context.size(), symbol));
    uint64_t end = range.end;  // the ends of documents come last
    if (!symbol.empty()) {
      YURAI_ASSIGN(end, symbol_end(range, std::string(context) + symbol));
    }
    symbols.push_back({symbol, end - range.begin});
    range.begin = end;
  }
  return symbols;
}

/// For contexts so long that the leaves don't hold where their suffixes part.
Result<std::vector<NextSymbol>> IndexSession::State::count_symbols_one_by_one(
    RankRange range, size_t context_bytes) {
  std::map<std::string, uint64_t> counts;
  for (uint64_t rank = range.begin; rank < range.end; ++rank) {
    YURAI_ASSIGN(const LeafEntry entry, view.entry(rank));
    YURAI_ASSIGN(std::string symbol, symbol_at(entry.position + context_bytes));
    ++counts[std::move(symbol)];
  }
  std::vector<NextSymbol> symbols;
  for (const auto& [text, count] : counts) symbols.push_back({text, count});
  return symbols;
}

IndexSession::IndexSession(const CorpusIndex& index) : state_(std::make_unique<State>(index)) {}
IndexSession::~IndexSession() = default;

Result<RankRange> IndexSession::find(std::string_view text) {
  YURAI_TRY(check_utf8(text));
  return state_->view.find(text);
}

Result<uint64_t> IndexSession::count(std::string_view text) {
  YURAI_ASSIGN(const RankRange range, find(text));
  return range.size() + (text.empty() ? state_->index.corpus.num_documents() : 0);
}

Result<LongestMatch> IndexSession::longest_match(std::string_view text) {
  YURAI_ASSIGN(const SegmentView::Longest longest, state_->view.longest(text));
  const std::string_view match = text.substr(0, char_floor(text, longest.size_bytes));
  YURAI_TRY(check_utf8(match));
  if (match.empty()) return LongestMatch{};
  YURAI_ASSIGN(const RankRange range, state_->view.around(longest.rank, match));
  return LongestMatch{match.size(), range};
}

Result<std::vector<uint64_t>> IndexSession::positions(RankRange range, uint64_t first,
                                                      uint64_t max_positions) {
  if (range.begin > range.end || range.end > state_->index.num_points) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("ranks {} to {} are none of an index of {} points", range.begin,
                            range.end, state_->index.num_points));
  }
  std::vector<uint64_t> positions;
  range.begin += std::min(first, range.size());
  range.end = range.begin + std::min(max_positions, range.size());
  positions.reserve(range.size());
  for (uint64_t rank = range.begin; rank < range.end; ++rank) {
    YURAI_ASSIGN(const LeafEntry entry, state_->view.entry(rank));
    positions.push_back(entry.position);
  }
  return positions;
}

Result<std::vector<SuffixNeighbour>> IndexSession::neighbours(RankRange range) {
  YURAI_CHECK(range.begin <= range.end && range.end <= state_->index.num_points);
  std::vector<SuffixNeighbour> neighbours;
  neighbours.reserve(range.size());
  for (uint64_t rank = range.begin; rank < range.end; ++rank) {
    YURAI_ASSIGN(const LeafEntry entry, state_->view.entry(rank));
    neighbours.push_back({entry.position, entry.lcp});
  }
  return neighbours;
}

Result<std::vector<NextSymbol>> IndexSession::next(std::string_view context) {
  YURAI_ASSIGN(const RankRange range, find(context));
  YURAI_ASSIGN(auto symbols, context.size() + kMaxCharBytes <= kMaxLcp
                                 ? state_->count_symbols(range, context)
                                 : state_->count_symbols_one_by_one(range, context.size()));
  if (context.empty() && state_->index.corpus.num_documents() > 0) {
    symbols.push_back({"", state_->index.corpus.num_documents()});
  }
  std::sort(symbols.begin(), symbols.end(), [](const NextSymbol& a, const NextSymbol& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  return symbols;
}

Result<Occurrence> IndexSession::occurrence(uint64_t position, uint64_t size_bytes) {
  const Corpus& corpus = state_->index.corpus;
  const auto outside = [&] {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} bytes from byte {} are not inside of one document", size_bytes, position));
  };
  if (corpus.num_documents() == 0 || position >= corpus.text().size_bytes() - 1) return outside();
  const uint64_t number = corpus.document_at(position);
  const Corpus::TextRange in = corpus.text_range(number);
  if (position < in.begin || position > in.end || size_bytes > in.end - position) return outside();

  const uint64_t end = position + size_bytes;
  const uint64_t context_bytes = kContextChars * kMaxCharBytes;
  const uint64_t before_begin = position - std::min(context_bytes, position - in.begin);
  Occurrence occurrence;
  occurrence.document_number = number;
  occurrence.byte_begin = position - in.begin;
  occurrence.byte_end = end - in.begin;
  YURAI_ASSIGN(occurrence.match, state_->view.bytes(position, size_bytes));
  YURAI_ASSIGN(const std::string before, state_->view.bytes(before_begin, position - before_begin));
  occurrence.before = last_chars(before, kContextChars);
  YURAI_ASSIGN(const std::string after,
               state_->view.bytes(end, std::min(context_bytes, in.end - end)));
  occurrence.after = first_chars(after, kContextChars);
  YURAI_ASSIGN(occurrence.document, corpus.row(number));
  return occurrence;
}

Result<void> IndexSession::fetch_for_longest_match(std::span<const std::string_view> texts) {
  return state_->view.fetch_for_longest(texts);
}

uint64_t IndexSession::num_reads() const { return state_->view.num_reads(); }
uint64_t IndexSession::num_missed() const { return state_->view.num_missed(); }

Json next_json(std::string_view context, uint64_t context_count,
               std::span<const NextSymbol> symbols) {
  Json list = Json::array();
  for (const NextSymbol& symbol : symbols) {
    list.push_back(
        {{"text", symbol.text},
         {"count", symbol.count},
         {"probability", static_cast<double>(symbol.count) / static_cast<double>(context_count)}});
  }
  return {{"context", context}, {"context_count", context_count}, {"symbols", std::move(list)}};
}

}  // namespace yurai

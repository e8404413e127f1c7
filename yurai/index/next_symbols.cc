#include "yurai/index/next_symbols.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus.h"

namespace yurai {
namespace {

constexpr size_t kMaxCharBytes = 4;

/// The character that begins at `position`; empty at a separator.
Result<std::string> symbol_at(SegmentView& view, uint64_t position) {
  YURAI_ASSIGN(const std::string bytes, view.bytes(position, kMaxCharBytes));
  if (bytes.empty() || bytes.starts_with(kDocumentSeparator)) return std::string();
  return bytes.substr(0, char_bytes(bytes, 0));
}

/// The character after the context in the suffix of `rank`, which differs from `previous`, that of
/// the suffix before. Often the two differ only in their last byte, which the leaf holds.
Result<std::string> next_symbol(SegmentView& view, uint64_t rank, size_t context_bytes,
                                std::string_view previous) {
  YURAI_ASSIGN(const LeafEntry entry, view.entry(rank));
  if (!previous.empty() && entry.lcp >= context_bytes &&
      entry.lcp - context_bytes < previous.size()) {
    std::string symbol(previous.substr(0, entry.lcp - context_bytes));
    symbol.push_back(static_cast<char>(entry.branch));
    if (symbol[0] == kDocumentSeparator) return std::string();
    if (char_bytes(symbol, 0) == symbol.size()) return symbol;
  }
  return symbol_at(view, entry.position + context_bytes);
}

/// The end of those in `range` that begin with `text`, as its first does.
Result<uint64_t> symbol_end(SegmentView& view, RankRange range, std::string_view text) {
  YURAI_ASSIGN(const RankRange same, view.around(range.begin, text));
  if (same.begin == range.begin && same.end > same.begin && same.end <= range.end) return same.end;
  return fail(ErrorCode::kCorrupt,
              "the points of the index are out of order; rebuild with 'yurai index build'");
}

Result<std::vector<NextSymbol>> count_symbols(SegmentView& view, RankRange range,
                                              std::string_view context) {
  std::vector<NextSymbol> symbols;
  std::string symbol;
  while (range.size() > 0) {
    YURAI_ASSIGN(symbol, next_symbol(view, range.begin, context.size(), symbol));
    uint64_t end = range.end;  // the ends of documents come last
    if (!symbol.empty()) {
      YURAI_ASSIGN(end, symbol_end(view, range, std::string(context) + symbol));
    }
    symbols.push_back({symbol, end - range.begin});
    range.begin = end;
  }
  return symbols;
}

/// For contexts so long that the leaves don't hold where their suffixes part.
Result<std::vector<NextSymbol>> count_symbols_one_by_one(SegmentView& view, RankRange range,
                                                         size_t context_bytes) {
  std::map<std::string, uint64_t> counts;
  for (uint64_t rank = range.begin; rank < range.end; ++rank) {
    YURAI_ASSIGN(const LeafEntry entry, view.entry(rank));
    YURAI_ASSIGN(std::string symbol, symbol_at(view, entry.position + context_bytes));
    ++counts[std::move(symbol)];
  }
  std::vector<NextSymbol> symbols;
  for (const auto& [text, count] : counts) symbols.push_back({text, count});
  return symbols;
}

}  // namespace

Result<std::vector<NextSymbol>> next_symbols(SegmentView& view, std::string_view context) {
  YURAI_ASSIGN(const RankRange range, view.find(context));
  return context.size() + kMaxCharBytes <= kMaxLcp
             ? count_symbols(view, range, context)
             : count_symbols_one_by_one(view, range, context.size());
}

}  // namespace yurai

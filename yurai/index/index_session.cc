#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/corpus_index_state.h"
#include "yurai/index/many_segments.h"
#include "yurai/index/next_symbols.h"

namespace yurai {
namespace {

constexpr size_t kContextChars = 40;
constexpr size_t kMaxCharBytes = 4;
/// Text is looked at backwards in growing pieces.
constexpr size_t kFirstChunk = 64;
constexpr size_t kLastChunk = 64 << 10;

Result<void> check_utf8(std::string_view text) {
  const auto invalid = find_invalid_utf8(text);
  if (!invalid) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("byte {} of the text is not UTF-8", *invalid));
}

}  // namespace

struct IndexSession::State {
  explicit State(const CorpusIndex::State& opened)
      : index(opened), view(opened.segments.front().view(opened.cache.get())) {
    if (index.is_plain()) return;
    many = std::make_unique<ManySegments>(
        ManySegments::Source{index.segments, index.taken ? &*index.taken : nullptr,
                             index.corpus.get(), index.num_points, index.cache.get()});
    text.emplace(index.corpus->text(), index.cache.get());
  }

  Result<std::vector<NextSymbol>> next_of_many(std::string_view context);
  Result<std::string> bytes(uint64_t position, uint64_t size) {
    return text ? text->bytes(position, size) : view.bytes(position, size);
  }

  const CorpusIndex::State& index;
  SegmentView view;  ///< of the one segment
  std::unique_ptr<ManySegments> many;
  std::optional<TextReader> text;  ///< of many segments
};

Result<std::vector<NextSymbol>> IndexSession::State::next_of_many(std::string_view context) {
  std::map<std::string, uint64_t> counts;  // what was taken down makes none of them negative
  const auto add = [&](SegmentView& segment, int sign) -> Result<void> {
    YURAI_ASSIGN(std::vector<NextSymbol> symbols, next_symbols(segment, context));
    for (NextSymbol& symbol : symbols) {
      uint64_t& count = counts[std::move(symbol.text)];
      if (sign < 0 && symbol.count > count) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("'{}': more was taken down than is there; rebuild with 'yurai "
                                "index build'",
                                for_terminal(index.dir.string())));
      }
      count += sign < 0 ? 0 - symbol.count : symbol.count;
    }
    return {};
  };
  YURAI_TRY(many->for_each_view(add));
  std::vector<NextSymbol> left;
  for (const auto& [symbol, count] : counts) {
    if (count > 0) left.push_back({symbol, count});
  }
  return left;
}

IndexSession::IndexSession(const CorpusIndex& index)
    : state_(std::make_unique<State>(*index.state_)) {}
IndexSession::~IndexSession() = default;

Result<RankRange> IndexSession::find(std::string_view text) {
  YURAI_TRY(check_stop());
  YURAI_TRY(check_utf8(text));
  if (state_->many) return state_->many->find(text);
  return state_->view.find(text);
}

Result<uint64_t> IndexSession::count(std::string_view text) {
  YURAI_TRY(check_stop());
  const uint64_t ends = text.empty() ? state_->index.corpus->num_documents() : 0;
  if (state_->many && !text.empty()) {
    YURAI_TRY(check_utf8(text));
    return state_->many->count(text);
  }
  YURAI_ASSIGN(const RankRange range, find(text));
  return range.size() + ends;
}

Result<LongestMatch> IndexSession::longest_match(std::string_view text) {
  YURAI_TRY(check_stop());
  if (state_->many) {
    YURAI_ASSIGN(const LongestMatch match, state_->many->longest_match(text));
    YURAI_TRY(check_utf8(text.substr(0, match.size_bytes)));
    return match;
  }
  YURAI_ASSIGN(const SegmentView::Longest longest, state_->view.longest(text));
  const std::string_view match = text.substr(0, char_floor(text, longest.size_bytes));
  YURAI_TRY(check_utf8(match));
  if (match.empty()) return LongestMatch{};
  YURAI_ASSIGN(const RankRange range, state_->view.around(longest.rank, match));
  YURAI_ASSIGN(const LeafEntry entry, state_->view.entry(longest.rank));
  return LongestMatch{match.size(), range, entry.position};
}

Result<std::vector<LongestMatch>> IndexSession::longest_matches(
    std::span<const std::string_view> texts) {
  YURAI_TRY(check_stop());
  std::vector<LongestMatch> matches;
  if (state_->many) {
    YURAI_ASSIGN(matches, state_->many->longest_matches(texts));
  } else {
    YURAI_ASSIGN(const auto found, state_->view.longest_of_each(texts, true));
    for (size_t i = 0; i < texts.size(); ++i) {
      matches.push_back({char_floor(texts[i], found[i].longest.size_bytes), found[i].range});
    }
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    YURAI_TRY(check_utf8(texts[i].substr(0, matches[i].size_bytes)));
  }
  return matches;
}

Result<RankRange> IndexSession::find_known(std::string_view text) {
  YURAI_TRY(check_stop());
  if (state_->many) return find(text);
  return state_->view.find_known(text);
}

Result<size_t> IndexSession::shared_before(uint64_t position, std::string_view text) {
  YURAI_CHECK(position <= state_->index.corpus->text().size_bytes());
  size_t shared = 0;
  for (size_t chunk = kFirstChunk; shared < text.size(); chunk = std::min(4 * chunk, kLastChunk)) {
    const size_t size = std::min<uint64_t>({chunk, text.size() - shared, position - shared});
    YURAI_ASSIGN(const std::string bytes, state_->bytes(position - shared - size, size));
    const std::string_view end = text.substr(text.size() - shared - size, size);
    const auto same = std::mismatch(bytes.rbegin(), bytes.rend(), end.rbegin()).first;
    shared += static_cast<size_t>(same - bytes.rbegin());
    if (same != bytes.rend() || size == 0) break;
  }
  return shared;
}

Result<std::vector<uint64_t>> IndexSession::positions(RankRange range, uint64_t first,
                                                      uint64_t max_positions) {
  YURAI_TRY(check_stop());
  if (range.begin > range.end || range.end > state_->index.num_points) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("ranks {} to {} are none of an index of {} points", range.begin,
                            range.end, state_->index.num_points));
  }
  std::vector<uint64_t> positions;
  range.begin += std::min(first, range.size());
  range.end = range.begin + std::min(max_positions, range.size());
  positions.reserve(range.size());
  if (state_->many && range.size() > 0) {
    YURAI_ASSIGN(const std::vector<RunRecord> records, state_->many->records(range));
    for (const RunRecord& record : records) positions.push_back(record.position);
    return positions;
  }
  YURAI_TRY(state_->view.for_each_entry(
      range, [&](const Leaf& leaf, size_t i) { positions.push_back(leaf.position(i)); }));
  return positions;
}

Result<std::vector<SuffixNeighbour>> IndexSession::neighbours(RankRange range) {
  YURAI_CHECK(range.begin <= range.end && range.end <= state_->index.num_points);
  std::vector<SuffixNeighbour> neighbours;
  neighbours.reserve(range.size());
  if (state_->many && range.size() > 0) {
    YURAI_ASSIGN(const std::vector<RunRecord> records, state_->many->records(range));
    for (const RunRecord& record : records) neighbours.push_back({record.position, record.lcp});
    return neighbours;
  }
  YURAI_TRY(state_->view.for_each_entry(range, [&](const Leaf& leaf, size_t i) {
    neighbours.push_back({leaf.position(i), leaf.lcp(i)});
  }));
  return neighbours;
}

Result<std::vector<NextSymbol>> IndexSession::next(std::string_view context) {
  YURAI_TRY(check_stop());
  YURAI_TRY(check_utf8(context));
  YURAI_ASSIGN(auto symbols,
               state_->many ? state_->next_of_many(context) : next_symbols(state_->view, context));
  const uint64_t num_documents = state_->index.corpus->num_documents();
  if (context.empty() && num_documents > 0) symbols.push_back({"", num_documents});
  std::sort(symbols.begin(), symbols.end(), [](const NextSymbol& a, const NextSymbol& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  return symbols;
}

Result<Occurrence> IndexSession::occurrence(uint64_t position, uint64_t size_bytes) {
  YURAI_TRY(check_stop());
  const Corpus& corpus = *state_->index.corpus;
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
  YURAI_ASSIGN(occurrence.match, state_->bytes(position, size_bytes));
  YURAI_ASSIGN(const std::string before, state_->bytes(before_begin, position - before_begin));
  occurrence.before = last_chars(before, kContextChars);
  YURAI_ASSIGN(const std::string after, state_->bytes(end, std::min(context_bytes, in.end - end)));
  occurrence.after = first_chars(after, kContextChars);
  YURAI_ASSIGN(occurrence.document, corpus.row(number));
  return occurrence;
}

uint64_t IndexSession::num_reads() const {
  if (!state_->many) return state_->view.num_reads();
  return state_->many->num_reads() + state_->text->num_reads();
}

uint64_t IndexSession::num_missed() const {
  if (!state_->many) return state_->view.num_missed();
  return state_->many->num_missed() + state_->text->num_missed();
}

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

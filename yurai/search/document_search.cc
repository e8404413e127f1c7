#include "yurai/search/document_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <queue>

#include "yurai/base/block_file.h"
#include "yurai/base/terminal.h"
#include "yurai/search/passage.h"
#include "yurai/search/posting_cursor.h"
#include "yurai/search/terms.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

bool is_hiragana(TermKey c) { return c == 0 || (c >= 0x3041 && c <= 0x309F); }

/// What a query is searched for, and how often it has it. Pairs of hiragana, which are more grammar
/// than matter and stand in every document, only where it has nothing else.
std::map<TermKey, uint64_t> query_terms(std::string_view query) {
  std::map<TermKey, uint64_t> matter, grammar;
  for_each_term(folder_of_thread(), query, TermsOf::kQuery, [&](const Term& term) {
    const bool hiragana =
        term.key < kWordKey && is_hiragana(term.key >> 21) && is_hiragana(term.key & 0x1FFFFF);
    ++(hiragana ? grammar : matter)[term.key];
  });
  return matter.empty() ? grammar : matter;
}

constexpr uint64_t kMaxQueryTerms = 4096;
constexpr uint32_t kWindow = 4096;

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("{}; rebuild with 'yurai index build'", what));
}

/// The best hits so far: the worst of them on top.
class TopHits {
 public:
  explicit TopHits(uint64_t limit) : limit_(limit) {}

  /// A document that scores no more than this cannot enter, as all later ones have higher numbers.
  uint64_t threshold() const { return hits_.size() < limit_ ? 0 : hits_.top().first; }
  void add(uint64_t score, uint32_t document) {
    if (score <= threshold()) return;
    if (hits_.size() == limit_) hits_.pop();
    hits_.emplace(score, document);
  }
  std::vector<SearchHit> take() {
    std::vector<SearchHit> hits;
    for (; !hits_.empty(); hits_.pop()) {
      hits.push_back({hits_.top().second, static_cast<double>(hits_.top().first) / kScoreUnit});
    }
    std::reverse(hits.begin(), hits.end());
    return hits;
  }

 private:
  using Scored = std::pair<uint64_t, uint32_t>;
  struct Better {
    bool operator()(const Scored& a, const Scored& b) const {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    }
  };
  uint64_t limit_;
  std::priority_queue<Scored, std::vector<Scored>, Better> hits_;
};

}  // namespace

struct DocumentSearch::State {
  uint64_t num_documents = 0;
  uint64_t num_terms = 0;
  std::vector<TermKey> first_keys;
  std::vector<uint8_t> lengths;
  std::vector<float> norms;
  BlockFile terms;
  BlockFile postings;
  std::vector<uint64_t> left_out;

  bool is_left_out(uint64_t document) const {
    return !left_out.empty() && std::binary_search(left_out.begin(), left_out.end(), document);
  }

  Result<std::optional<TermEntry>> find(BlockReader& reader, TermKey key) const {
    const auto after = std::upper_bound(first_keys.begin(), first_keys.end(), key);
    if (after == first_keys.begin()) return std::optional<TermEntry>();
    const auto page = static_cast<uint64_t>(after - first_keys.begin()) - 1;
    YURAI_ASSIGN(const std::string_view bytes, reader.block(page));
    return find_term(bytes, key, num_documents);
  }

  Result<void> score_window(uint32_t begin, std::vector<PostingCursor>& cursors,
                            TopHits& top) const;
};

Result<std::optional<DocumentSearch>> DocumentSearch::open(const fs::path& dir,
                                                           const Manifest& manifest,
                                                           std::vector<uint64_t> left_out,
                                                           ReadableFile::Mode mode) {
  const auto is_there = [](const ManifestFile& file) { return file.name == kSearchDocumentsName; };
  if (std::none_of(manifest.files.begin(), manifest.files.end(), is_there)) {
    return std::optional<DocumentSearch>();
  }
  YURAI_ASSIGN(const std::string bytes, read_manifest_file(dir, manifest, kSearchDocumentsName));
  const auto damaged = [&](std::string_view what) {
    return corrupt(
        fmt::format("'{}': {} {}", for_terminal(dir.string()), kSearchDocumentsName, what));
  };
  const std::string_view view = bytes;
  if (view.substr(0, kSearchMagic.size()) != kSearchMagic) return damaged("is no search file");
  NumberReader reader(view.substr(kSearchMagic.size()));
  if (reader.fixed(8) != kSearchVersion) return damaged("has another version");
  const uint64_t num_documents = reader.fixed(8);
  const uint64_t total_length = reader.fixed(8);
  const uint64_t num_terms = reader.fixed(8);
  const uint64_t num_pages = reader.fixed(8);
  const uint64_t terms_bytes = reader.fixed(8);
  const uint64_t postings_bytes = reader.fixed(8);
  if (!reader.ok() || num_documents > UINT32_MAX || num_pages > bytes.size() / 8 ||
      terms_bytes != num_pages * kBlockBytes ||
      bytes.size() != kSearchHeaderBytes + num_pages * 8 + num_documents) {
    return damaged("has another size than its header says");
  }
  std::vector<TermKey> first_keys(num_pages);
  for (TermKey& key : first_keys) key = reader.fixed(8);
  if (!std::is_sorted(first_keys.begin(), first_keys.end())) return damaged("is out of order");
  const char* lengths = bytes.data() + bytes.size() - num_documents;
  YURAI_ASSIGN(BlockFile terms, BlockFile::open(dir / kSearchTermsName, terms_bytes, mode));
  YURAI_ASSIGN(BlockFile postings,
               BlockFile::open(dir / kSearchPostingsName, postings_bytes, mode));
  const double mean_length =
      static_cast<double>(total_length) / static_cast<double>(std::max<uint64_t>(1, num_documents));
  return std::optional(DocumentSearch(std::make_unique<State>(
      State{num_documents, num_terms, std::move(first_keys),
            std::vector<uint8_t>(lengths, lengths + num_documents), length_norms(mean_length),
            std::move(terms), std::move(postings), std::move(left_out)})));
}

DocumentSearch::DocumentSearch(std::unique_ptr<State> state) : state_(std::move(state)) {}
DocumentSearch::DocumentSearch(DocumentSearch&&) noexcept = default;
DocumentSearch& DocumentSearch::operator=(DocumentSearch&&) noexcept = default;
DocumentSearch::~DocumentSearch() = default;

uint64_t DocumentSearch::num_documents() const { return state_->num_documents; }
uint64_t DocumentSearch::num_terms() const { return state_->num_terms; }

/// Documents [begin, begin + kWindow): the lists whose bounds there can lift a document over the
/// threshold are read through, the others asked about those that might get there.
Result<void> DocumentSearch::State::score_window(uint32_t begin,
                                                 std::vector<PostingCursor>& cursors,
                                                 TopHits& top) const {
  const uint64_t end = std::min<uint64_t>(num_documents, uint64_t{begin} + kWindow);
  struct Bounded {
    PostingCursor* cursor;
    uint64_t bound;
  };
  std::vector<Bounded> lists;
  for (PostingCursor& cursor : cursors) {
    const uint64_t bound = cursor.bound(begin, end);
    if (bound > 0) lists.push_back({&cursor, bound});
  }
  std::sort(lists.begin(), lists.end(),
            [](const Bounded& a, const Bounded& b) { return a.bound < b.bound; });
  std::vector<uint64_t> sums;  // of the bounds of the lists before
  uint64_t sum = 0;
  size_t first = 0;  // lists before it cannot lift a document alone
  for (const Bounded& list : lists) {
    sums.push_back(sum);
    sum += list.bound;
    if (sum <= top.threshold()) ++first;
  }
  if (first == lists.size()) return {};

  std::array<uint64_t, kWindow> scores{};
  std::array<uint64_t, kWindow / 64> seen{};
  for (size_t i = first; i < lists.size(); ++i) {
    PostingCursor& cursor = *lists[i].cursor;
    YURAI_TRY(cursor.seek(begin));
    while (cursor.document() < end) {
      const uint32_t at = cursor.document() - begin;
      scores[at] += cursor.score();
      seen[at / 64] |= uint64_t{1} << (at % 64);
      YURAI_TRY(cursor.next());
    }
  }
  for (uint32_t word = 0; word < seen.size(); ++word) {
    for (uint64_t bits = seen[word]; bits != 0; bits &= bits - 1) {
      const uint32_t at = word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
      uint64_t score = scores[at];
      for (size_t i = first; i-- > 0;) {
        if (score + sums[i] + lists[i].bound <= top.threshold()) break;
        PostingCursor& cursor = *lists[i].cursor;
        YURAI_TRY(cursor.seek(begin + at));
        if (cursor.document() == begin + at) score += cursor.score();
      }
      if (!is_left_out(begin + at)) top.add(score, begin + at);
    }
  }
  return {};
}

Result<std::vector<SearchHit>> DocumentSearch::search(std::string_view query, uint64_t limit,
                                                      SearchCost* cost) const {
  if (const auto invalid = find_invalid_utf8(query)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("byte {} of the query is not UTF-8", *invalid));
  }
  if (limit == 0) return std::vector<SearchHit>();
  const std::map<TermKey, uint64_t> times = query_terms(query);
  if (times.size() > kMaxQueryTerms) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the query has {} different terms, at most {} can be searched for; "
                            "shorten it",
                            times.size(), kMaxQueryTerms));
  }
  const State& state = *state_;
  BlockReader terms(state.terms);
  BlockReader postings(state.postings);
  std::vector<PostingCursor> cursors;
  for (const auto& [key, count] : times) {
    YURAI_ASSIGN(std::optional<TermEntry> entry, state.find(terms, key));
    if (!entry) continue;
    const double weight = term_weight(entry->df, state.num_documents, count);
    YURAI_ASSIGN(PostingCursor cursor, PostingCursor::open(std::move(*entry), weight,
                                                           {postings, state.lengths, state.norms}));
    cursors.push_back(std::move(cursor));
  }
  TopHits top(std::min(limit, state.num_documents));
  for (uint64_t begin = 0; begin < state.num_documents && !cursors.empty(); begin += kWindow) {
    YURAI_TRY(state.score_window(static_cast<uint32_t>(begin), cursors, top));
  }
  if (cost != nullptr) {
    cost->num_reads = terms.num_reads() + postings.num_reads();
    cost->num_postings = 0;
    for (const PostingCursor& cursor : cursors) cost->num_postings += cursor.num_scored();
  }
  std::vector<SearchHit> hits = top.take();
  for (SearchHit& hit : hits) {
    const auto before =
        std::lower_bound(state.left_out.begin(), state.left_out.end(), hit.document);
    hit.document -= static_cast<uint64_t>(before - state.left_out.begin());
  }
  return hits;
}

Result<std::vector<PassageHit>> DocumentSearch::search_passages(const Corpus& corpus,
                                                                std::string_view query,
                                                                uint64_t limit,
                                                                size_t max_chars) const {
  YURAI_ASSIGN(const std::vector<SearchHit> hits, search(query, limit));
  BlockReader reader(state_->terms);
  std::map<TermKey, double> weights;
  double all_weights = 0;
  for (const auto& [key, count] : query_terms(query)) {
    YURAI_ASSIGN(const std::optional<TermEntry> entry, state_->find(reader, key));
    const double weight = term_weight(entry ? entry->df : 1, state_->num_documents, 1) / kScoreUnit;
    if (entry) weights[key] = weight;
    all_weights += weight;
  }
  std::vector<PassageHit> found;
  for (const SearchHit& hit : hits) {
    PassageHit row{hit, {}, {}, 0};
    YURAI_ASSIGN(row.document, corpus.document(hit.document));
    row.passage = best_passage(folder_of_thread(), row.document.text, weights, max_chars);
    row.overlap = all_weights > 0 ? row.passage.score / all_weights : 0;
    row.document.text.clear();
    found.push_back(std::move(row));
  }
  return found;
}

}  // namespace yurai

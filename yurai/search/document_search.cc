#include "yurai/search/document_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
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
  void add(uint64_t score, uint64_t document) {
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
  using Scored = std::pair<uint64_t, uint64_t>;
  struct Better {
    bool operator()(const Scored& a, const Scored& b) const {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    }
  };
  uint64_t limit_;
  std::priority_queue<Scored, std::vector<Scored>, Better> hits_;
};

/// The files of one folder.
struct Part {
  uint64_t first_document = 0;
  uint64_t num_documents = 0;
  uint64_t total_length = 0;
  std::vector<TermKey> first_keys;
  std::vector<uint8_t> lengths;
  BlockFile terms;
  BlockFile postings;

  static Result<Part> open(const ArtefactFolder& folder, ReadableFile::Mode mode);

  Result<std::optional<TermEntry>> find(BlockReader& reader, TermKey key) const {
    const auto after = std::upper_bound(first_keys.begin(), first_keys.end(), key);
    if (after == first_keys.begin()) return std::optional<TermEntry>();
    const auto page = static_cast<uint64_t>(after - first_keys.begin()) - 1;
    YURAI_ASSIGN(const std::string_view bytes, reader.block(page));
    return find_term(bytes, key, num_documents);
  }
};

Result<Part> Part::open(const ArtefactFolder& folder, ReadableFile::Mode mode) {
  YURAI_ASSIGN(const std::string bytes,
               read_manifest_file(folder.dir, folder.manifest, kSearchDocumentsName));
  const auto damaged = [&](std::string_view what) {
    return corrupt(
        fmt::format("'{}': {} {}", for_terminal(folder.dir.string()), kSearchDocumentsName, what));
  };
  const std::string_view view = bytes;
  if (view.substr(0, kSearchMagic.size()) != kSearchMagic) return damaged("is no search file");
  NumberReader reader(view.substr(kSearchMagic.size()));
  if (reader.fixed(8) != kSearchVersion) return damaged("has another version");
  const uint64_t num_documents = reader.fixed(8);
  const uint64_t total_length = reader.fixed(8);
  reader.fixed(8);  // number of terms
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
  YURAI_ASSIGN(BlockFile terms, BlockFile::open(folder.dir / kSearchTermsName, terms_bytes, mode));
  YURAI_ASSIGN(BlockFile postings,
               BlockFile::open(folder.dir / kSearchPostingsName, postings_bytes, mode));
  return Part{0,
              num_documents,
              total_length,
              std::move(first_keys),
              std::vector<uint8_t>(lengths, lengths + num_documents),
              std::move(terms),
              std::move(postings)};
}

/// A part while it is searched.
struct PartSearch {
  explicit PartSearch(const Part& searched)
      : part(&searched), terms(searched.terms), postings(searched.postings) {}

  const Part* part;
  BlockReader terms, postings;
  std::vector<PostingCursor> cursors{};
};

}  // namespace

struct DocumentSearch::State {
  std::vector<Part> parts;
  uint64_t num_documents = 0;
  std::vector<float> norms;
  std::vector<uint64_t> left_out;

  bool is_left_out(uint64_t document) const {
    return !left_out.empty() && std::binary_search(left_out.begin(), left_out.end(), document);
  }

  /// What each part says of a term; `df` over all of them.
  Result<std::vector<std::optional<TermEntry>>> find(std::deque<PartSearch>& searches, TermKey key,
                                                     uint64_t& df) const {
    std::vector<std::optional<TermEntry>> entries;
    df = 0;
    for (PartSearch& search : searches) {
      YURAI_ASSIGN(std::optional<TermEntry> entry, search.part->find(search.terms, key));
      if (entry) df += entry->df;
      entries.push_back(std::move(entry));
    }
    return entries;
  }
  std::deque<PartSearch> begin_search() const {
    std::deque<PartSearch> searches;  // its cursors point into it
    for (const Part& part : parts) searches.emplace_back(part);
    return searches;
  }

  Result<void> score_window(uint32_t begin, PartSearch& search, TopHits& top) const;
};

Result<std::optional<DocumentSearch>> DocumentSearch::open(
    const std::vector<ArtefactFolder>& folders, std::vector<uint64_t> left_out,
    ReadableFile::Mode mode) {
  auto state = std::make_unique<State>();
  uint64_t total_length = 0;
  for (const ArtefactFolder& folder : folders) {
    const bool has_search = std::ranges::any_of(
        folder.manifest.files,
        [](const ManifestFile& file) { return file.name == kSearchDocumentsName; });
    if (!has_search) return std::optional<DocumentSearch>();
    YURAI_ASSIGN(Part part, Part::open(folder, mode));
    part.first_document = state->num_documents;
    state->num_documents += part.num_documents;
    total_length += part.total_length;
    state->parts.push_back(std::move(part));
  }
  const double mean_length = static_cast<double>(total_length) /
                             static_cast<double>(std::max<uint64_t>(1, state->num_documents));
  state->norms = length_norms(mean_length);
  state->left_out = std::move(left_out);
  return std::optional(DocumentSearch(std::move(state)));
}

DocumentSearch::DocumentSearch(std::unique_ptr<State> state) : state_(std::move(state)) {}
DocumentSearch::DocumentSearch(DocumentSearch&&) noexcept = default;
DocumentSearch& DocumentSearch::operator=(DocumentSearch&&) noexcept = default;
DocumentSearch::~DocumentSearch() = default;

uint64_t DocumentSearch::num_documents() const { return state_->num_documents; }

/// Documents [begin, begin + kWindow) of a part: the lists whose bounds there can lift a document
/// over the threshold are read through, the others asked about those that might get there.
Result<void> DocumentSearch::State::score_window(uint32_t begin, PartSearch& search,
                                                 TopHits& top) const {
  const uint64_t end = std::min<uint64_t>(search.part->num_documents, uint64_t{begin} + kWindow);
  struct Bounded {
    PostingCursor* cursor;
    uint64_t bound;
  };
  std::vector<Bounded> lists;
  for (PostingCursor& cursor : search.cursors) {
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
      const uint64_t document = search.part->first_document + begin + at;
      if (!is_left_out(document)) top.add(score, document);
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
  std::deque<PartSearch> searches = state.begin_search();
  for (const auto& [key, count] : times) {
    uint64_t df = 0;
    YURAI_ASSIGN(auto entries, state.find(searches, key, df));
    if (df == 0) continue;
    const double weight = term_weight(df, state.num_documents, count);
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i]) continue;
      PartSearch& search = searches[i];
      YURAI_ASSIGN(PostingCursor cursor,
                   PostingCursor::open(std::move(*entries[i]), weight,
                                       {search.postings, search.part->lengths, state.norms}));
      search.cursors.push_back(std::move(cursor));
    }
  }
  TopHits top(std::min(limit, state.num_documents));
  for (PartSearch& search : searches) {
    for (uint64_t begin = 0; begin < search.part->num_documents && !search.cursors.empty();
         begin += kWindow) {
      YURAI_TRY(state.score_window(static_cast<uint32_t>(begin), search, top));
    }
  }
  if (cost != nullptr) {
    *cost = {};
    for (const PartSearch& search : searches) {
      cost->num_reads += search.terms.num_reads() + search.postings.num_reads();
      for (const PostingCursor& cursor : search.cursors) cost->num_postings += cursor.num_scored();
    }
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
  std::deque<PartSearch> searches = state_->begin_search();
  std::map<TermKey, double> weights;
  double all_weights = 0;
  for (const auto& [key, count] : query_terms(query)) {
    uint64_t df = 0;
    YURAI_TRY(state_->find(searches, key, df));
    const double weight =
        term_weight(std::max<uint64_t>(df, 1), state_->num_documents, 1) / kScoreUnit;
    if (df > 0) weights[key] = weight;
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

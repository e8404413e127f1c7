#include "yurai/search/search_builder.h"

#include <fmt/format.h>

#include <queue>
#include <unordered_map>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/search/postings.h"
#include "yurai/search/terms.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRunsName = "search_runs.partial";
constexpr uint64_t kMinEntries = 1 << 10;
constexpr uint64_t kMaxEntries = uint64_t{1} << 32;
constexpr size_t kRunReadBytes = 1 << 20;

struct Entry {
  TermKey key = 0;
  Posting posting;
  bool operator<(const Entry& other) const {
    return key != other.key ? key < other.key : posting.document < other.posting.document;
  }
};
static_assert(sizeof(Entry) == 16);

/// Entries on their way to sorted order: in memory, and beyond its bound in sorted runs of a file.
class EntrySorter {
 public:
  EntrySorter(StagingDirectory& stage, uint64_t memory_bytes)
      : stage_(stage),
        max_entries_(std::clamp(memory_bytes / sizeof(Entry), kMinEntries, kMaxEntries)) {}

  Result<void> add(const Entry& entry) {
    if (entries_.size() == max_entries_) YURAI_TRY(spill());
    if (entries_.capacity() == entries_.size()) {  // never more than the bound
      entries_.reserve(
          std::min<uint64_t>(max_entries_, std::max<size_t>(kMinEntries, 2 * entries_.size())));
    }
    entries_.push_back(entry);
    return {};
  }

  /// Calls use(entry) for all in order, and removes the file.
  template <class Use>
  Result<void> finish(const Use& use) {
    std::sort(entries_.begin(), entries_.end());
    if (run_ends_.empty()) {
      for (const Entry& entry : entries_) YURAI_TRY(use(entry));
      return {};
    }
    if (!entries_.empty()) YURAI_TRY(spill());
    YURAI_TRY(file_->close());
    entries_ = {};
    YURAI_TRY(merge(use));
    std::error_code status;
    fs::remove(stage_.path() / kRunsName, status);
    if (status) return fail(io_error("remove", stage_.path() / kRunsName, status.value()));
    return {};
  }

 private:
  Result<void> spill() {
    if (file_ == nullptr) {
      YURAI_ASSIGN(file_, stage_.create_file(kRunsName));
    }
    std::sort(entries_.begin(), entries_.end());
    YURAI_TRY(file_->append(
        {reinterpret_cast<const char*>(entries_.data()), entries_.size() * sizeof(Entry)}));
    run_ends_.push_back((run_ends_.empty() ? 0 : run_ends_.back()) +
                        entries_.size() * sizeof(Entry));
    entries_.clear();
    return {};
  }

  struct Run {
    uint64_t at = 0, end = 0;  ///< bytes of the file not read yet
    std::vector<Entry> entries;
    size_t next = 0;
  };

  template <class Use>
  Result<void> merge(const Use& use) {
    YURAI_ASSIGN(const ReadableFile file, ReadableFile::open(stage_.path() / kRunsName));
    std::vector<Run> runs;
    for (size_t i = 0; i < run_ends_.size(); ++i) {
      runs.push_back({i == 0 ? 0 : run_ends_[i - 1], run_ends_[i], {}, 0});
    }
    const auto later = [&](size_t a, size_t b) {
      return runs[b].entries[runs[b].next] < runs[a].entries[runs[a].next];
    };
    std::priority_queue<size_t, std::vector<size_t>, decltype(later)> heads(later);
    const auto refill = [&](size_t i) -> Result<void> {
      Run& run = runs[i];
      if (++run.next >= run.entries.size()) {
        run.next = 0;
        run.entries.resize(std::min<uint64_t>(kRunReadBytes, run.end - run.at) / sizeof(Entry));
        const size_t num_bytes = run.entries.size() * sizeof(Entry);
        YURAI_TRY(
            file.read_exactly(run.at, {reinterpret_cast<char*>(run.entries.data()), num_bytes}));
        run.at += num_bytes;
      }
      if (!run.entries.empty()) heads.push(i);
      return {};
    };
    for (size_t i = 0; i < runs.size(); ++i) YURAI_TRY(refill(i));
    while (!heads.empty()) {
      const size_t i = heads.top();
      heads.pop();
      YURAI_TRY(use(runs[i].entries[runs[i].next]));
      YURAI_TRY(refill(i));
    }
    return {};
  }

  StagingDirectory& stage_;
  const uint64_t max_entries_;
  std::vector<Entry> entries_;
  std::unique_ptr<WritableFile> file_;
  std::vector<uint64_t> run_ends_;
};

/// Writes lists of postings, ascending by term, and the dictionary of terms.
class ListWriter {
 public:
  static Result<ListWriter> create(StagingDirectory& stage, const std::vector<uint8_t>& lengths,
                                   double mean_length) {
    YURAI_ASSIGN(BlockFileWriter terms, BlockFileWriter::create(stage, kSearchTermsName));
    YURAI_ASSIGN(BlockFileWriter postings, BlockFileWriter::create(stage, kSearchPostingsName));
    return ListWriter(std::move(terms), std::move(postings), lengths, length_norms(mean_length));
  }

  Result<void> add(const Entry& entry) {
    if (df_ > 0 && entry.key != key_) YURAI_TRY(end_list());
    if (pending_.size() == kPostingsInBlock) YURAI_TRY(end_block());
    key_ = entry.key;
    ++df_;
    pending_.push_back(entry.posting);
    return {};
  }

  Result<void> finish() {
    if (df_ > 0) YURAI_TRY(end_list());
    YURAI_TRY(end_page());
    YURAI_TRY(terms_.close());
    return postings_.close();
  }

  const std::vector<TermKey>& first_keys() const { return first_keys_; }
  uint64_t num_terms() const { return num_terms_; }
  uint64_t terms_bytes() const { return terms_.size_bytes(); }
  uint64_t postings_bytes() const { return postings_.size_bytes(); }

 private:
  ListWriter(BlockFileWriter terms, BlockFileWriter postings, const std::vector<uint8_t>& lengths,
             std::vector<float> norms)
      : terms_(std::move(terms)),
        postings_(std::move(postings)),
        lengths_(lengths),
        norms_(std::move(norms)) {}

  /// A block of a list that has several.
  Result<void> end_block() {
    std::string bytes;
    append_postings(pending_.data(), pending_.data() + pending_.size(), before_, bytes);
    float largest = 0;
    for (const Posting& posting : pending_) {
      largest =
          std::max(largest, saturation(posting.frequency, norms_[lengths_[posting.document]]));
    }
    before_ = pending_.back().document;
    append_fixed(pending_.back().document, 4, skip_rows_);
    append_fixed(bytes.size(), 2, skip_rows_);
    append_fixed(saturation_bound(largest), 2, skip_rows_);
    pending_.clear();
    return postings_.append(bytes);
  }

  /// Its dictionary entry; of a short list the postings are in it.
  Result<void> end_list() {
    std::string entry;
    if (df_ > kPostingsInBlock) {
      YURAI_TRY(end_block());
      append_varint(postings_.size_bytes(), entry);  // of the skip rows, which follow the blocks
      YURAI_TRY(postings_.append(skip_rows_));
    } else if (df_ > kInlinePostings) {
      std::string bytes;
      append_postings(pending_.data(), pending_.data() + pending_.size(), -1, bytes);
      append_varint(postings_.size_bytes(), entry);
      append_varint(bytes.size(), entry);
      YURAI_TRY(postings_.append(bytes));
    } else {
      append_postings(pending_.data(), pending_.data() + pending_.size(), -1, entry);
    }
    YURAI_TRY(add_term(entry));
    pending_.clear();
    skip_rows_.clear();
    before_ = -1;
    df_ = 0;
    return {};
  }

  Result<void> add_term(const std::string& entry) {
    const auto with_key = [&](TermKey step) {
      std::string bytes;
      append_varint(step, bytes);
      append_varint(df_, bytes);
      return bytes + entry;
    };
    std::string bytes = with_key(page_.empty() ? key_ : key_ - last_key_);
    if (page_.size() + bytes.size() + 1 > kBlockBytes) {  // 1: the zero that ends a page
      YURAI_TRY(end_page());
      bytes = with_key(key_);
    }
    if (page_.empty()) first_keys_.push_back(key_);
    page_ += bytes;
    last_key_ = key_;
    ++num_terms_;
    return {};
  }

  Result<void> end_page() {
    if (page_.empty()) return {};
    page_.resize(kBlockBytes, '\0');
    YURAI_TRY(terms_.append(page_));
    page_.clear();
    return {};
  }

  BlockFileWriter terms_;
  BlockFileWriter postings_;
  const std::vector<uint8_t>& lengths_;
  const std::vector<float> norms_;
  TermKey key_ = 0;
  uint64_t df_ = 0;
  int64_t before_ = -1;  ///< last document of the block before
  std::vector<Posting> pending_;
  std::string skip_rows_;
  std::string page_;
  TermKey last_key_ = 0;
  uint64_t num_terms_ = 0;
  std::vector<TermKey> first_keys_;
};

}  // namespace

Result<void> build_document_search(const Corpus& corpus, const SearchBuildOptions& options,
                                   StagingDirectory& stage, const Progress& progress) {
  if (corpus.num_documents() > UINT32_MAX) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the corpus has {} documents, document search takes at most {}; build "
                            "the index with --no-search",
                            corpus.num_documents(), UINT32_MAX));
  }
  EntrySorter sorter(stage, options.memory_bytes);
  std::vector<uint8_t> lengths;
  lengths.reserve(corpus.num_documents());
  uint64_t total_length = 0;
  const uint64_t total_bytes = corpus.identity().bytes;
  uint64_t done_bytes = 0;
  Folder folder;
  std::unordered_map<TermKey, uint32_t> frequencies;
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    frequencies.clear();
    uint64_t length = 0;
    for_each_term(folder, document.text, TermsOf::kDocument, [&](const Term& term) {
      ++frequencies[term.key];
      length += term.extra ? 0 : 1;
    });
    for (const auto& [key, frequency] : frequencies) {
      YURAI_TRY(sorter.add({key, {static_cast<uint32_t>(number), frequency}}));
    }
    lengths.push_back(length_byte(length));
    total_length += length_of_byte(lengths.back());
    done_bytes += document.text.size();
    progress("search terms", done_bytes, total_bytes);
  }
  const double mean_length = static_cast<double>(total_length) /
                             static_cast<double>(std::max<uint64_t>(1, corpus.num_documents()));
  YURAI_ASSIGN(ListWriter writer, ListWriter::create(stage, lengths, mean_length));
  YURAI_TRY(sorter.finish([&](const Entry& entry) { return writer.add(entry); }));
  YURAI_TRY(writer.finish());

  std::string bytes(kSearchMagic);
  append_fixed(kSearchVersion, 8, bytes);
  append_fixed(corpus.num_documents(), 8, bytes);
  append_fixed(total_length, 8, bytes);
  append_fixed(writer.num_terms(), 8, bytes);
  append_fixed(writer.first_keys().size(), 8, bytes);
  append_fixed(writer.terms_bytes(), 8, bytes);
  append_fixed(writer.postings_bytes(), 8, bytes);
  for (const TermKey key : writer.first_keys()) append_fixed(key, 8, bytes);
  bytes.append(reinterpret_cast<const char*>(lengths.data()), lengths.size());
  return stage.add_file(kSearchDocumentsName, bytes);
}

}  // namespace yurai

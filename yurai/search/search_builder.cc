#include "yurai/search/search_builder.h"

#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <mutex>
#include <queue>
#include <utility>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/parallel.h"
#include "yurai/search/entry_sort.h"
#include "yurai/search/postings.h"
#include "yurai/search/terms.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRunsName = "search_runs.{}.partial";
constexpr uint64_t kMinEntries = 1 << 10;
constexpr uint64_t kMaxEntries = uint64_t{1} << 32;
constexpr size_t kRunReadBytes = 1 << 20;

/// Sorted entries, the first of them in memory and the rest, if any, in a part of a file.
struct Run {
  std::vector<TermInDocument> entries;
  std::shared_ptr<const ReadableFile> file;
  uint64_t at = 0, end = 0;  ///< bytes of the file not read yet
  size_t next = 0;

  const TermInDocument& front() const { return entries[next]; }
  bool is_done() const { return next == entries.size(); }
  Result<void> pop() {
    if (++next < entries.size()) return {};
    return read();
  }
  Result<void> read() {
    next = 0;
    entries.resize(std::min<uint64_t>(kRunReadBytes, end - at) / sizeof(TermInDocument));
    const size_t num_bytes = entries.size() * sizeof(TermInDocument);
    if (num_bytes > 0) {
      YURAI_TRY(file->read_exactly(at, {reinterpret_cast<char*>(entries.data()), num_bytes}));
    }
    at += num_bytes;
    return {};
  }
};

/// Calls use(entry) for the entries of all runs in order.
template <class Use>
Result<void> merge(std::vector<Run> runs, const Use& use) {
  std::erase_if(runs, [](const Run& run) { return run.is_done(); });
  const auto later = [&](size_t a, size_t b) { return runs[b].front() < runs[a].front(); };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> heads(later);
  for (size_t i = 0; i < runs.size(); ++i) heads.push(i);
  while (!heads.empty()) {
    const size_t i = heads.top();
    heads.pop();
    // Its neighbours are often next, too: while they are, nothing else moves.
    do {
      YURAI_TRY(use(runs[i].front()));
      YURAI_TRY(runs[i].pop());
    } while (!runs[i].is_done() && (heads.empty() || runs[i].front() < runs[heads.top()].front()));
    if (!runs[i].is_done()) heads.push(i);
  }
  return {};
}

/// Entries on their way to sorted order: in memory, and beyond its bound in sorted runs of a file.
class EntrySorter {
 public:
  EntrySorter(StagingDirectory& stage, std::string file_name, uint64_t memory_bytes)
      : stage_(stage),
        file_name_(std::move(file_name)),
        max_entries_(std::clamp(memory_bytes / sizeof(TermInDocument), kMinEntries, kMaxEntries)) {}

  Result<void> add(const TermInDocument& entry) {
    if (entries_.size() == max_entries_) YURAI_TRY(spill());
    if (entries_.capacity() == entries_.size()) {  // never more than the bound
      entries_.reserve(
          std::min<uint64_t>(max_entries_, std::max<size_t>(kMinEntries, 2 * entries_.size())));
    }
    entries_.push_back(entry);
    return {};
  }

  /// Appends all that was added, and leaves nothing here.
  Result<void> take_runs(std::vector<Run>& out) {
    if (file_ != nullptr && !entries_.empty()) YURAI_TRY(spill());
    sort_entries(entries_);
    out.push_back({std::exchange(entries_, {}), nullptr, 0, 0, 0});
    if (file_ == nullptr) return {};
    YURAI_TRY(file_->close());
    YURAI_ASSIGN(auto opened, ReadableFile::open(stage_.path() / file_name_));
    const auto file = std::make_shared<const ReadableFile>(std::move(opened));
    uint64_t begin = 0;
    for (const uint64_t end : run_ends_) {
      Run run{{}, file, begin, end, 0};
      YURAI_TRY(run.read());
      out.push_back(std::move(run));
      begin = end;
    }
    return {};
  }
  Result<void> remove_file() {
    if (file_ == nullptr) return {};
    std::error_code status;
    fs::remove(stage_.path() / file_name_, status);
    if (status) return fail(io_error("remove", stage_.path() / file_name_, status.value()));
    return {};
  }

 private:
  Result<void> spill() {
    if (file_ == nullptr) {
      YURAI_ASSIGN(file_, stage_.create_file(file_name_));
    }
    sort_entries(entries_);
    YURAI_TRY(file_->append({reinterpret_cast<const char*>(entries_.data()),
                             entries_.size() * sizeof(TermInDocument)}));
    run_ends_.push_back((run_ends_.empty() ? 0 : run_ends_.back()) +
                        entries_.size() * sizeof(TermInDocument));
    entries_.clear();
    return {};
  }

  StagingDirectory& stage_;
  const std::string file_name_;
  const uint64_t max_entries_;
  std::vector<TermInDocument> entries_;
  std::unique_ptr<WritableFile> file_;
  std::vector<uint64_t> run_ends_;
};

/// What one thread makes of its documents.
struct Part {
  Part(StagingDirectory& stage, size_t number, uint64_t memory_bytes)
      : sorter(stage, fmt::format(kRunsName, number), memory_bytes) {}

  EntrySorter sorter;
  std::vector<uint8_t> lengths;
  std::vector<Run> runs;
  Result<void> result;
};

/// How often the terms of one document occur.
class TermCounts {
 public:
  struct Count {
    TermKey key = 0;
    uint32_t frequency = 0;
  };

  void increment(TermKey key) {
    uint32_t& number = slot(key);
    if (number == 0) {
      counts_.push_back({key, 1});
      number = static_cast<uint32_t>(counts_.size());
      if (2 * counts_.size() > slots_.size()) grow();
    } else {
      ++counts_[number - 1].frequency;
    }
  }
  const std::vector<Count>& counts() const { return counts_; }
  void clear() {
    counts_.clear();
    slots_.assign(kFewSlots, 0);
  }

 private:
  static constexpr size_t kFewSlots = 1 << 12;

  uint32_t& slot(TermKey key) {
    const size_t mask = slots_.size() - 1;
    size_t at = (key * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (slots_[at] != 0 && counts_[slots_[at] - 1].key != key) at = (at + 1) & mask;
    return slots_[at];
  }
  void grow() {
    slots_.assign(2 * slots_.size(), 0);
    for (uint32_t i = 0; i < counts_.size(); ++i) slot(counts_[i].key) = i + 1;
  }

  std::vector<Count> counts_;
  std::vector<uint32_t> slots_;  ///< numbers in counts_, from 1; open addressing
};

/// Documents [begin, end); `read(n)` hears of n bytes more.
template <class Read>
Result<void> make_part(const Corpus& corpus, uint64_t begin, uint64_t end, const Read& read,
                       Part& part) {
  part.lengths.reserve(end - begin);
  Folder folder;
  TermCounts counts;
  for (uint64_t number = begin; number < end; ++number) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    counts.clear();
    uint64_t length = 0;
    for_each_term(folder, document.text, TermsOf::kDocument, [&](const Term& term) {
      counts.increment(term.key);
      length += term.extra ? 0 : 1;
    });
    for (const TermCounts::Count& count : counts.counts()) {
      YURAI_TRY(part.sorter.add({count.key, {static_cast<uint32_t>(number), count.frequency}}));
    }
    part.lengths.push_back(length_byte(length));
    read(document.text.size());
  }
  return part.sorter.take_runs(part.runs);
}

/// Where the documents begin of which each of `num_parts` threads has much the same bytes.
std::vector<uint64_t> part_borders(const Corpus& corpus, uint64_t num_parts) {
  const uint64_t num_documents = corpus.num_documents();
  std::vector<uint64_t> borders(num_parts + 1, num_documents);
  borders[0] = 0;
  for (uint64_t part = 1; part < num_parts && num_documents > 0; ++part) {
    const uint64_t at = corpus.text().size_bytes() / num_parts * part;
    borders[part] = std::max(borders[part - 1], corpus.document_at(at));
  }
  return borders;
}

/// Writes lists of postings, ascending by term, and the dictionary of terms.
class ListWriter {
 public:
  static Result<ListWriter> create(StagingDirectory& stage, const std::vector<uint8_t>& lengths,
                                   double mean_length) {
    YURAI_ASSIGN(BlockFileWriter terms, BlockFileWriter::create(stage, kSearchTermsName));
    YURAI_ASSIGN(BlockFileWriter postings, BlockFileWriter::create(stage, kSearchPostingsName));
    return ListWriter(std::move(terms), std::move(postings), lengths, length_norms(mean_length));
  }

  Result<void> add(const TermInDocument& entry) {
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
  const auto num_parts = static_cast<uint64_t>(std::max(1, options.num_threads));
  const std::vector<uint64_t> borders = part_borders(corpus, num_parts);
  std::vector<std::unique_ptr<Part>> parts;
  for (uint64_t i = 0; i < num_parts; ++i) {
    parts.push_back(std::make_unique<Part>(stage, i, options.memory_bytes / num_parts));
  }
  std::mutex mutex;
  uint64_t done_bytes = 0;
  const auto read = [&](uint64_t num_bytes) {
    const std::lock_guard lock(mutex);
    done_bytes += num_bytes;
    progress("search terms", done_bytes, corpus.identity().bytes);
  };
  for_each_part(options.num_threads, num_parts, [&](uint64_t i, uint64_t) {
    parts[i]->result = make_part(corpus, borders[i], borders[i + 1], read, *parts[i]);
  });
  std::vector<uint8_t> lengths;
  std::vector<Run> runs;
  for (const auto& part : parts) {
    YURAI_TRY(part->result);
    lengths.insert(lengths.end(), part->lengths.begin(), part->lengths.end());
    std::move(part->runs.begin(), part->runs.end(), std::back_inserter(runs));
    part->runs.clear();
  }
  uint64_t total_length = 0;
  for (const uint8_t length : lengths) total_length += length_of_byte(length);
  const double mean_length = static_cast<double>(total_length) /
                             static_cast<double>(std::max<uint64_t>(1, corpus.num_documents()));
  YURAI_ASSIGN(ListWriter writer, ListWriter::create(stage, lengths, mean_length));
  YURAI_TRY(merge(std::move(runs), [&](const TermInDocument& entry) { return writer.add(entry); }));
  YURAI_TRY(writer.finish());
  for (const auto& part : parts) YURAI_TRY(part->sorter.remove_file());

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

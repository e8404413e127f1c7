#include "yurai/curate/repeated_passages.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/curate/pair_spill.h"
#include "yurai/curate/parallel_tasks.h"

namespace yurai {
namespace {

constexpr uint64_t kRanksPerTask = 1 << 16;
constexpr uint64_t kRanksPerRead = 4096;
constexpr unsigned kWindowBits = 16;  // of a window's bytes, beside 40 of a position
constexpr uint32_t kNoWindow = ~0u;

/// The suffixes from a rank on, one after another.
class Scan {
 public:
  Scan(const CorpusIndex& index, uint64_t rank) : index_(&index), next_(rank) {}

  uint64_t rank() const { return next_ - (read_.size() - at_); }
  bool done() { return rank() >= index_->num_points(); }
  Result<SuffixNeighbour> next() {
    if (at_ == read_.size()) {
      const uint64_t end = std::min(next_ + kRanksPerRead, index_->num_points());
      IndexSession session(*index_);  // keeps what it reads, so each goes soon
      YURAI_ASSIGN(read_, session.neighbours({next_, end}));
      next_ = end;
      at_ = 0;
    }
    return read_[at_++];
  }

 private:
  const CorpusIndex* index_;
  std::vector<SuffixNeighbour> read_;
  size_t at_ = 0;
  uint64_t next_;
};

/// Finds the windows that a range of ranks repeats.
class WindowFinder {
 public:
  WindowFinder(const CorpusIndex& index, const std::vector<bool>& kept, uint32_t min_chars)
      : index_(&index), kept_(&kept), min_chars_(min_chars) {}

  /// Appends (place and bytes of the window, place of the first) for the runs that begin in
  /// [begin, end): suffixes that share their first `min_chars` characters stand together.
  template <class Emit>
  Result<void> find(uint64_t begin, uint64_t end, const Emit& emit) {
    Scan scan(*index_, begin);
    std::vector<uint64_t> run;
    uint32_t window = kNoWindow;  // bytes of the run's window; of a run of one nobody asks
    bool in_earlier_run = begin > 0;
    while (!scan.done()) {
      YURAI_ASSIGN(const SuffixNeighbour suffix, scan.next());
      YURAI_ASSIGN(const bool same, shares_window(suffix, window));
      if (same && in_earlier_run) continue;
      if (!same) {
        in_earlier_run = false;
        YURAI_TRY(end_run(run, window, emit));
        window = kNoWindow;
        if (scan.rank() > end) return {};
      }
      run.push_back(suffix.position);
    }
    return end_run(run, window, emit);
  }

 private:
  /// Whether the suffix shares its first characters with the one before; then `window` holds their
  /// bytes. It is read from the text only where the number of shared bytes does not tell.
  Result<bool> shares_window(const SuffixNeighbour& suffix, uint32_t& window) {
    if (suffix.shared_bytes < min_chars_) return false;
    if (window == kNoWindow) {
      YURAI_ASSIGN(window, window_bytes(suffix.position));
    }
    return suffix.shared_bytes >= window;
  }

  /// Bytes of the first `min_chars` characters; kNoWindow when the document ends before.
  Result<uint32_t> window_bytes(uint64_t position) {
    const uint64_t end = index_->corpus().text().size_bytes();
    TextReader reader(index_->corpus().text());
    YURAI_ASSIGN(const std::string text,
                 reader.bytes(position, std::min<uint64_t>(4ull * min_chars_ + 1, end - position)));
    size_t at = 0;
    for (uint32_t i = 0; i < min_chars_; ++i) {
      if (at >= text.size() || text[at] == kDocumentSeparator) return kNoWindow;
      at += char_bytes(text, at);
    }
    return static_cast<uint32_t>(at);
  }

  template <class Emit>
  Result<void> end_run(std::vector<uint64_t>& run, uint32_t window, const Emit& emit) {
    if (run.size() > 1) {
      const Corpus& corpus = index_->corpus();
      std::erase_if(run,
                    [&](uint64_t position) { return !(*kept_)[corpus.document_at(position)]; });
      const auto first = std::min_element(run.begin(), run.end());
      for (const uint64_t position : run) {
        if (position != *first) {
          YURAI_TRY(emit(Pair{position << kWindowBits | window, *first}));
        }
      }
    }
    run.clear();
    return {};
  }

  const CorpusIndex* index_;
  const std::vector<bool>* kept_;
  uint32_t min_chars_;
};

struct Span {
  uint64_t begin = 0;
  uint64_t end = 0;    ///< of its last window
  uint64_t limit = 0;  ///< so far it is the same as the text from kept_begin on
  uint64_t kept_begin = 0;
};

/// Joins windows, which come in ascending order, into spans that stand as a whole at one earlier
/// place, and writes those.
class SpanWriter {
 public:
  SpanWriter(const Corpus& corpus, WritableFile& file) : corpus_(corpus), file_(file) {}

  Result<void> add(const Pair& window) {
    const uint64_t begin = window.first >> kWindowBits;
    const uint64_t end = begin + (window.first & ((1u << kWindowBits) - 1));
    if (open_ && end <= open_->limit) {
      open_->end = std::max(open_->end, end);
      return {};
    }
    YURAI_TRY(finish());
    YURAI_ASSIGN(const uint64_t shared, shared_bytes(begin, window.second));
    open_ = Span{begin, end, begin + shared, window.second};
    return {};
  }

  Result<void> finish() {
    if (!open_) return {};
    const Span span = *open_;
    open_.reset();
    ++summary_.passages;
    if (span.end > covered_) summary_.bytes += span.end - std::max(span.begin, covered_);
    covered_ = std::max(covered_, span.end);
    const uint64_t number = corpus_.document_at(span.begin);
    const uint64_t kept_number = corpus_.document_at(span.kept_begin);
    TextReader reader(corpus_.text());
    YURAI_ASSIGN(const std::string text, reader.bytes(span.begin, span.end - span.begin));
    YURAI_ASSIGN(const Document row, corpus_.row(number));
    YURAI_ASSIGN(const Document kept, corpus_.row(kept_number));
    const uint64_t begin = corpus_.text_range(number).begin;
    const uint64_t kept_begin = corpus_.text_range(kept_number).begin;
    return file_.append(dump_json({{"id", row.id},
                                   {"number", number},
                                   {"byte_begin", span.begin - begin},
                                   {"byte_end", span.end - begin},
                                   {"chars", count_chars(text)},
                                   {"kept_id", kept.id},
                                   {"kept_number", kept_number},
                                   {"kept_byte_begin", span.kept_begin - kept_begin}}) +
                        "\n");
  }

  const PassageSummary& summary() const { return summary_; }

 private:
  /// Bytes that the documents share from these places on.
  Result<uint64_t> shared_bytes(uint64_t a, uint64_t b) const {
    const uint64_t size = std::min(end_of_document(a) - a, end_of_document(b) - b);
    TextReader reader(corpus_.text());
    uint64_t shared = 0;
    while (shared < size) {
      const uint64_t step = std::min<uint64_t>(kBlockBytes, size - shared);
      YURAI_ASSIGN(const std::string at_a, reader.bytes(a + shared, step));
      YURAI_ASSIGN(const std::string at_b, reader.bytes(b + shared, step));
      const auto differ = std::mismatch(at_a.begin(), at_a.end(), at_b.begin());
      shared += static_cast<uint64_t>(differ.first - at_a.begin());
      if (differ.first != at_a.end()) break;
    }
    return shared;
  }
  uint64_t end_of_document(uint64_t position) const {
    return corpus_.text_range(corpus_.document_at(position)).end;
  }

  const Corpus& corpus_;
  WritableFile& file_;
  std::optional<Span> open_;
  uint64_t covered_ = 0;
  PassageSummary summary_;
};

}  // namespace

Result<RepeatedPassages> RepeatedPassages::open(const std::filesystem::path& index_dir) {
  YURAI_ASSIGN(CorpusIndex index, CorpusIndex::open(index_dir));
  return RepeatedPassages(std::make_unique<CorpusIndex>(std::move(index)));
}

Result<void> RepeatedPassages::add(const Document& document, bool kept) {
  for (const auto member : kDocumentMembers) {  // what `corpus build` rejects
    if (member != &Document::text && (document.*member).size() > kMaxFieldBytes) return {};
  }
  const Corpus& corpus = index_->corpus();
  const uint64_t number = kept_.size();
  if (number < corpus.num_documents()) {
    YURAI_ASSIGN(const std::string expected, corpus.text_sha256(number));
    if (expected == sha256_hex(document.text)) {
      kept_.push_back(kept);
      return {};
    }
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("row {} is not document {} of the corpus of index '{}'; build corpus and "
                          "index from the same inputs in the same order",
                          number + 1, number, for_terminal(index_->dir().string())));
}

Result<PassageSummary> RepeatedPassages::write(StagingDirectory& stage,
                                               const PassageOptions& options,
                                               const std::filesystem::path& scratch,
                                               const Progress& progress) {
  YURAI_CHECK(options.min_chars > 0 && options.min_chars <= kMaxPassageChars);
  const Corpus& corpus = index_->corpus();
  if (kept_.size() != corpus.num_documents()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the corpus of index '{}' has {} documents, the inputs have {}; build "
                    "corpus and index from the same inputs",
                    for_terminal(index_->dir().string()), corpus.num_documents(), kept_.size()));
  }
  PairSpill windows(scratch / "windows");
  std::mutex mutex;
  uint64_t done = 0;
  const uint64_t num_points = index_->num_points();
  const uint64_t num_tasks = (num_points + kRanksPerTask - 1) / kRanksPerTask;
  const auto scan = [&](size_t task) -> Result<void> {
    const uint64_t begin = task * kRanksPerTask;
    const uint64_t end = std::min(begin + kRanksPerTask, num_points);
    std::vector<Pair> found;
    const auto flush = [&]() -> Result<void> {
      const std::lock_guard lock(mutex);
      YURAI_TRY(windows.add(found));
      found.clear();
      return {};
    };
    WindowFinder finder(*index_, kept_, options.min_chars);
    const auto emit = [&](const Pair& window) -> Result<void> {
      found.push_back(window);
      return found.size() < 4096 ? Result<void>() : flush();
    };
    YURAI_TRY(finder.find(begin, end, emit));
    YURAI_TRY(flush());
    const std::lock_guard lock(mutex);
    progress("passages", done += end - begin, num_points);
    return {};
  };
  YURAI_TRY(for_each_task(options.num_threads, num_tasks, scan));
  YURAI_ASSIGN(const auto file, stage.create_file("passages.jsonl"));
  SpanWriter spans(corpus, *file);
  YURAI_TRY(windows.visit_sorted(options.memory_bytes,
                                 [&](const Pair& window) { return spans.add(window); }));
  YURAI_TRY(spans.finish());
  YURAI_TRY(file->close());
  return spans.summary();
}

}  // namespace yurai

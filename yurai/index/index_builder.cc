#include "yurai/index/index_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "yurai/base/hash.h"
#include "yurai/base/parallel.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/folded_twin.h"
#include "yurai/index/index_layout.h"
#include "yurai/index/merge.h"
#include "yurai/index/point_sort.h"
#include "yurai/index/run_file.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/shard.h"
#include "yurai/index/suffix_key.h"
#include "yurai/text/fold.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kFixedMemory = 64 << 20;   // the program and its buffers
constexpr uint64_t kThreadMemory = 12 << 20;  // a thread: its stack, its parts of the output
constexpr uint64_t kRanksAPart = 1 << 16;
constexpr uint64_t kChunksAPart = 16;
constexpr uint64_t kLookAhead = 32;

/// What the handle of the corpus keeps in memory: offsets of documents, checksums of blocks.
uint64_t corpus_memory(const Corpus& corpus) {
  return corpus.num_documents() * 16 + corpus.text().size_bytes() / 512;
}

/// What the fences take while they are written.
uint64_t fences_memory(uint64_t num_points) { return num_points / 2; }

uint64_t needed_mebi(uint64_t bytes) { return (bytes >> 20) + 1; }

/// The memory that is left for sorting or merging beside what is always there.
Result<uint64_t> memory_left(const Corpus& corpus, const IndexBuildOptions& options, uint64_t taken,
                             uint64_t least) {
  const uint64_t always = kFixedMemory + corpus_memory(corpus) +
                          static_cast<uint64_t>(options.num_threads) * kThreadMemory + taken;
  if (options.memory_bytes >= always + least) return options.memory_bytes - always;
  const uint64_t needed = needed_mebi(always + least);
  return fail(
      ErrorCode::kResourceExhausted,
      fmt::format("indexing '{}' needs {} MiB of memory at least, {} MiB are allowed; "
                  "allow them with '--memory {}M'",
                  for_terminal(corpus.dir().string()), needed, options.memory_bytes >> 20, needed));
}

/// A sorted shard, rank by rank.
class SortedShard {
 public:
  SortedShard(const Shard& shard, const SortedPoints& sorted)
      : text_(shard.text().data()),
        text_size_(shard.text().size()),
        text_begin_(shard.text_begin()),
        positions_(sorted.positions.span()),
        lcps_(sorted.lcps.span()),
        branches_(sorted.branches.span()) {}

  uint64_t size() const { return positions_.size(); }
  ReadText read_text() const {
    return [text = text_, begin = text_begin_](uint64_t position,
                                               std::span<char> out) -> Result<void> {
      std::copy_n(text + (position - begin), out.size(), out.data());
      return {};
    };
  }
  RunText text_part() const { return {text_begin_, text_begin_ + text_size_}; }
  uint64_t num_parts() const { return (size() + kRanksAPart - 1) / kRanksAPart; }

  void leaf_entries(uint64_t part, std::vector<uint64_t>& out) const {
    out.clear();
    const uint64_t end = std::min(size(), (part + 1) * kRanksAPart);
    for (uint64_t rank = part * kRanksAPart; rank < end; ++rank) {
      out.push_back(pack({text_begin_ + positions_[rank], lcps_[rank], branches_[rank]}));
    }
  }

  /// Ranks [begin, end) as they lie in a run.
  void records(uint64_t begin, uint64_t end, RunChunks& out) const {
    for (uint64_t rank = begin; rank < end; ++rank) {
      const uint64_t ahead = std::min(rank + kLookAhead, positions_.size() - 1);
      __builtin_prefetch(text_ + positions_[ahead] + lcps_[ahead]);
      const uint32_t lcp = lcps_[rank];
      out.add({text_begin_ + positions_[rank], lcp, kKeyBytes,
               load_key(text_ + positions_[rank] + lcp)});
    }
  }

 private:
  const char* text_;
  uint64_t text_size_;
  uint64_t text_begin_;
  std::span<const uint32_t> positions_;
  std::span<const uint16_t> lcps_;
  std::span<const uint8_t> branches_;
};

Result<Run> write_run(const SortedShard& sorted, int num_threads, size_t number,
                      StagingDirectory& stage) {
  YURAI_ASSIGN(RunWriter writer,
               RunWriter::create(stage, fmt::format("run.{}", number), sorted.text_part()));
  const uint64_t part_records = writer.format().chunk_records * kChunksAPart;
  YURAI_TRY(make_and_write<RunChunks>(
      num_threads, (sorted.size() + part_records - 1) / part_records,
      [&](uint64_t, uint64_t part, RunChunks& out) -> Result<void> {
        const uint64_t begin = part * part_records;
        out.begin(writer.format(), begin);
        sorted.records(begin, std::min(sorted.size(), begin + part_records), out);
        out.end();
        return {};
      },
      [&](const RunChunks& chunks) { return writer.append(chunks); }));
  return writer.finish();
}

Result<uint64_t> write_segment(const Corpus& corpus, const SortedShard& sorted, int num_threads,
                               StagingDirectory& stage, const Progress& progress) {
  YURAI_ASSIGN(SegmentWriter writer, SegmentWriter::create(stage, corpus.text().size_bytes(),
                                                           sorted.read_text(), num_threads));
  const Result<void> written = make_and_write<std::vector<uint64_t>>(
      num_threads, sorted.num_parts(),
      [&](uint64_t, uint64_t part, auto& out) -> Result<void> {
        sorted.leaf_entries(part, out);
        return {};
      },
      [&](const auto& entries) -> Result<void> {
        YURAI_TRY(writer.append(entries));
        progress("write", writer.num_points() * sizeof(uint64_t), sorted.size() * sizeof(uint64_t));
        return {};
      });
  YURAI_TRY(written);
  YURAI_TRY(writer.finish());
  return writer.num_points();
}

}  // namespace

Result<uint64_t> merge_segment(const Corpus& corpus, std::vector<Run> runs,
                               const IndexBuildOptions& options, StagingDirectory& stage,
                               const Progress& progress) {
  uint64_t num_points = 0;
  for (const Run& run : runs) num_points += run.num_records;
  YURAI_ASSIGN(const uint64_t memory,
               memory_left(corpus, options, fences_memory(num_points),
                           static_cast<uint64_t>(options.num_threads) * kThreadMergeMemory +
                               TextCache::kMinMemory));
  YURAI_ASSIGN(SegmentWriter writer,
               SegmentWriter::create(stage, corpus.text().size_bytes(), read_from(corpus.text()),
                                     options.num_threads));
  YURAI_TRY(merge_runs(std::move(runs), corpus.text(),
                       {options.num_threads, memory, options.max_runs_at_once}, stage, writer,
                       progress));
  YURAI_TRY(writer.finish());
  return writer.num_points();
}

/// Shard by shard: sorted in memory and, where there are several, written as runs and merged.
Result<uint64_t> build_segment(const Corpus& corpus, const IndexBuildOptions& options,
                               StagingDirectory& stage, const Progress& progress) {
  std::vector<Run> runs;
  for (uint64_t document = 0; document < corpus.num_documents();) {
    YURAI_ASSIGN(const uint64_t memory, memory_left(corpus, options, 0, 0));
    YURAI_ASSIGN(const Shard shard,
                 Shard::read(corpus, document,
                             {options.points, options.num_threads, memory, options.max_shard_bytes},
                             progress));
    const Progress in_corpus = [&](std::string_view step, uint64_t done, uint64_t) {
      progress(step, shard.text_begin() + done, corpus.text().size_bytes());
    };
    YURAI_ASSIGN(const SortedPoints points,
                 sort_points(shard.text(), shard.num_points(), options.points, options.num_threads,
                             in_corpus));
    const SortedShard sorted(shard, points);
    document = shard.end_document();
    if (runs.empty() && document == corpus.num_documents()) {
      return write_segment(corpus, sorted, options.num_threads, stage, progress);
    }
    YURAI_ASSIGN(Run run, write_run(sorted, options.num_threads, runs.size(), stage));
    runs.push_back(std::move(run));
  }
  return merge_segment(corpus, std::move(runs), options, stage, progress);
}

Result<void> write_index_manifest(const Corpus& corpus, const fs::path& corpus_path,
                                  PointMode points, uint64_t num_points,
                                  std::optional<IndexLayout::Segment> folded,
                                  StagingDirectory& stage) {
  YURAI_ASSIGN(const std::string corpus_manifest, read_file(corpus.dir() / kManifestName));
  const CorpusIdentity identity = corpus.identity();
  IndexLayout layout;
  layout.points = points;
  layout.segments.push_back({"", corpus_path.generic_string(), identity.corpus_sha256, num_points,
                             identity.documents, identity.bytes});
  if (folded) {
    layout.folded = IndexLayout::Folded{};
    layout.folded->folding = folding_version();
    layout.folded->segments.push_back(std::move(*folded));
  }
  Manifest manifest;
  write_layout(layout, manifest);
  manifest.inputs = {{(corpus_path / kManifestName).generic_string(), corpus_manifest.size(),
                      sha256_hex(corpus_manifest)}};
  return write_manifest(std::move(manifest), stage);
}

Result<fs::path> path_from(const fs::path& dir, const fs::path& corpus_dir) {
  std::error_code status;
  // The folder may not be there yet: only an absolute path has a canonical form.
  const fs::path relative = fs::relative(corpus_dir, fs::absolute(dir, status), status);
  if (status || relative.empty()) {
    return fail(io_error("find the way to", corpus_dir, status.value()));
  }
  return relative;
}

Result<void> build_index(const fs::path& corpus_dir, const IndexBuildOptions& options,
                         StagingDirectory& stage, const Progress& progress) {
  if (options.num_threads < 1) {
    return fail(ErrorCode::kInvalidArgument, "the number of threads must be 1 or more");
  }
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(corpus_dir));
  const TextFile& text = corpus.text();
  if (text.size_bytes() > kMaxPosition) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("'{}' has {} bytes of text, an index holds at most {}; index it in "
                            "parts",
                            for_terminal(corpus_dir.string()), text.size_bytes(), kMaxPosition));
  }
  YURAI_ASSIGN(const uint64_t num_points, build_segment(corpus, options, stage, progress));
  std::optional<IndexLayout::Segment> folded;
  if (options.fold) {
    YURAI_ASSIGN(folded, build_folded(corpus, options, stage, progress));
  }
  YURAI_ASSIGN(const fs::path corpus_path, path_from(stage.target(), corpus_dir));
  return write_index_manifest(corpus, corpus_path, options.points, num_points, std::move(folded),
                              stage);
}

}  // namespace yurai

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/input_list.h"
#include "yurai/corpus/record_parser.h"
#include "yurai/curate/minhash.h"
#include "yurai/curate/part_writer.h"
#include "yurai/curate/workers.h"

/// Rows whose text other rows have, or nearly have, taken out: `yurai corpus dedup`.
///
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("out", {}));
///     const auto workers = one_worker();
///     YURAI_ASSIGN(const auto summary, dedup(inputs, {}, &stage, stage.path(), *workers,
///                                            no_progress));
///     YURAI_TRY(stage.commit());
///
/// Every removal names the row that is kept for it and the exact Jaccard index of the two, which is
/// at least the threshold. Format: docs/formats/dedup.md; the choices: docs/adr.
namespace yurai {

inline constexpr std::string_view kDedupFormat = "yurai-dedup";
inline constexpr uint64_t kDedupVersion = 1;

/// A row is compared with at most so many kept ones of its group; one that is like none of them
/// stays.
inline constexpr size_t kMaxKeptPerGroup = 64;

inline constexpr uint32_t kMaxShards = 4096;

struct DedupOptions {
  bool exact = true;    ///< rows with the same NFKC text
  bool minhash = true;  ///< rows with nearly the same shingles
  MinHashParameters parameters = kLlmJp;
  Isa isa = Isa::kScalar;
  FieldMap map = default_field_map();
  PartWriter::Options parts{};

  /// A folder of an index over the corpus built from these inputs: lists the passages of at least
  /// `min_passage_chars` characters that the kept rows repeat.
  std::optional<std::filesystem::path> index;
  uint32_t min_passage_chars = 100;

  // What follows changes nothing of the result.
  uint32_t num_shards = 16;
  int num_threads = 1;
  uint64_t memory_bytes = 1ull << 30;  ///< of the sorts of all threads together
  uint64_t resume_bytes = 64 << 20;    ///< of rows whose keys are made between two resume points
};

struct DedupSummary {
  uint64_t rows = 0;  ///< that could be read
  uint64_t kept = 0;
  uint64_t removed_exact = 0;
  uint64_t removed_near = 0;
  uint64_t rejected = 0;
  uint64_t bytes = 0;       ///< of text of all rows
  uint64_t kept_bytes = 0;  ///< of text
  uint64_t candidate_pairs = 0;
  uint64_t similar_pairs = 0;  ///< candidates at or above the threshold
  uint64_t license_conflicts = 0;
  uint64_t passages = 0;  ///< repeated ones, with an index
  uint64_t passage_bytes = 0;
};

/// One line of JSON, members as in the struct.
Json to_json(const DedupSummary& summary);

/// What an interrupted run had finished, of its stage's resume point: rows whose keys are kept.
std::optional<uint64_t> finished_rows(const StagingDirectory& stage);

/// Writes all but the commit. One worker alone saves resume points, and goes on from that of a
/// stage that has one: the keys that were made stay until the end. kInvalidArgument names what is
/// not as it was begun with. `stage` is the first worker's (nullptr on the others); `scratch` is a
/// folder that exists, that all workers see and whose files go with the run. The same inputs and
/// options give the same bytes on any number of shards, threads and workers. Beside the sorts'
/// memory: a batch of rows a thread, 8 bytes for a row that shares a band with another, about 64
/// for one that has a twin.
Result<DedupSummary> dedup(const InputList& inputs, const DedupOptions& options,
                           StagingDirectory* stage, const std::filesystem::path& scratch,
                           Workers& workers, const Progress& progress);

}  // namespace yurai

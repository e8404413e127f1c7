#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/corpus/input_list.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/funnel.h"
#include "yurai/curate/part_writer.h"

/// A chain over files: `yurai corpus filter`.
///
///     YURAI_ASSIGN(const Chain chain, Chain::load("ja_cc", {.words = "words"}));
///     YURAI_ASSIGN(const InputList inputs, list_inputs({"crawl/"}));
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("filtered", {}));
///     YURAI_ASSIGN(const auto run, filter_files(chain, "ja_cc", inputs, {}, stage, no_progress));
///     YURAI_TRY(stage.commit());
namespace yurai {

struct FilterRunOptions {
  ReadOptions read{};
  bool measure_all = false;
  PartWriter::Options parts{.part_bytes = 1ull << 30};
  int num_threads = 1;  ///< changes nothing of the result
};

struct FilterRun {
  Json summary = Json::object();  ///< ledger/summary.json
  std::vector<StepCost> costs{};  ///< one a step; never written
};

/// Writes all but the commit (docs/formats/decisions.md). A row that cannot be read goes to
/// rejects.jsonl; a file that cannot is an error. The same inputs, chain and options give the same
/// bytes, also when the stage holds a resume point and the run goes on from there: what is finished
/// is read again, not filtered again. Memory: about 4 MiB a thread, and a record.
Result<FilterRun> filter_files(const Chain& chain, std::string_view chain_name,
                               const InputList& inputs, const FilterRunOptions& options,
                               StagingDirectory& stage, const Progress& progress);

/// What a run that did not come to its end has finished; the stage outlives it.
struct FinishedParts {
  uint64_t parts = 0;
  uint64_t documents = 0;  ///< read
  uint64_t kept = 0;
};
/// None: it has to begin anew.
std::optional<FinishedParts> finished_parts(const StagingDirectory& stage);

/// A row that could not be read.
struct UnreadableRow {
  uint64_t number = 0;
  uint64_t byte = 0;
  std::string reason{};
};

/// What the stateless worker does with its rows; all are called in the order of the input.
struct StreamOutput {
  std::function<Result<void>(std::string_view line)> keep;
  std::function<Result<void>(std::string_view decision)> decide;  ///< empty: not wanted
  std::function<Result<void>(const UnreadableRow& row)> reject;
};

/// The same for rows of JSON from one input, such as the standard input.
Result<FilterRun> filter_stream(const Chain& chain, const InputEntry& input,
                                const FilterRunOptions& options, const StreamOutput& output);

}  // namespace yurai

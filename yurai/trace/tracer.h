#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/record/trace.h"
#include "yurai/trace/near_copies.h"
#include "yurai/trace/work_map.h"

/// From an answer to the documents that hold its words.
///
///     YURAI_ASSIGN(const Tracer tracer, Tracer::open(index));
///     YURAI_ASSIGN(const Trace trace, tracer.trace(answer, {.max_chance = 1}));
namespace yurai {

inline constexpr uint64_t kMaxAnswerBytes = 16 << 20;  ///< that are traced at once

struct TraceOptions {
  double max_chance = 1;        ///< spans per 10,000 characters of unrelated text; infinity: all
  uint64_t min_bytes = 0;       ///< shorter spans are left out; from 16 on not even looked for
  uint64_t max_documents = 10;  ///< printed a span; all are credited
  /// Also spans that the documents hold but for what folding takes away: width, case, spacing,
  /// punctuation, old kanji, … `min_bytes` of these counts bytes of folded text.
  bool fold = false;
};

/// The null model and the calibration of one index. Immutable; thread-safe; the index must outlive
/// it.
class Tracer {
 public:
  static Result<Tracer> open(const CorpusIndex& index);
  Tracer(Tracer&&) noexcept;
  Tracer& operator=(Tracer&&) noexcept;
  ~Tracer();

  /// Whether the index was opened with a folded twin, which TraceOptions::fold needs.
  bool can_fold() const;

  /// kInvalidArgument names the byte where the answer is not UTF-8.
  Result<Trace> trace(std::string_view answer, const TraceOptions& options) const;

  /// Passages that are in the answer but for small edits, each with the share that is the same.
  Result<std::vector<NearCopy>> near_copies(std::string_view answer,
                                            const NearCopyOptions& options) const;

  /// What of a whole work stands in the corpus: a map of it instead of every span.
  Result<WorkMap> trace_work(std::string_view work, const WorkOptions& options) const;

 private:
  struct State;
  explicit Tracer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Measures, on the opened staged index and on its folded twin where that was opened too, what
/// matches by chance, and writes null models and calibration curves beside them
/// (docs/formats/calibration.md); the caller writes the manifest again. Deterministic, but below 4
/// GiB of memory the null model of a large corpus forgets more of what is rare. kResourceExhausted
/// says how much memory is needed. The same on any number of threads.
Result<void> calibrate(const CorpusIndex& index, StagingDirectory& stage, const Progress& progress,
                       uint64_t memory_bytes = 4ull << 30, int num_threads = 1);

}  // namespace yurai

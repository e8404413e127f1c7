#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/curate/pair_spill.h"

namespace yurai {

/// The processes that share one job. All of them go through the same calls in the same order, each
/// with its own part; an error of one is an error of all. There are two kinds: this process alone,
/// and the processes that mpirun or srun started. Not thread-safe.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Sends outgoing[r] to worker r, and adds to `incoming` what the others have for this one.
  /// Consumes the spills. One for every worker.
  virtual Result<void> exchange(std::vector<PairSpill> outgoing, PairSpill& incoming) = 0;

  /// Waits for all; the error of the lowest worker that has one, on every worker.
  virtual Result<void> agree(Result<void> mine) = 0;

  /// The sum of every worker's `value`.
  virtual Result<uint64_t> sum(uint64_t value) = 0;
};

std::unique_ptr<Workers> one_worker();

/// The processes of an MPI job, this one among them. kInvalidArgument where the program was built
/// without MPI. Once a process.
Result<std::unique_ptr<Workers>> mpi_workers();

}  // namespace yurai

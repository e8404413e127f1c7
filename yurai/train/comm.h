#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Processes that train one model together: each computes some of a step's micro-batches, rank 0
/// adds up, updates and writes.
namespace yurai {

/// Calls are collective: every rank makes the same ones in the same order, from one thread.
class Comm {
 public:
  virtual ~Comm() = default;
  virtual unsigned rank() const = 0;
  virtual unsigned size() const = 0;

  /// Rank 0 gets what each rank gives, in the order of ranks; the others get nothing.
  virtual Result<std::vector<std::string>> gather(std::string_view mine) = 0;
  /// Every rank gets what rank 0 gives.
  virtual Result<std::string> broadcast(std::string_view from_first) = 0;
};

/// Alone: there is nothing to send.
std::unique_ptr<Comm> make_single_comm();

/// Ranks that are threads of this process, for tests.
std::vector<std::unique_ptr<Comm>> make_thread_comms(unsigned size);

/// The processes that mpirun or srun started; once a process. kUnavailable: built without MPI.
Result<std::unique_ptr<Comm>> make_mpi_comm();

/// What every rank answers when one of them fails: the first failure by rank, everywhere.
Result<void> agree(Comm& comm, const Result<void>& mine);

}  // namespace yurai

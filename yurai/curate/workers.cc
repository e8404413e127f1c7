#include "yurai/curate/workers.h"

namespace yurai {
namespace {

class OneWorker final : public Workers {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  Result<void> exchange(std::vector<PairSpill> outgoing, PairSpill& incoming) override {
    YURAI_CHECK(outgoing.size() == 1);
    if (incoming.size() == 0) {
      incoming = std::move(outgoing[0]);
      return {};
    }
    return outgoing[0].visit_chunks(
        [&](std::span<const Pair> chunk) { return incoming.add(chunk); });
  }
  Result<void> agree(Result<void> mine) override { return mine; }
  Result<uint64_t> sum(uint64_t value) override { return value; }
};

}  // namespace

std::unique_ptr<Workers> one_worker() { return std::make_unique<OneWorker>(); }

#ifndef YURAI_WITH_MPI
Result<std::unique_ptr<Workers>> mpi_workers() {
  return fail(ErrorCode::kInvalidArgument,
              "this program was built without MPI; install libopenmpi-dev and build it again");
}
#endif

}  // namespace yurai

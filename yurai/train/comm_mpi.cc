#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>

#include "yurai/train/comm.h"

namespace yurai {
namespace {

constexpr size_t kMaxMessage = 1 << 30;  // MPI counts in int

#define YURAI_MPI(call)                                                                           \
  do {                                                                                            \
    if (const int yurai_status = (call); yurai_status != MPI_SUCCESS) {                           \
      return fail(ErrorCode::kUnavailable,                                                        \
                  fmt::format("MPI failed ({}); run the job again with --resume", yurai_status)); \
    }                                                                                             \
  } while (false)

class MpiComm final : public Comm {
 public:
  MpiComm() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  }
  MpiComm(const MpiComm&) = delete;
  MpiComm& operator=(const MpiComm&) = delete;
  ~MpiComm() override { MPI_Finalize(); }
  unsigned rank() const override { return static_cast<unsigned>(rank_); }
  unsigned size() const override { return static_cast<unsigned>(size_); }

  Result<std::vector<std::string>> gather(std::string_view mine) override {
    std::vector<std::string> all;
    if (rank_ > 0) {
      const uint64_t bytes = mine.size();
      YURAI_MPI(MPI_Send(&bytes, 1, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD));
      for (size_t at = 0; at < mine.size(); at += kMaxMessage) {
        const auto part = static_cast<int>(std::min(kMaxMessage, mine.size() - at));
        YURAI_MPI(MPI_Send(mine.data() + at, part, MPI_BYTE, 0, 0, MPI_COMM_WORLD));
      }
      return all;
    }
    all.emplace_back(mine);
    for (int from = 1; from < size_; ++from) {
      uint64_t bytes = 0;
      YURAI_MPI(MPI_Recv(&bytes, 1, MPI_UINT64_T, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
      std::string& given = all.emplace_back(bytes, '\0');
      for (size_t at = 0; at < given.size(); at += kMaxMessage) {
        const auto part = static_cast<int>(std::min(kMaxMessage, given.size() - at));
        YURAI_MPI(MPI_Recv(given.data() + at, part, MPI_BYTE, from, 0, MPI_COMM_WORLD,
                           MPI_STATUS_IGNORE));
      }
    }
    return all;
  }

  Result<std::string> broadcast(std::string_view from_first) override {
    uint64_t bytes = from_first.size();
    YURAI_MPI(MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD));
    std::string all(rank_ == 0 ? from_first : std::string_view());
    all.resize(bytes);
    for (size_t at = 0; at < all.size(); at += kMaxMessage) {
      const auto part = static_cast<int>(std::min(kMaxMessage, all.size() - at));
      YURAI_MPI(MPI_Bcast(all.data() + at, part, MPI_BYTE, 0, MPI_COMM_WORLD));
    }
    return all;
  }

 private:
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace

Result<std::unique_ptr<Comm>> make_mpi_comm() {
  // Threads compute; only the one that called this speaks with the others.
  int provided = 0;
  YURAI_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  return std::unique_ptr<Comm>(std::make_unique<MpiComm>());
}

}  // namespace yurai

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <climits>

#include "yurai/base/file.h"
#include "yurai/curate/workers.h"

namespace yurai {
namespace {

constexpr size_t kPairsPerMessage = 1 << 16;  // to one worker in one round

tl::unexpected<Error> mpi_error(std::string_view what, int status) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int size = 0;
  MPI_Error_string(status, text, &size);
  return fail(ErrorCode::kUnavailable,
              fmt::format("MPI: {}: {}; run the job again", what,
                          std::string_view(text, static_cast<size_t>(size))));
}

#define YURAI_MPI(call)                                               \
  do {                                                                \
    if (const int yurai_status = (call); yurai_status != MPI_SUCCESS) \
      return mpi_error(#call, yurai_status);                          \
  } while (false)

/// Gives out a spill a message at a time.
class Outbox {
 public:
  Result<void> open(PairSpill spill) {
    spill_ = std::make_unique<PairSpill>(std::move(spill));
    if (spill_->size() <= kPairsPerMessage) {
      return spill_->visit_chunks([&](std::span<const Pair> chunk) -> Result<void> {
        head_.insert(head_.end(), chunk.begin(), chunk.end());
        return {};
      });
    }
    YURAI_TRY(spill_->flush());
    YURAI_ASSIGN(ReadableFile file, ReadableFile::open(spill_->path()));
    file_ = std::make_unique<ReadableFile>(std::move(file));
    return {};
  }
  uint64_t left() const { return spill_->size() - done_; }
  Result<void> next(std::vector<Pair>& out) {
    const size_t count = std::min<uint64_t>(kPairsPerMessage, left());
    const size_t begin = out.size();
    out.resize(begin + count);
    if (file_ == nullptr) {
      std::copy_n(head_.begin() + static_cast<int64_t>(done_), count,
                  out.begin() + static_cast<int64_t>(begin));
    } else {
      YURAI_TRY(
          file_->read_exactly(done_ * sizeof(Pair),
                              {reinterpret_cast<char*>(out.data() + begin), count * sizeof(Pair)}));
    }
    done_ += count;
    return {};
  }

 private:
  std::unique_ptr<PairSpill> spill_;
  std::unique_ptr<ReadableFile> file_;
  std::vector<Pair> head_;
  uint64_t done_ = 0;
};

class MpiWorkers final : public Workers {
 public:
  MpiWorkers() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Type_contiguous(sizeof(Pair), MPI_BYTE, &pair_type_);
    MPI_Type_commit(&pair_type_);
  }
  MpiWorkers(const MpiWorkers&) = delete;
  MpiWorkers& operator=(const MpiWorkers&) = delete;
  ~MpiWorkers() override {
    MPI_Type_free(&pair_type_);
    MPI_Finalize();
  }
  int rank() const override { return rank_; }
  int size() const override { return size_; }

  Result<void> exchange(std::vector<PairSpill> outgoing, PairSpill& incoming) override {
    YURAI_CHECK(outgoing.size() == static_cast<size_t>(size_));
    std::vector<Outbox> boxes(outgoing.size());
    Result<void> mine;
    for (size_t i = 0; i < outgoing.size() && mine; ++i)
      mine = boxes[i].open(std::move(outgoing[i]));
    YURAI_TRY(agree(std::move(mine)));
    while (true) {
      uint64_t left = 0;
      for (const Outbox& box : boxes) left += box.left();
      YURAI_ASSIGN(const uint64_t total, sum(left));
      if (total == 0) return {};
      YURAI_TRY(agree(round(boxes, incoming)));
    }
  }

  Result<void> agree(Result<void> mine) override {
    int failed = mine ? INT_MAX : rank_;
    int lowest = INT_MAX;
    YURAI_MPI(MPI_Allreduce(&failed, &lowest, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
    if (lowest == INT_MAX) return {};
    std::string message = mine ? std::string() : mine.error().message;
    auto header = std::array<int, 2>{mine ? 0 : static_cast<int>(mine.error().code),
                                     static_cast<int>(message.size())};
    YURAI_MPI(MPI_Bcast(header.data(), 2, MPI_INT, lowest, MPI_COMM_WORLD));
    message.resize(static_cast<size_t>(header[1]));
    YURAI_MPI(MPI_Bcast(message.data(), header[1], MPI_CHAR, lowest, MPI_COMM_WORLD));
    return fail(static_cast<ErrorCode>(header[0]), std::move(message));
  }

  Result<uint64_t> sum(uint64_t value) override {
    uint64_t total = 0;
    YURAI_MPI(MPI_Allreduce(&value, &total, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD));
    return total;
  }

 private:
  /// One message to each worker and one from each. What goes wrong on this side alone is an error
  /// only after the others have got something.
  Result<void> round(std::vector<Outbox>& boxes, PairSpill& incoming) {
    std::vector<Pair> send;
    std::vector<int> send_counts;
    std::vector<int> send_begins;
    Result<void> read;
    for (Outbox& box : boxes) {
      send_begins.push_back(static_cast<int>(send.size()));
      if (read) read = box.next(send);
      send_counts.push_back(static_cast<int>(send.size()) - send_begins.back());
    }
    std::vector<int> counts(boxes.size());
    std::vector<int> begins(boxes.size());
    YURAI_MPI(
        MPI_Alltoall(send_counts.data(), 1, MPI_INT, counts.data(), 1, MPI_INT, MPI_COMM_WORLD));
    int total = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      begins[i] = total;
      total += counts[i];
    }
    std::vector<Pair> received(static_cast<size_t>(total));
    YURAI_MPI(MPI_Alltoallv(send.data(), send_counts.data(), send_begins.data(), pair_type_,
                            received.data(), counts.data(), begins.data(), pair_type_,
                            MPI_COMM_WORLD));
    YURAI_TRY(std::move(read));
    return incoming.add(received);
  }

  int rank_ = 0;
  int size_ = 1;
  MPI_Datatype pair_type_{};
};

}  // namespace

Result<std::unique_ptr<Workers>> mpi_workers() {
  int provided = 0;
  if (const int status = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
      status != MPI_SUCCESS) {
    return mpi_error("MPI_Init_thread", status);
  }
  return std::unique_ptr<Workers>(std::make_unique<MpiWorkers>());
}

}  // namespace yurai

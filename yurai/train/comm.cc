#include "yurai/train/comm.h"

#include <condition_variable>
#include <mutex>

#include "yurai/base/number_codec.h"

namespace yurai {
namespace {

class SingleComm final : public Comm {
 public:
  unsigned rank() const override { return 0; }
  unsigned size() const override { return 1; }
  Result<std::vector<std::string>> gather(std::string_view mine) override {
    return std::vector<std::string>{std::string(mine)};
  }
  Result<std::string> broadcast(std::string_view from_first) override {
    return std::string(from_first);
  }
};

/// A round: every rank puts what it has, waits for the others, and takes what it wants.
class Meeting {
 public:
  explicit Meeting(unsigned size) : given_(size) {}

  std::vector<std::string> exchange(unsigned rank, std::string_view mine) {
    std::unique_lock lock(mutex_);
    const uint64_t round = round_;
    given_[rank] = mine;
    if (++arrived_ == given_.size()) {
      taken_ = given_;
      arrived_ = 0;
      ++round_;
      changed_.notify_all();
    } else {
      changed_.wait(lock, [&] { return round_ != round; });
    }
    return taken_;  // the next round ends only when all have taken this one's
  }
  unsigned size() const { return static_cast<unsigned>(given_.size()); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> given_;
  std::vector<std::string> taken_;
  size_t arrived_ = 0;
  uint64_t round_ = 0;
};

class ThreadComm final : public Comm {
 public:
  // Shared: the last rank that goes takes the meeting with it.
  ThreadComm(std::shared_ptr<Meeting> meeting, unsigned rank)
      : meeting_(std::move(meeting)), rank_(rank) {}
  unsigned rank() const override { return rank_; }
  unsigned size() const override { return meeting_->size(); }
  Result<std::vector<std::string>> gather(std::string_view mine) override {
    auto all = meeting_->exchange(rank_, mine);
    if (rank_ > 0) all.clear();
    return all;
  }
  Result<std::string> broadcast(std::string_view from_first) override {
    return meeting_->exchange(rank_, rank_ == 0 ? from_first : std::string_view())[0];
  }

 private:
  std::shared_ptr<Meeting> meeting_;
  unsigned rank_;
};

}  // namespace

std::unique_ptr<Comm> make_single_comm() { return std::make_unique<SingleComm>(); }

std::vector<std::unique_ptr<Comm>> make_thread_comms(unsigned size) {
  auto meeting = std::make_shared<Meeting>(size);
  std::vector<std::unique_ptr<Comm>> comms;
  for (unsigned rank = 0; rank < size; ++rank) {
    comms.push_back(std::make_unique<ThreadComm>(meeting, rank));
  }
  return comms;
}

#ifndef YURAI_WITH_MPI
Result<std::unique_ptr<Comm>> make_mpi_comm() {
  return fail(ErrorCode::kUnavailable, "this yurai was built without MPI (libopenmpi-dev)");
}
#endif

Result<void> agree(Comm& comm, const Result<void>& mine) {
  if (comm.size() == 1) return mine;
  std::string report;
  if (!mine) {
    report.push_back(static_cast<char>(mine.error().code));
    report += mine.error().message;
  }
  YURAI_ASSIGN(const std::vector<std::string> reports, comm.gather(report));
  std::string first;
  for (const std::string& other : reports) {
    if (first.empty()) first = other;
  }
  YURAI_ASSIGN(const std::string failure, comm.broadcast(first));
  if (failure.empty()) return {};
  return fail(static_cast<ErrorCode>(failure[0]), failure.substr(1));
}

}  // namespace yurai

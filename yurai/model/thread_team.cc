#include "yurai/model/thread_team.h"

namespace yurai {
namespace {

constexpr int kSpins = 4'000;  // some 0.1 ms: the time between two tokens' work

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadTeam::ThreadTeam(unsigned threads) {
  for (unsigned i = 1; i < threads; ++i) helpers_.emplace_back([this] { work(); });
}

ThreadTeam::~ThreadTeam() {
  ends_ = true;
  ++round_;
  round_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void ThreadTeam::run(size_t pieces, const std::function<void(size_t)>& piece) {
  if (helpers_.empty() || pieces < 2) {
    for (size_t i = 0; i < pieces; ++i) piece(i);
    return;
  }
  pieces_ = pieces;
  piece_ = &piece;
  next_ = 0;
  open_ = true;
  ++round_;
  round_.notify_all();
  take_pieces();
  // Who has not joined by now is not waited for; who has finishes the piece it took.
  open_ = false;
  for (int spin = 0; joined_ != 0; ++spin) {
    if (spin < kSpins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadTeam::take_pieces() {
  for (size_t i = next_++; i < pieces_; i = next_++) (*piece_)(i);
}

void ThreadTeam::work() {
  uint64_t seen = 0;
  while (true) {
    for (int spin = 0; spin < kSpins && round_ == seen; ++spin) pause();
    round_.wait(seen);
    seen = round_;
    if (ends_) return;
    ++joined_;
    if (open_) take_pieces();
    --joined_;
  }
}

}  // namespace yurai

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace yurai {

/// Where a long piece of work says how far it is. The library calls it; the program draws it.
/// `total` 0: unknown. Called from one thread at a time; cheap enough for every few kilobytes.
///
///     using: progress("sort", done_bytes, total_bytes);
using Progress = std::function<void(std::string_view step, uint64_t done, uint64_t total)>;

/// Says nothing.
inline void no_progress(std::string_view, uint64_t, uint64_t) {}

/// Draws steps on stderr: one line redrawn on a terminal, a line at most every five seconds
/// elsewhere, nothing before the first half second. Counts are shown as `unit` ("B" in MB and
/// MB/s).
class ProgressBar {
 public:
  explicit ProgressBar(std::string unit = "B");
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void operator()(std::string_view step, uint64_t done, uint64_t total);
  /// A Progress that draws here; must not outlive the bar.
  Progress callback();
  /// Ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string unit_;
  bool terminal_;
  bool drawn_ = false;
  std::string step_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
  Clock::time_point step_begin_;
  Clock::time_point last_draw_;
};

}  // namespace yurai

#include "yurai/base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr auto kFirstDraw = std::chrono::milliseconds(500);
constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kLogInterval = std::chrono::seconds(5);

/// `unit` is "B" or what stands behind a number, with its space.
std::string amount(double value, const std::string& unit) {
  if (unit != "B") return grouped(static_cast<uint64_t>(value)) + unit;
  return fmt::format("{:.1f} MB", value / 1e6);
}

}  // namespace

ProgressBar::ProgressBar(std::string unit)
    : unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() { finish(); }

Progress ProgressBar::callback() {
  return
      [this](std::string_view step, uint64_t done, uint64_t total) { (*this)(step, done, total); };
}

void ProgressBar::operator()(std::string_view step, uint64_t done, uint64_t total) {
  const Clock::time_point now = Clock::now();
  if (step != step_) {
    finish();
    step_ = step;
    step_begin_ = now;
    last_draw_ = now;
  }
  done_ = done;
  total_ = total;
  const auto interval =
      terminal_ ? Clock::duration(kTerminalInterval) : Clock::duration(kLogInterval);
  if (now - step_begin_ >= kFirstDraw && (now - last_draw_ >= interval || (terminal_ && !drawn_))) {
    draw(now);
  }
}

void ProgressBar::draw(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - step_begin_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string line = fmt::format("{}: {}", step_, amount(static_cast<double>(done_), unit_));
  if (total_ > 0) {
    const double share = static_cast<double>(done_) / static_cast<double>(total_);
    line +=
        fmt::format(" of {} ({:.0f} %)", amount(static_cast<double>(total_), unit_), 100 * share);
    if (rate > 0 && done_ < total_) {
      line += fmt::format(", {}/s, {:.0f} s left", amount(rate, unit_),
                          static_cast<double>(total_ - done_) / rate);
    }
  }
  print_error(terminal_ ? "\r\x1b[K" + line : line + "\n");
  drawn_ = true;
  last_draw_ = now;
}

void ProgressBar::finish() {
  if (drawn_) {
    draw(Clock::now());
    if (terminal_) print_error("\n");
  }
  drawn_ = false;
  step_.clear();
}

}  // namespace yurai

#include "apps/yurai/said_rejects.h"

#include <fmt/format.h>

#include "apps/yurai/cli.h"
#include "yurai/base/terminal.h"

namespace yurai::cli {
namespace {

constexpr uint64_t kNamed = 10;

}  // namespace

void SaidRejects::add(const Reject& reject) {
  if (++count_ > kNamed) return;
  const std::string place =
      reject.unit == "line" ? tr("{}, line {} (byte {})", "{} の {} 行目（バイト {}）")
                            : tr("{}, record {} (byte {})", "{} の {} 番目のレコード（バイト {}）");
  say(fmt::format(
      "yurai: {}: {}",
      fmt::format(fmt::runtime(place), for_terminal(reject.file), reject.number, reject.byte),
      for_terminal(reject.reason)));
}

void SaidRejects::say_count(const std::string& more) const {
  if (count_ == 0) return;
  std::string said = fmt::format(fmt::runtime(tr("{} rows could not be read and were left out",
                                                 "{} 件の行は読めなかったので除いた")),
                                 grouped(count_));
  if (count_ > kNamed) {
    said += fmt::format(fmt::runtime(tr("; the first {} of them are named above{}",
                                        "（上に示したのは最初の {} 件{}）")),
                        kNamed, more);
  }
  say(said);
}

}  // namespace yurai::cli

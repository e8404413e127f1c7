#pragma once

#include <cstdint>
#include <string>

#include "yurai/corpus/reject.h"

namespace yurai::cli {

/// Rows that could not be read and that no file lists, for a person: the first of them one by one
/// on stderr, then how many there were.
class SaidRejects {
 public:
  void add(const Reject& reject);
  /// Says the number, if there are any; `more` ends the line where not all have been named.
  void say_count(const std::string& more = "") const;

 private:
  uint64_t count_ = 0;
};

}  // namespace yurai::cli

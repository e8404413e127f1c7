#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "yurai/base/json.h"

namespace yurai {

/// A record that became no document: a line of rejects.jsonl.
struct Reject {
  std::string file;     ///< as the manifest names the input
  uint64_t number = 1;  ///< of the line or record, from 1
  uint64_t byte = 0;    ///< where that line or record begins in the (decompressed) file
  std::string reason{};
  std::string_view unit = "line";  ///< what `number` counts: "line" or "record"
};

/// {"file","line" or "record","byte","reason"}, and the end of the line.
inline std::string reject_line(const Reject& reject) {
  return dump_json({{"file", reject.file},
                    {std::string(reject.unit), reject.number},
                    {"byte", reject.byte},
                    {"reason", reject.reason}}) +
         "\n";
}

}  // namespace yurai

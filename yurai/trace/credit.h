#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "yurai/record/trace.h"

/// Whose words an answer's bytes are: each covered byte belongs to the longest span over it (of
/// equals the first), and is shared equally by that span's documents.
namespace yurai {

struct Origin {
  std::string source;
  std::string license;
  auto operator<=>(const Origin&) const = default;
};

struct CreditedDocument {
  uint64_t number = 0;
  uint64_t origin = 0;  ///< into the list of origins
};

struct CreditedSpan {
  uint64_t byte_begin = 0;
  uint64_t byte_end = 0;
  std::span<const CreditedDocument> documents;  ///< at least one
};

struct Credits {
  uint64_t covered_bytes = 0;
  std::vector<Credit> credits;  ///< by share, then source, then license
};

/// O(n log n) in spans, O(1) amortised in bytes.
Credits credit(uint64_t answer_bytes, const std::vector<CreditedSpan>& spans,
               const std::vector<Origin>& origins);

}  // namespace yurai

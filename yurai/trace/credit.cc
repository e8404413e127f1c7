#include "yurai/trace/credit.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace yurai {
namespace {

/// How many bytes each span owns.
std::vector<uint64_t> owned_bytes(uint64_t answer_bytes, const std::vector<CreditedSpan>& spans) {
  std::vector<size_t> order(spans.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const uint64_t size_a = spans[a].byte_end - spans[a].byte_begin;
    const uint64_t size_b = spans[b].byte_end - spans[b].byte_begin;
    return size_a != size_b ? size_a > size_b : spans[a].byte_begin < spans[b].byte_begin;
  });
  // next_free[i]: a byte >= i before which all from i on are taken.
  std::vector<uint64_t> next_free(answer_bytes + 1);
  std::iota(next_free.begin(), next_free.end(), uint64_t{0});
  const auto find_free = [&](uint64_t at) {
    while (next_free[at] != at) at = next_free[at] = next_free[next_free[at]];
    return at;
  };
  std::vector<uint64_t> owned(spans.size());
  for (const size_t i : order) {
    for (uint64_t at = find_free(spans[i].byte_begin); at < spans[i].byte_end; at = find_free(at)) {
      next_free[at] = at + 1;
      ++owned[i];
    }
  }
  return owned;
}

}  // namespace

Credits credit(uint64_t answer_bytes, const std::vector<CreditedSpan>& spans,
               const std::vector<Origin>& origins) {
  const std::vector<uint64_t> owned = owned_bytes(answer_bytes, spans);
  struct Row {
    double share = 0;
    std::unordered_set<uint64_t> documents;
  };
  std::vector<Row> rows(origins.size());
  Credits result;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (owned[i] == 0) continue;
    result.covered_bytes += owned[i];
    const double share = static_cast<double>(owned[i]) / static_cast<double>(answer_bytes) /
                         static_cast<double>(spans[i].documents.size());
    for (const CreditedDocument& document : spans[i].documents) {
      rows[document.origin].share += share;
      rows[document.origin].documents.insert(document.number);
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].documents.empty()) continue;
    result.credits.push_back(
        {origins[i].source, origins[i].license, rows[i].share, rows[i].documents.size()});
  }
  std::sort(result.credits.begin(), result.credits.end(), [](const Credit& a, const Credit& b) {
    if (a.share != b.share) return a.share > b.share;
    return a.source != b.source ? a.source < b.source : a.license < b.license;
  });
  return result;
}

}  // namespace yurai

#pragma once

#include <cstdint>
#include <span>

#include "yurai/search/postings.h"
#include "yurai/search/terms.h"

namespace yurai {

/// A term in a document, on its way into the term's list.
struct TermInDocument {
  TermKey key = 0;
  Posting posting;

  bool operator<(const TermInDocument& other) const {
    return key != other.key ? key < other.key : posting.document < other.posting.document;
  }
};
static_assert(sizeof(TermInDocument) == 16);

/// Sorts by term, then document, in place: by the highest byte in which entries differ, then each
/// part by the next (P. M. McIlroy, K. Bostic, M. D. McIlroy, "Engineering Radix Sort", Computing
/// Systems 6(1), 1993).
void sort_entries(std::span<TermInDocument> entries);

}  // namespace yurai

#include "yurai/search/entry_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

TEST(EntrySort, SortsByTermThenDocument) {
  SplitMix64 random(testing::test_seed());
  for (const uint64_t num_terms : {1, 3, 100, 100000}) {
    for (const size_t size : {0, 1, 2, 48, 49, 1000, 50000}) {
      std::vector<TermInDocument> entries(size);
      for (TermInDocument& entry : entries) {
        const uint64_t term = random.next() % num_terms;
        // Pairs of characters and hashes of words, as texts have them.
        entry.key = term % 2 == 0
                        ? pair_key(U'\u3042' + static_cast<char32_t>(term % 90), U'\u3044')
                        : kWordKey | term * 0x9E3779B97F4A7C15u;
        entry.posting.document = static_cast<uint32_t>(random.next() % 70000);
      }
      std::vector<TermInDocument> expected = entries;
      std::sort(expected.begin(), expected.end());
      sort_entries(entries);
      for (size_t i = 0; i < size; ++i) {
        ASSERT_EQ(entries[i].key, expected[i].key) << size << " entries, " << i;
        ASSERT_EQ(entries[i].posting.document, expected[i].posting.document) << i;
      }
    }
  }
}

}  // namespace
}  // namespace yurai

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/curate/filter.h"

namespace yurai {

/// Counts the words of a list in a text, as the regular expression `word1|word2|…` does: from the
/// left; at each place the first word of the list that fits; hits don't overlap. Most places are
/// passed with two looks into bit maps of 8 KiB (of a list of many thousand words: of as many bits
/// as eight times its words), so the length of the list hardly matters.
/// Immutable and thread-safe.
///
///     WordMatcher({"送料", "営業時間"}, false).count("送料は送料", 9, nullptr) == 2
class WordMatcher {
 public:
  /// With `katakana_alone`, words of nothing but [ァ-ヴー] come after all others and count only
  /// where no such character stands before or after ("アス" is not in "アスパラガス").
  WordMatcher(const std::vector<std::string>& words, bool katakana_alone);

  /// Counts up to `limit` hits; the first kMaxEvidence go to `evidence`, if there is one.
  uint64_t count(std::string_view text, uint64_t limit, std::vector<ByteSpan>* evidence) const;

 private:
  /// Words that begin with the same bytes, as a range of ids in the order of the alternation.
  struct Group {
    uint64_t key = 0;  ///< the first six bytes, or the first one of a shorter word
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  /// A set of keys that may hold others too; a power of two of bits, many to a key.
  class Bits {
   public:
    void make_room(size_t num_keys);
    void add(uint64_t key);
    bool may_have(uint64_t key) const;

   private:
    int num_index_bits_ = 16;
    std::vector<uint64_t> words_ = std::vector<uint64_t>(1024);
  };

  void build_groups();
  size_t slot_of(uint64_t key) const;
  const Group* find(uint64_t key) const;
  size_t match(std::string_view text, size_t at, uint64_t head) const;
  bool fits(std::string_view text, size_t at, uint32_t id) const;

  std::vector<std::string> words_;  ///< in the order of the alternation
  size_t num_free_ = 0;             ///< words before the katakana ones
  std::vector<uint32_t> ids_;
  std::vector<Group> long_groups_;   ///< by six bytes, open addressing
  std::vector<Group> short_groups_;  ///< by the first byte, 256 of them
  std::array<uint8_t, 256> lead_{};  ///< by first byte: 0 no word, 1 look further, 2 a short word
  Bits three_;                       ///< first three bytes
  Bits six_;                         ///< first six bytes
};

}  // namespace yurai

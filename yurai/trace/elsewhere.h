#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "yurai/index/corpus_index.h"

namespace yurai {

/// What of a text stands in documents of other groups than its own. For one passage; keeps what it
/// reads. Not thread-safe; index and groups must outlive it.
class Elsewhere {
 public:
  Elsewhere(const CorpusIndex& index, const std::vector<uint32_t>& group_of_document,
            uint32_t own_group, bool is_alone)
      : index_(index),
        groups_(group_of_document),
        own_(own_group),
        is_alone_(is_alone),
        session_(index),
        text_(index.corpus().text()) {}

  struct Match {
    size_t size_bytes = 0;
    uint64_t document = 0;  ///< one that holds it
  };
  /// The longest prefix of `text` in another group, exactly: the nearest suffix of another group on
  /// either side in the index's order has it. Nothing when none was met in 65,536 steps, or in
  /// 1,048,576 of all calls: where one group is nearly the whole corpus, all would walk that far.
  Result<std::optional<Match>> longest_match(std::string_view text);

  /// Occurrences of `text` in other groups; estimated from 100 of them when there are more.
  Result<uint64_t> count(std::string_view text);

 private:
  /// Place of the first suffix of another group in `range`, from its begin (or from its end).
  struct Found {
    std::optional<uint64_t> position;
    bool gave_up = false;
  };
  Result<Found> first_in(RankRange range, bool from_end);
  Result<size_t> shared_bytes(uint64_t position, std::string_view text);

  const CorpusIndex& index_;
  const std::vector<uint32_t>& groups_;
  uint32_t own_;
  bool is_alone_;  ///< no other group has a character
  uint64_t all_steps_ = 0;
  IndexSession session_;
  TextReader text_;
};

}  // namespace yurai

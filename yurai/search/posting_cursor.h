#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/result.h"
#include "yurai/search/postings.h"
#include "yurai/search/terms.h"

namespace yurai {

/// A row of the dictionary.
struct TermEntry {
  uint64_t df = 0;
  uint64_t offset = 0;            ///< into the postings: of the list, or of its skip rows
  uint64_t num_bytes = 0;         ///< of the list, where it is one block
  std::vector<Posting> postings;  ///< of a list in the dictionary
};

/// The entry of `key` in a page of the dictionary, if it is there.
Result<std::optional<TermEntry>> find_term(std::string_view page, TermKey key,
                                           uint64_t num_documents);

/// Walks a list of postings forwards. Not thread-safe; what it reads from must outlive it.
class PostingCursor {
 public:
  struct Lists {
    BlockReader& postings;
    const std::vector<uint8_t>& lengths;
    const std::vector<float>& norms;
  };
  /// Stands at no document yet: `seek` first.
  static Result<PostingCursor> open(TermEntry entry, double weight, Lists lists);

  static constexpr uint64_t kEnd = UINT32_MAX;
  /// The current document; kEnd after the last.
  uint32_t document() const { return document_; }
  /// What the current posting adds to its document's score.
  uint64_t score() {
    ++num_scored_;
    return score_part(
        weight_, saturation(postings_[at_].frequency, lists_->norms[lists_->lengths[document_]]));
  }
  /// To the first posting at `document` or after; never back.
  Result<void> seek(uint32_t document);
  Result<void> next() {
    if (++at_ < postings_.size()) {
      document_ = postings_[at_].document;
      return {};
    }
    return load(block_ + 1);
  }

  /// No document in [begin, end) gets more than this from the list; 0: it holds none there.
  /// `begin` and `end` don't fall from call to call.
  uint64_t bound(uint32_t begin, uint64_t end);

  uint64_t num_scored() const { return num_scored_; }

 private:
  PostingCursor(double weight, Lists lists) : weight_(weight), lists_(lists) {}
  Result<void> load(size_t block);

  double weight_;
  std::optional<Lists> lists_;
  uint64_t df_ = 0;
  std::vector<SkipRow> rows_;           ///< one a block
  std::vector<uint64_t> block_begins_;  ///< into the postings file
  std::vector<Posting> postings_;       ///< of the current block
  size_t block_ = SIZE_MAX;             ///< the current one
  size_t bound_block_ = 0;              ///< the first that `bound` looks at
  size_t at_ = 0;
  uint32_t document_ = 0;
  uint64_t num_scored_ = 0;
};

}  // namespace yurai

#pragma once

#include <cstdint>
#include <string_view>

#include "yurai/base/large_array.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/record/trace.h"

namespace yurai {

struct ShardOptions {
  PointMode points = PointMode::kChar;
  int num_threads = 1;
  uint64_t memory_bytes = 0;  ///< for the text and the sort
  uint64_t max_bytes = 0;     ///< of text, unless one document has more
};

/// Consecutive documents in memory, as many as can be sorted there.
class Shard {
 public:
  /// Reads from `first_document` on as long as the options allow. kResourceExhausted names a
  /// document that does not fit alone; kCorrupt the byte where the text is neither UTF-8 nor a
  /// separator.
  static Result<Shard> read(const Corpus& corpus, uint64_t first_document,
                            const ShardOptions& options, const Progress& progress);

  /// FF document FF document … FF, with kSortPadding bytes FF behind it.
  std::string_view text() const { return {bytes_.span().data(), size_}; }
  uint64_t text_begin() const { return text_begin_; }  ///< in the corpus text
  uint64_t end_document() const { return end_document_; }
  uint64_t num_points() const { return num_points_; }

 private:
  explicit Shard(LargeArray<char> bytes) : bytes_(std::move(bytes)) {}

  LargeArray<char> bytes_;
  uint64_t size_ = 0;
  uint64_t text_begin_ = 0;
  uint64_t end_document_ = 0;
  uint64_t num_points_ = 0;
};

}  // namespace yurai

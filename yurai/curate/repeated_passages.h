#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/record/document.h"

namespace yurai {

/// Windows are compared within the first 65,535 bytes of a suffix, and a character has up to 4.
inline constexpr uint32_t kMaxPassageChars = 16'383;

struct PassageOptions {
  uint32_t min_chars = 100;  ///< at most kMaxPassageChars
  int num_threads = 1;
  uint64_t memory_bytes = 1ull << 30;
};

struct PassageSummary {
  uint64_t passages = 0;
  uint64_t bytes = 0;  ///< of kept rows that lie in a passage
};

/// The passages that kept documents repeat from earlier kept ones, or from an earlier place in
/// themselves, read off an index's order of suffixes. A window of `min_chars` characters is a
/// repeat when an earlier place holds the same characters; windows one after another that repeat
/// one passage are one span. Of each window the first place is what is kept.
///
///     YURAI_ASSIGN(RepeatedPassages passages, RepeatedPassages::open("index"));
///     for (…) YURAI_TRY(passages.add(document, kept));     // every row, in order
///     YURAI_ASSIGN(const auto found, passages.write(stage, {}, scratch, no_progress));
///
/// The idea is that of K. Lee et al., "Deduplicating training data makes language models better",
/// ACL 2022. Memory: a bit a document, the sorts' memory, the places of one window.
class RepeatedPassages {
 public:
  static Result<RepeatedPassages> open(const std::filesystem::path& index_dir);

  /// The next row. kInvalidArgument when it is not the next document of the index's corpus.
  Result<void> add(const Document& document, bool kept);

  /// Writes passages.jsonl, ascending by place. kInvalidArgument when the corpus has more
  /// documents than there were rows.
  Result<PassageSummary> write(StagingDirectory& stage, const PassageOptions& options,
                               const std::filesystem::path& scratch, const Progress& progress);

  std::string corpus_sha256() const { return index_->corpus().identity().corpus_sha256; }

 private:
  explicit RepeatedPassages(std::unique_ptr<CorpusIndex> index) : index_(std::move(index)) {}

  std::unique_ptr<CorpusIndex> index_;
  std::vector<bool> kept_;  ///< of each document
};

}  // namespace yurai

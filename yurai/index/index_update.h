#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/takedown.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/index_builder.h"
#include "yurai/index/index_layout.h"

/// Changing an index that is there. What was opened before stays what it was; what is opened later
/// is the index before the change or after it, whenever the change is cut off.
///
///     YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin("index"));
///     YURAI_TRY(update.add("more", options, no_progress));
///     YURAI_TRY(update.commit());
namespace yurai {

/// One change at a time: a second one is refused (kAlreadyExists). Not committed, it leaves
/// nothing. The lock dies with the process.
class IndexUpdate {
 public:
  IndexUpdate(IndexUpdate&& other) noexcept;
  IndexUpdate& operator=(IndexUpdate&&) = delete;
  ~IndexUpdate();

  /// Removes what a killed change left.
  static Result<IndexUpdate> begin(const std::filesystem::path& dir, Disk& disk = posix_disk());

  /// The index before the change.
  const CorpusIndex& index() const { return *index_; }

  /// Ids of the documents of a corpus whose texts were taken down before, from the index or from
  /// one of its corpora, as far as the logs say.
  Result<std::vector<std::string>> taken_down_before(const Corpus& corpus) const;
  /// Sorts a corpus as one more segment. Its points are of the kind that the index has.
  Result<void> add(const std::filesystem::path& corpus_dir, IndexBuildOptions options,
                   const Progress& progress);
  /// After `add`: its documents, and where to put a document search of them, which is searched with
  /// those of the other segments from the commit on.
  const Corpus& added() const { return *corpora_.back(); }
  StagingDirectory& search_stage();

  struct Summary {
    uint64_t taken_down = 0;
    std::vector<std::string> not_found{};  ///< names that fitted no document
    uint64_t documents = 0;                ///< that are left
    uint64_t bytes = 0;
  };
  /// Leaves documents out of all answers. kNotFound when no document is named.
  Result<Summary> take_down(const Takedown& takedown, IndexBuildOptions options,
                            const Progress& progress);

  Result<void> commit();

 private:
  IndexUpdate(std::filesystem::path dir, int lock_fd, Disk& disk)
      : dir_(std::move(dir)), lock_fd_(lock_fd), disk_(&disk) {}
  std::string new_name(std::string_view kind) const;
  Result<void> stage_folder(const std::string& name);
  Result<std::string> takedown_log() const;
  std::vector<std::shared_ptr<const Corpus>> folded_corpora() const;

  std::filesystem::path dir_;
  int lock_fd_;
  Disk* disk_;
  std::optional<CorpusIndex> index_;
  std::vector<std::shared_ptr<const Corpus>> corpora_;
  IndexLayout layout_;
  Manifest manifest_;
  std::optional<StagingDirectory> stage_;
  std::string replaced_;  ///< a folder that the new manifest does not name
};

/// In the folder of an index that was merged: what is left of its corpora.
inline constexpr std::string_view kMergedCorpusName = "corpus";
/// Manifests of the corpora that were merged to that one; none: the index was not merged.
Result<std::vector<ManifestFile>> inputs_of_merged(const CorpusIndex& index);

/// Makes one segment of all of an `IndexUpdate::index()`, over a corpus of its own, "corpus" in the
/// staging folder, which holds the documents that are left. The caller commits the staging folder,
/// whose target is the folder of the index. Segment, corpus and folded twin are byte for byte those
/// of a build at once.
Result<void> merge_index(const CorpusIndex& index, const IndexBuildOptions& options,
                         StagingDirectory& stage, const Progress& progress);

/// Merges all segments of an index to the segment of `corpus`, which holds the documents that are
/// left of it; without a manifest. Returns the number of points.
Result<uint64_t> merge_segments(const CorpusIndex& index, const Corpus& corpus,
                                const IndexBuildOptions& options, StagingDirectory& stage,
                                const Progress& progress);

/// The hash of what an index answers from: of its segments' hashes in order and the list of what
/// was taken down. Paths and options are no part of it.
Result<std::string> index_sha256(const std::filesystem::path& dir, const Manifest& manifest);

}  // namespace yurai

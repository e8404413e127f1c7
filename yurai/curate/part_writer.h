#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/result.h"
#include "yurai/record/manifest.h"

namespace yurai {

/// Lines as files of about one size, part-00000.jsonl, part-00001.jsonl, …, in a staging folder:
/// split by bytes of the lines alone, so that the same lines give the same files however they were
/// made. A line is never split; without lines there is one empty part. Not thread-safe; the staging
/// folder must outlive it.
///
///     PartWriter parts(stage, {});
///     YURAI_TRY(parts.append(R"({"text":"abc"})"));   // the line break is added
///     YURAI_TRY(parts.close());
class PartWriter {
 public:
  struct Options {
    uint64_t part_bytes = 256ull << 20;  ///< a part ends with the line that reaches it
    bool zstd = false;                   ///< part-00000.jsonl.zst, a frame a part, level 3
    std::string stem = "part";           ///< may name a folder that exists: "ledger/decisions"
  };

  /// `finished`: parts that an earlier run left in the folder; these lines come after theirs.
  PartWriter(StagingDirectory& stage, Options options, std::vector<ManifestFile> finished = {});
  PartWriter(PartWriter&&) noexcept;
  PartWriter& operator=(PartWriter&&) = delete;
  ~PartWriter();

  Result<void> append(std::string_view line);
  /// Ends the part that is being written, if there is one.
  Result<void> end_part();
  Result<void> close();

  /// The parts that are whole and on the disk (not yet their names: the folder wants a sync).
  const std::vector<ManifestFile>& finished() const { return finished_; }
  uint64_t num_parts() const { return finished_.size() + (file_ != nullptr ? 1 : 0); }

 private:
  struct Encoder;

  Result<void> open_part();
  Result<void> store(std::string_view bytes);
  Result<void> write(std::string_view bytes, bool ends_part);

  StagingDirectory* stage_;
  Options options_;
  std::unique_ptr<Encoder> encoder_;  ///< null without compression
  std::unique_ptr<WritableFile> file_;
  ManifestFile part_{};  ///< what is in it
  Sha256 hash_;
  uint64_t in_part_ = 0;  ///< of lines
  std::vector<ManifestFile> finished_;
};

}  // namespace yurai

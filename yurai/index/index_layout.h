#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/record/manifest.h"
#include "yurai/record/trace.h"

namespace yurai {

/// What the folder of an index holds, as its manifest says it. Format: docs/formats/index.md.
struct IndexLayout {
  struct Segment {
    std::string dir;     ///< of its files, in the folder; empty for the folder itself
    std::string corpus;  ///< relative to the folder
    std::string corpus_sha256;
    uint64_t num_points = 0;
    uint64_t num_documents = 0;
    uint64_t text_bytes = 0;
  };
  PointMode points = PointMode::kChar;
  std::vector<Segment> segments;  ///< at least one; the first lies in the folder itself
  /// What was taken down, and not yet merged away: `dir` is empty where nothing was.
  Segment taken;
  /// Where the files of the document search are, if there is one: folders, empty for the index's
  /// own, each with those of consecutive documents.
  std::vector<std::string> search_dirs = {""};

  /// The folded twin: for each segment one of its folded documents, in the folder "folded" of its
  /// own; and what was taken down of them, likewise.
  struct Folded {
    std::string folding;  ///< folding_version() of when it was made
    std::vector<Segment> segments;
    Segment taken;
  };
  std::optional<Folded> folded;

  bool is_plain() const { return segments.size() == 1 && taken.dir.empty(); }
};

/// kCorrupt where the manifest does not say what it must.
Result<IndexLayout> read_layout(const std::filesystem::path& dir, const Manifest& manifest);

/// Puts the layout into the manifest of a folder.
void write_layout(const IndexLayout& layout, Manifest& manifest);

/// The manifest of an index, one of several segments too.
Result<Manifest> read_index_manifest(const std::filesystem::path& dir);

/// "DIR/NAME", or the name alone.
std::string name_in(const std::string& dir, std::string_view name);

}  // namespace yurai

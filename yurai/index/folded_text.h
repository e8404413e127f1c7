#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "yurai/base/file.h"
#include "yurai/base/page_cache.h"
#include "yurai/base/page_file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"

/// The documents of a corpus as folding leaves them (yurai/text/fold.h), and the way back. Format:
/// docs/formats/index.md.
namespace yurai {

/// The folder of the folded twin, in that of a segment.
inline constexpr std::string_view kFoldedName = "folded";
inline constexpr std::string_view kFoldedCorpusName = "corpus";
inline constexpr std::string_view kOriginalsName = "originals.bin";

/// Bytes of folded text between two places whose original is stored.
inline constexpr uint64_t kFoldedStride = 1024;

/// A piece of a folded text and where it comes from.
struct FoldedOrigin {
  uint64_t folded_begin = 0;  ///< of the piece, in the text of the folded corpus
  uint64_t begin = 0;         ///< … in the text of the original one
  uint64_t char_begin = 0;    ///< characters of the document before it
};

/// Writes "corpus", with the folded documents under their ids and sources, and originals.bin into
/// the staging folder, and opens that corpus.
Result<Corpus> write_folded_corpus(const Corpus& corpus, StagingDirectory& stage,
                                   const Progress& progress);

/// originals.bin, opened. `folded_bytes`: size of the text of the folded corpus.
Result<PageFile> open_originals(const std::filesystem::path& dir, uint64_t folded_bytes,
                                ReadableFile::Mode mode);

/// The piece that holds byte `stride` · kFoldedStride, which is one of a document, of the text.
Result<FoldedOrigin> read_origin(PageReader& originals, uint64_t stride);

}  // namespace yurai

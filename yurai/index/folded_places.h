#pragma once

#include <cstdint>
#include <vector>

#include "yurai/base/page_cache.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/folded_text.h"
#include "yurai/text/fold.h"

namespace yurai {

/// The way back from the folded twin of an index to its documents: folds a little of a document
/// again, from the nearest place whose original is stored. Keeps what it reads. Not thread-safe;
/// index and folder must outlive it.
class FoldedPlaces {
 public:
  /// `index` was opened with its twin.
  FoldedPlaces(const CorpusIndex& index, Folder& folder);

  /// A part of a document, on borders of pieces.
  struct Place {
    uint64_t position = 0;  ///< in index.corpus().text()
    uint64_t size_bytes = 0;
    uint64_t char_begin = 0;  ///< in the document
    uint64_t char_end = 0;
    /// Bytes at the begin of its folded text that stand before what was asked for: of a character
    /// that folds to several and is taken whole.
    uint64_t skip = 0;
  };
  /// The least part of the document that holds `size_bytes` > 0 bytes of its folded text, from
  /// `position` of index.folded()->corpus().text() on. kCorrupt when the twin does not fit.
  Result<Place> original(uint64_t position, uint64_t size_bytes);

  uint64_t num_reads() const;

 private:
  struct Reader {
    PageReader originals;
    TextReader text;
  };
  struct Pieces {
    FoldedOrigin first;
    uint64_t end = 0;       ///< of the last one, in the text of the original corpus
    uint64_t char_end = 0;  ///< … in the document
  };
  Result<Pieces> pieces(size_t segment, uint64_t folded_begin, uint64_t folded_end,
                        FoldedOrigin from);

  const CorpusIndex& index_;
  Folder& folder_;
  std::vector<Reader> readers_;  ///< one a segment
};

}  // namespace yurai

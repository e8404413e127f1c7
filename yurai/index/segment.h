#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "yurai/base/page_cache.h"
#include "yurai/base/page_file.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/fences.h"
#include "yurai/index/segment_view.h"

namespace yurai {

/// The sorted points of one corpus, opened. Immutable; thread-safe.
struct Segment {
  PageFile leaves;
  Fences fences;
  std::shared_ptr<const Corpus> corpus;
  std::optional<PageFile> originals{};  ///< of a segment of folded documents: folded_text.h

  SegmentView view(PageCache* cache) const { return {fences, leaves, corpus->text(), cache}; }
};

}  // namespace yurai

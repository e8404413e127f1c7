#pragma once

#include "yurai/base/page_cache.h"
#include "yurai/base/page_file.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/fences.h"

namespace yurai {

struct CorpusIndex::State {
  std::filesystem::path dir;
  Manifest manifest;
  PointMode points;
  uint64_t num_points;
  Corpus corpus;
  PageFile leaves;
  Fences fences;
  std::unique_ptr<PageCache> cache;  ///< none when reads go to the disk
};

}  // namespace yurai

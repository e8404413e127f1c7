#pragma once

#include "yurai/base/block_file.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/fences.h"

namespace yurai {

struct CorpusIndex::State {
  std::filesystem::path dir;
  Manifest manifest;
  PointMode points;
  uint64_t num_points;
  Corpus corpus;
  BlockFile leaves;
  Fences fences;
};

}  // namespace yurai

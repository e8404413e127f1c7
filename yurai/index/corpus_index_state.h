#pragma once

#include <optional>

#include "yurai/base/page_cache.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/segment.h"

namespace yurai {

struct CorpusIndex::State {
  std::filesystem::path dir;
  Manifest manifest;
  PointMode points;
  uint64_t num_points;
  std::shared_ptr<const Corpus> corpus;
  std::vector<Segment> segments;
  std::optional<Segment> taken;      ///< what was taken down of them
  std::vector<uint64_t> taken_down;  ///< documents
  std::vector<ArtefactFolder> search_folders;
  std::shared_ptr<PageCache> cache;     ///< none when reads go to the disk; the twin has the same
  std::unique_ptr<CorpusIndex> folded;  ///< the twin, if it was opened

  bool is_plain() const { return segments.size() == 1 && !taken; }
};

}  // namespace yurai

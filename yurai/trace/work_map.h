#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/record/trace.h"

/// What of a whole work, such as a book, stands in the corpus, and where.
namespace yurai {

struct WorkOptions {
  double max_chance = 1;
  uint64_t min_bytes = 30;      ///< shorter spans are not looked for
  uint64_t num_cells = 100;     ///< parts of the map
  uint64_t max_documents = 20;  ///< listed
  uint64_t max_passages = 20;   ///< listed, the longest
};

/// A part of the work and how much of its bytes was found.
struct WorkCell {
  uint64_t byte_begin = 0;
  uint64_t byte_end = 0;
  double share_found = 0;
};

/// A document that holds parts of the work.
struct WorkDocument {
  Document document;   ///< without its text
  uint64_t bytes = 0;  ///< of the work that it holds
  uint64_t spans = 0;
};

struct WorkMap {
  uint64_t bytes = 0;
  uint64_t chars = 0;
  double share_found = 0;  ///< of the bytes, in significant spans
  uint64_t num_spans = 0;
  uint64_t num_documents = 0;  ///< that hold some
  uint64_t num_copies = 0;     ///< that hold at least half of what was found
  std::vector<WorkCell> cells;
  std::vector<WorkDocument> documents;  ///< those that hold most, at most `max_documents`
  /// Of those that hold at least a tenth of what was found, the one with the earliest date that
  /// begins with a year of four digits.
  std::optional<WorkDocument> earliest;
  std::vector<Span> longest;  ///< with up to three documents each
  std::vector<Credit> credits;
  PointMode points = PointMode::kChar;
  CorpusIdentity index;
};

/// The JSON of `yurai trace --work --json`.
Json to_json(const WorkMap& map);

}  // namespace yurai

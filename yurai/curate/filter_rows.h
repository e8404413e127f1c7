#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/corpus/document_reader.h"
#include "yurai/curate/decisions.h"
#include "yurai/record/document.h"

/// What the reader, the chain and the writer of a filter run hand each other.
namespace yurai {

/// A record on its way through.
struct FilterRow {
  InputRecord::Kind kind = InputRecord::Kind::kDocument;
  Document document{};
  std::string json{};    ///< the line as it was read; empty: the input holds no JSON
  std::string reason{};  ///< of a record that is no document
  uint64_t input = 0;
  uint64_t number = 0;
  uint64_t byte = 0;
  std::string_view unit = "line";
  bool finished = false;   ///< by an earlier run: nothing of it is decided or written again
  uint64_t row_hash = 0;   ///< XXH3 of a document's row
  DecisionRow decision{};  ///< this and the rest: of a document that is not finished
  std::string kept_line{};
  std::string decision_text{};
  std::optional<Error> error{};  ///< of a filter: the run ends
};

using FilterBatch = std::vector<FilterRow>;

}  // namespace yurai

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/query/query_parser.h"

/// Where phrases stand together, and how often.
///
///     YURAI_ASSIGN(const PhraseQuery query, parse_phrase_query("猫 AND 犬 WITHIN 50"));
///     YURAI_ASSIGN(const QueryAnswer answer, answer_query(index, query, {}));
///     answer.count;  // exact, if answer.exact
namespace yurai {

struct QueryOptions {
  uint64_t budget = 100'000;  ///< occurrences of the rarest clause that are looked at
  uint64_t limit = 10;        ///< matches shown
};

struct QueryAnswer {
  std::string query;  ///< as understood
  std::optional<uint64_t> within_chars;
  PointMode points = PointMode::kChar;
  bool exact = true;
  /// Matches within so many characters; of WITHIN DOCUMENT the documents that match.
  double count = 0;
  double low = 0;  ///< 95 % interval of an estimate; of an exact count the count
  double high = 0;
  std::optional<uint64_t> documents;  ///< that hold a match; unknown for an estimate
  std::vector<std::string> rarest;    ///< the clause whose occurrences were looked at
  uint64_t occurrences = 0;           ///< of that clause
  uint64_t checked = 0;               ///< of those
  std::vector<Occurrence> matches;    ///< in corpus order, one a document for WITHIN DOCUMENT
};

/// Goes through the occurrences of the clause that has fewest and checks the rest in the text
/// around each. Of more than `budget` occurrences a stratified sample is checked: strata of
/// neighbours in the index's order, two draws each, the same ones for the same query and index.
Result<QueryAnswer> answer_query(const CorpusIndex& index, const PhraseQuery& query,
                                 const QueryOptions& options);

/// The JSON of `yurai index query` and POST /v1/query.
Json to_json(const QueryAnswer& answer);

}  // namespace yurai

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"

/// What a corpus is made of, counted while it is built and kept in its stats.json.
///
///     YURAI_ASSIGN(const CorpusStats stats, corpus_stats(corpus));
///     print_json(to_json(stats));
namespace yurai {

/// Documents and bytes of text that share a source, a licence or a language.
struct StatsGroup {
  std::string name;  ///< empty: the documents that don't say
  uint64_t documents = 0;
  uint64_t bytes = 0;
};

/// Groups by bytes descending, then by name. `other` sums the documents whose name is not among the
/// first kMaxStatsGroups names of the corpus (or kMaxStatsNameBytes of names): memory is bounded.
struct StatsBreakdown {
  std::vector<StatsGroup> groups;
  StatsGroup other;
};
inline constexpr size_t kMaxStatsGroups = 10'000;
inline constexpr size_t kMaxStatsNameBytes = 16 << 20;

/// Documents of [bytes_from, bytes_to) bytes of text.
struct SizeBucket {
  uint64_t bytes_from = 0;
  uint64_t bytes_to = 0;
  uint64_t documents = 0;
};

struct CorpusStats {
  uint64_t documents = 0;
  uint64_t bytes = 0;       ///< of text
  uint64_t characters = 0;  ///< code points of text
  std::string corpus_sha256;
  StatsBreakdown sources;
  StatsBreakdown licenses;
  StatsBreakdown languages;
  uint64_t duplicate_ids = 0;  ///< documents whose id an earlier document has
  uint64_t missing_license = 0;
  std::vector<SizeBucket> size_histogram;  ///< powers of two, from the smallest to the largest
};

/// Reads the stored numbers: no text is read, whatever the size of the corpus. Those of a joined
/// corpus are counted anew, from all of it.
Result<CorpusStats> corpus_stats(const Corpus& corpus);

/// The JSON of `yurai corpus stats --json` and of GET /v1/corpus (docs/cli/corpus.md).
Json to_json(const CorpusStats& stats);

/// Counts documents one by one.
class StatsCollector {
 public:
  void add(const Document& document);
  uint64_t documents() const { return documents_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t characters() const { return characters_; }
  /// The content of stats.json.
  Json stored() const;

 private:
  struct Counter {
    std::unordered_map<std::string, StatsGroup> groups;
    size_t name_bytes = 0;
    StatsGroup other;
    void add(const std::string& name, uint64_t bytes);
    Json stored() const;
  };
  uint64_t documents_ = 0;
  uint64_t bytes_ = 0;
  uint64_t characters_ = 0;
  Counter sources_;
  Counter licenses_;
  Counter languages_;
  std::array<uint64_t, 65> sizes_{};  ///< by bit width of the size
};

}  // namespace yurai

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/corpus_writer.h"

/// Taking documents out of a corpus for good: `yurai corpus takedown`.
///
///     YURAI_ASSIGN(const Corpus corpus, Corpus::open("corpus"));
///     YURAI_ASSIGN(auto stage, StagingDirectory::create("corpus", {.force = true}));
///     YURAI_TRY(take_down(corpus, {.sources = {"blog"}, .who = "legal"}, stage, no_progress));
///     YURAI_TRY(stage.commit());   // the corpus is replaced
namespace yurai {

/// One line of JSON a document that was taken down, in the order they went.
inline constexpr std::string_view kTakedownLogName = "takedowns.jsonl";

/// Which documents go: those that any of the lists names. And what the log says of it.
struct Takedown {
  std::vector<std::string> hashes{};  ///< SHA-256 of the text, lower-case hex
  std::vector<std::string> ids{};
  std::vector<std::string> sources{};
  std::vector<std::string> licenses{};  ///< as the corpus stores them
  std::string who{};
  std::string when{};
  std::string why{};
};

/// The names of a takedown, asked document by document.
class TakedownNames {
 public:
  /// kInvalidArgument when all lists are empty.
  static Result<TakedownNames> make(const Takedown& takedown);
  /// Whether any list names the document.
  bool match(const Document& document, std::string_view text_sha256);
  /// The names that fitted no document so far.
  std::vector<std::string> not_found() const;

 private:
  using Names = std::map<std::string, bool, std::less<>>;  ///< and whether a document had them
  static Names names_of(const std::vector<std::string>& list);

  Names hashes_, ids_, sources_, licenses_;
};

/// What the log says of a document.
std::string takedown_log_line(const Document& document, const std::string& text_sha256,
                              const Takedown& takedown);

/// SHA-256 of the texts that a log names.
Result<std::set<std::string>> hashes_in_takedown_log(const std::string& log);

/// The log of a corpus; empty when nothing was taken down.
Result<std::string> read_takedown_log(const Corpus& corpus);

/// Tells the writer what the corpus could not read.
Result<void> copy_rejects(const Corpus& corpus, CorpusWriter& writer);

struct TakedownSummary {
  uint64_t taken_down = 0;
  std::vector<std::string> not_found;  ///< hashes, ids, sources and licences that named none
  CorpusSummary corpus;                ///< what is left
};

/// {"taken_down","not_found","corpus"}
Json to_json(const TakedownSummary& summary);

/// The hashes of a file: one a line, 64 hex digits; empty lines are skipped. kInvalidArgument names
/// the line that holds something else.
Result<std::vector<std::string>> read_hashes(const std::filesystem::path& path);

/// Writes the corpus without those documents, the others as they are, all but the commit. The log
/// of earlier takedowns goes on. kNotFound when no document is named; kInvalidArgument when all
/// lists are empty.
Result<TakedownSummary> take_down(const Corpus& corpus, const Takedown& takedown,
                                  StagingDirectory& stage, const Progress& progress);

}  // namespace yurai

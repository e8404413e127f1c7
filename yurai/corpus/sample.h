#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/corpus/sample_packages.h"
#include "yurai/record/document.h"

/// A real corpus from Debian's documentation packages: `yurai corpus sample`.
///
///     SampleOptions options{.languages = {"ja"}, .cache = "packages"};
///     YURAI_ASSIGN(const Sample sample, write_sample("corpus", options, progress));
namespace yurai {

/// Documents of one source under one licence, for the summary.
struct SampleRow {
  std::string source;
  std::string version;
  std::string license;  ///< as the corpus names it; empty: unknown
  uint64_t documents = 0;
  uint64_t bytes = 0;
};

struct SampleSummary {
  std::vector<SampleRow> rows;  ///< in the order of the table of packages, then by licence
  uint64_t other_language = 0;  ///< documents left out: in a language that was not asked for
  uint64_t too_short = 0;       ///< … with less than 200 bytes of text
  uint64_t duplicates = 0;      ///< … that hold little but the text of others of their package
};

struct SampleOptions {
  std::vector<std::string> languages = {"ja", "en"};
  std::filesystem::path cache;  ///< where downloaded packages stay
  bool force = false;           ///< replace a corpus that exists
};

struct Sample {
  CorpusSummary corpus;
  SampleSummary sources;
};

/// Downloads the packages, converts their documents and writes the corpus folder `out`.
Result<Sample> write_sample(const std::filesystem::path& out, const SampleOptions& options,
                            const Progress& progress);

/// The packages that hold documents in one of these languages ("ja", "en"). kInvalidArgument for a
/// language that no package is in.
Result<std::vector<std::string>> sample_package_names(const std::vector<std::string>& languages);

/// Converts the documents of the packages one by one, in the order of their paths: the same
/// packages give the same documents.
Result<SampleSummary> read_sample(std::span<const DebFile> debs,
                                  const std::vector<std::string>& languages,
                                  const std::function<Result<void>(const Document&)>& add,
                                  const Progress& progress);

}  // namespace yurai

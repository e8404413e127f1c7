#include "apps/yurai/index_companions.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/index/corpus_index.h"
#include "yurai/search/search_builder.h"
#include "yurai/trace/tracer.h"

namespace yurai::cli {
namespace fs = std::filesystem;

Result<void> check_apart(const fs::path& dir, const fs::path& corpus) {
  std::error_code status;
  const fs::path target = fs::weakly_canonical(dir, status);
  if (status) return fail(io_error("look at", dir, status.value()));
  const fs::path source = fs::weakly_canonical(corpus, status);
  if (status) return fail(io_error("look at", corpus, status.value()));
  const auto [end, ignored] =
      std::mismatch(target.begin(), target.end(), source.begin(), source.end());
  if (end != target.end()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' holds the corpus; give the index a folder of its own",
                          for_terminal(dir.string())));
}

Result<void> add_companions(const IndexBuildOptions& build_options, bool with_search,
                            StagingDirectory& stage, const Progress& progress) {
  IndexOpenOptions open;
  open.cache_bytes = std::min(open.cache_bytes, build_options.memory_bytes / 8);
  open.folded = true;
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(stage.path(), open));
  YURAI_TRY(
      calibrate(index, stage, progress, build_options.memory_bytes, build_options.num_threads));
  if (with_search) {
    SearchBuildOptions options;
    options.memory_bytes = std::min(options.memory_bytes, build_options.memory_bytes / 8);
    options.num_threads = build_options.num_threads;
    YURAI_TRY(build_document_search(index.corpus(), options, stage, progress));
  }
  YURAI_TRY(write_manifest(index.manifest(), stage));
  return {};
}

}  // namespace yurai::cli

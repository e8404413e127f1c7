#pragma once

#include <filesystem>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/index/index_builder.h"

namespace yurai::cli {

/// An index folder that is replaced must not be, or hold, the corpus.
Result<void> check_apart(const std::filesystem::path& dir, const std::filesystem::path& corpus);

/// What else answers questions of a staged index: the calibration, and unless it is unwanted the
/// document search.
Result<void> add_companions(const IndexBuildOptions& build_options, bool with_search,
                            StagingDirectory& stage, const Progress& progress);

}  // namespace yurai::cli

#pragma once

#include <filesystem>

#include "yurai/record/manifest.h"

namespace yurai {

/// Where the files of a manifest lie.
struct ArtefactFolder {
  std::filesystem::path dir;
  Manifest manifest;
};

/// kCorrupt names a file or folder in `dir` that the manifest does not list: what reads the folder
/// could take it for a part of the artefact.
Result<void> check_nothing_added(const std::filesystem::path& dir, const Manifest& manifest);

}  // namespace yurai

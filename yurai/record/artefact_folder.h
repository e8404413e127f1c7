#pragma once

#include <filesystem>

#include "yurai/record/manifest.h"

namespace yurai {

/// Where the files of a manifest lie.
struct ArtefactFolder {
  std::filesystem::path dir;
  Manifest manifest;
};

}  // namespace yurai

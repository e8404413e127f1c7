#include "yurai/record/artefact_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;

Result<void> check_nothing_added(const fs::path& dir, const Manifest& manifest) {
  std::error_code error;
  for (fs::directory_iterator entry(dir, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_listed = std::ranges::any_of(manifest.files, [&](const ManifestFile& file) {
      return file.name == name || file.name.starts_with(name + "/");
    });
    if (is_listed || name == kManifestName) continue;
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} is not listed in {}; remove it",
                            for_terminal(entry->path().string()), kManifestName));
  }
  if (error) return fail(io_error("list", dir, error.value()));
  return {};
}

}  // namespace yurai

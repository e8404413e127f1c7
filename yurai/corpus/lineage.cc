#include "yurai/corpus/lineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "yurai/base/file.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;

Result<Json> lineage_of(const InputList& inputs, const std::vector<ManifestFile>& read) {
  std::map<fs::path, std::optional<Manifest>> folders;
  std::set<fs::path> added;
  Json lineage = Json::array();
  for (size_t i = 0; i < std::min(inputs.files.size(), read.size()); ++i) {
    const fs::path& path = inputs.files[i].path;
    const fs::path folder = path.parent_path();
    const auto [entry, is_new] = folders.try_emplace(folder);
    if (is_new) {
      auto manifest = read_manifest(folder.empty() ? "." : folder);
      if (manifest) entry->second = std::move(*manifest);
    }
    const std::optional<Manifest>& manifest = entry->second;
    if (!manifest) continue;
    const std::string name = path.filename().string();
    const auto file = std::find_if(manifest->files.begin(), manifest->files.end(),
                                   [&](const ManifestFile& one) { return one.name == name; });
    if (file == manifest->files.end()) continue;
    if (file->bytes != read[i].bytes || file->sha256 != read[i].sha256) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("'{}' is not as {} beside it says: it was changed or damaged since; "
                      "make the folder again, or copy the file elsewhere to read it as it is",
                      for_terminal(path.string()), kManifestName));
    }
    if (added.insert(folder).second) add_to_lineage(lineage, *manifest);
  }
  return lineage;
}

}  // namespace yurai

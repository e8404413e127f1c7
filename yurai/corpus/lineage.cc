#include "yurai/corpus/lineage.h"

#include <algorithm>
#include <map>
#include <optional>

namespace yurai {
namespace fs = std::filesystem;

Json lineage_of(const InputList& inputs, const std::vector<ManifestFile>& read) {
  std::map<fs::path, std::optional<Manifest>> folders;
  Json lineage = Json::array();
  for (size_t i = 0; i < std::min(inputs.files.size(), read.size()); ++i) {
    const fs::path& path = inputs.files[i].path;
    const fs::path folder = path.parent_path();
    const auto [entry, is_new] = folders.try_emplace(folder);
    if (is_new) {
      auto manifest = read_manifest(folder.empty() ? "." : folder);
      if (manifest) entry->second = std::move(*manifest);
    }
    std::optional<Manifest>& manifest = entry->second;
    if (!manifest) continue;
    const std::string name = path.filename().string();
    const bool listed =
        std::any_of(manifest->files.begin(), manifest->files.end(), [&](const ManifestFile& file) {
          return file.name == name && file.bytes == read[i].bytes && file.sha256 == read[i].sha256;
        });
    if (!listed) continue;
    add_to_lineage(lineage, *manifest);
    manifest.reset();  // once is enough
  }
  return lineage;
}

}  // namespace yurai

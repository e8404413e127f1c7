#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/record/manifest.h"

/// Debian's documentation packages: which ones the sample takes, and how they come here.
namespace yurai {

enum class SampleKind {
  kHtml,         ///< every .html and .htm file below the folder
  kWrappedHtml,  ///< the same, with the text wrapped inside <pre>
  kManualPages,  ///< every file below the folder
};

struct SamplePackage {
  std::string_view name;
  std::string_view languages;  ///< those it is worth reading for: "ja", "en" or "ja,en"
  SampleKind kind = SampleKind::kHtml;
  std::string_view folder;             ///< where its documents are
  std::string_view source_folder;      ///< what that folder is in the source package
  std::string_view copyright_package;  ///< whose copyright file counts
};

/// The table, in the order of the corpus. No versions: they change with point releases.
std::span<const SamplePackage> sample_packages();

struct DebFile {
  ManifestFile file;  ///< name, size and SHA-256
  std::filesystem::path path;
  std::string package;
  std::string version;
  std::string homepage;  ///< empty when it has none
};

/// The current .deb of each package, in the order asked; downloads with apt-get (as any user) into
/// `cache` what is not there yet. Reports "download" in bytes. kNotFound names the packages that
/// apt doesn't know.
Result<std::vector<DebFile>> fetch_packages(const std::vector<std::string>& packages,
                                            const std::filesystem::path& cache,
                                            const Progress& progress);

/// A folder that goes away with the object.
class ScratchFolder {
 public:
  static Result<ScratchFolder> create();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Unpacks the files of a package; its maintainer scripts stay where they are.
Result<ScratchFolder> unpack_package(const DebFile& deb);

/// The regular files below `root`/`folder`, as paths below `root` in the order of their bytes.
/// Nothing is reached over a symbolic link; names that are not UTF-8 are left out.
Result<std::vector<std::string>> list_files(const std::filesystem::path& root,
                                            std::string_view folder);

}  // namespace yurai

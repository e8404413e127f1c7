#include "yurai/corpus/sample_packages.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <system_error>
#include <utility>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using enum SampleKind;

// Much text for its download, many licences, several registers; 33 MB in all.
constexpr std::array kPackages = {
    SamplePackage{"manpages-ja", "ja", kManualPages, "usr/share/man/ja", "", "manpages-ja"},
    SamplePackage{"manpages-ja-dev", "ja", kManualPages, "usr/share/man/ja", "", "manpages-ja-dev"},
    SamplePackage{"libreoffice-help-ja", "ja", kHtml, "usr/share/libreoffice/help/ja",
                  "helpcontent2/source", "libreoffice-help-ja"},
    SamplePackage{"lilypond-doc-html-ja", "ja", kHtml, "usr/share/doc/lilypond/html/Documentation",
                  "Documentation", "lilypond-doc-html-ja"},
    SamplePackage{"debian-reference-ja", "ja", kHtml, "usr/share/debian-reference", "",
                  "debian-reference-ja"},
    SamplePackage{"developers-reference-ja", "ja", kHtml, "usr/share/developers-reference/ja", "",
                  "developers-reference-ja"},
    SamplePackage{"maint-guide-ja", "ja", kHtml, "usr/share/doc/maint-guide-ja/html", "",
                  "maint-guide-ja"},
    SamplePackage{"aptitude-doc-ja", "ja", kHtml, "usr/share/doc/aptitude/html/ja", "doc",
                  "aptitude-doc-ja"},
    SamplePackage{"debian-faq-ja", "ja", kHtml, "usr/share/doc/debian/FAQ/ja", "", "debian-faq-ja"},
    SamplePackage{"live-manual-html", "ja,en", kHtml, "usr/share/doc/live-manual/html/live-manual",
                  "", "live-manual-html"},
    SamplePackage{"manpages", "en", kManualPages, "usr/share/man", "", "manpages"},
    SamplePackage{"manpages-dev", "en", kManualPages, "usr/share/man", "", "manpages"},
    SamplePackage{"libreoffice-help-en-us", "en", kHtml, "usr/share/libreoffice/help/en-US",
                  "helpcontent2/source", "libreoffice-help-en-us"},
    SamplePackage{"vim-doc", "en", kWrappedHtml, "usr/share/doc/vim/html", "runtime/doc",
                  "vim-doc"},
    SamplePackage{"postgresql-doc-15", "en", kHtml, "usr/share/doc/postgresql-doc-15/html",
                  "doc/src/sgml", "postgresql-doc-15"},
    SamplePackage{"git-doc", "en", kHtml, "usr/share/doc/git-doc", "Documentation", "git-doc"},
    SamplePackage{"exim4-doc-html", "en", kHtml, "usr/share/doc/exim4-doc-html", "",
                  "exim4-doc-html"},
    SamplePackage{"cppreference-doc-en-html", "en", kHtml, "usr/share/cppreference/doc/html/en",
                  "reference/en.cppreference.com/w", "cppreference-doc-en-html"},
};

/// Runs apt-get or dpkg in English, in `folder`.
Result<ProcessResult> run_in(const std::filesystem::path& folder,
                             std::vector<std::string> command) {
  command.insert(command.begin(), {"env", "-C", folder.string(), "LC_ALL=C"});
  YURAI_ASSIGN(ProcessResult result, run_process(command));
  if (result.exit_status == 127) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is missing: the sample is made from Debian packages and needs "
                            "Debian 12 with the packages apt, dpkg and mandoc",
                            command[4]));
  }
  return result;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

/// What apt would download: package → file. apt leaves out what the working folder holds, so this
/// runs in an empty one.
Result<std::map<std::string, ManifestFile>> ask_apt(const std::vector<std::string>& packages) {
  YURAI_ASSIGN(const ScratchFolder empty, ScratchFolder::create());
  std::vector<std::string> command = {"apt-get", "-qq", "download", "--print-uris"};
  command.insert(command.end(), packages.begin(), packages.end());
  YURAI_ASSIGN(const ProcessResult result, run_in(empty.path(), command));
  if (result.exit_status != 0) {
    return fail(ErrorCode::kNotFound,
                fmt::format("apt finds no package for the sample: {}; run 'apt-get update' as root "
                            "(Debian 12), then again",
                            last_line(result.err)));
  }
  std::map<std::string, ManifestFile> files;  // lines: 'URI' name size SHA256:hex
  for (std::string_view rest = result.out; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    line.remove_prefix(std::min(line.find("' "), line.size() - std::min<size_t>(line.size(), 2)));
    std::array<std::string_view, 3> words;
    for (std::string_view& word : words) {
      line.remove_prefix(std::min(line.find(' '), line.size()));
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      word = line.substr(0, line.find(' '));
    }
    ManifestFile file;
    file.name = words[0];
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), file.bytes);
    if (words[2].starts_with("SHA256:")) file.sha256 = words[2].substr(7);
    if (file.name.find('/') == std::string::npos && file.bytes > 0) {
      files.emplace(file.name.substr(0, file.name.find('_')), file);
    }
  }
  return files;
}

/// Whether the cache holds exactly this file; fills in the hash where apt gave none.
bool is_cached(const std::filesystem::path& path, ManifestFile& file) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) != file.bytes || error) return false;
  const Result<std::string> bytes = read_file(path);
  if (!bytes) return false;
  const std::string sha256 = sha256_hex(*bytes);
  if (file.sha256.empty()) file.sha256 = sha256;
  return file.sha256 == sha256;
}

Result<std::string> read_field(const std::filesystem::path& deb, std::string_view name) {
  YURAI_ASSIGN(const ProcessResult result,
               run_in(".", {"dpkg-deb", "--field", deb.string(), std::string(name)}));
  if (result.exit_status != 0) {
    return fail(ErrorCode::kCorrupt, fmt::format("'{}' is no Debian package: {}; remove it and run "
                                                 "again",
                                                 deb.string(), last_line(result.err)));
  }
  return last_line(result.out);
}

}  // namespace

std::span<const SamplePackage> sample_packages() { return kPackages; }

Result<std::vector<DebFile>> fetch_packages(const std::vector<std::string>& packages,
                                            const std::filesystem::path& cache,
                                            const Progress& progress) {
  YURAI_ASSIGN(auto known, ask_apt(packages));
  uint64_t total_bytes = 0;
  std::string missing;
  for (const std::string& package : packages) {
    const auto found = known.find(package);
    if (found == known.end()) missing += " " + package;
    if (found != known.end()) total_bytes += found->second.bytes;
  }
  if (!missing.empty()) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("apt offers no file for{}; run 'apt-get update' as root, then again", missing));
  }
  std::error_code error;
  std::filesystem::create_directories(cache, error);
  if (error) return fail(io_error("create folder", cache, error.value()));

  std::vector<DebFile> debs;
  uint64_t done_bytes = 0;
  for (const std::string& package : packages) {
    progress("download", done_bytes, total_bytes);
    ManifestFile file = known.at(package);
    const std::filesystem::path path = std::filesystem::absolute(cache) / file.name;
    if (!is_cached(path, file)) {
      std::filesystem::remove(path, error);
      YURAI_ASSIGN(const ProcessResult result,
                   run_in(cache, {"apt-get", "-qq", "download", package}));
      if (!is_cached(path, file)) {
        return fail(ErrorCode::kUnavailable,
                    fmt::format("download of {} failed: {}; if the mirror has a newer version by "
                                "now, run 'apt-get update' as root, then again",
                                file.name, last_line(result.err)));
      }
    }
    done_bytes += file.bytes;
    DebFile deb{std::move(file), path, package, {}, {}};
    YURAI_ASSIGN(deb.version, read_field(path, "Version"));
    YURAI_ASSIGN(deb.homepage, read_field(path, "Homepage"));
    debs.push_back(std::move(deb));
  }
  progress("download", done_bytes, total_bytes);
  return debs;
}

Result<ScratchFolder> ScratchFolder::create() {
  std::error_code error;
  const std::filesystem::path base = std::filesystem::temp_directory_path(error);
  if (error) return fail(io_error("find folder", "TMPDIR", error.value()));
  std::string name = (base / "yurai-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return fail(io_error("create folder", name, errno));
  return ScratchFolder(name);
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<ScratchFolder> unpack_package(const DebFile& deb) {
  YURAI_ASSIGN(ScratchFolder folder, ScratchFolder::create());
  YURAI_ASSIGN(const ProcessResult result,
               run_in(".", {"dpkg-deb", "-x", deb.path.string(), folder.path().string()}));
  if (result.exit_status != 0) {
    return fail(ErrorCode::kIo, fmt::format("unpacking {} failed: {}; free some space, or remove "
                                            "the file, and run again",
                                            deb.path.string(), last_line(result.err)));
  }
  return folder;
}

Result<std::vector<std::string>> list_files(const std::filesystem::path& root,
                                            std::string_view folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path top = root;
  for (const fs::path& part : fs::path(folder)) {
    top /= part;
    if (fs::symlink_status(top, error).type() != fs::file_type::directory) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("the package has no folder '{}': its layout has changed", folder));
    }
  }
  std::vector<std::string> files;
  fs::recursive_directory_iterator entry(top, error);  // doesn't follow links
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const fs::file_status status = entry->symlink_status(error);
    if (error) break;
    const std::string path = entry->path().lexically_relative(root).string();
    if (status.type() == fs::file_type::regular && !find_invalid_utf8(path)) files.push_back(path);
  }
  if (error) return fail(io_error("read folder", top, error.value()));
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace yurai

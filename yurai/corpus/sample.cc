#include "yurai/corpus/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "yurai/base/file.h"
#include "yurai/corpus/html.h"
#include "yurai/corpus/language.h"
#include "yurai/corpus/license.h"
#include "yurai/corpus/sample_copyright.h"
#include "yurai/corpus/sample_man.h"

namespace yurai {
namespace {

constexpr size_t kMinDocumentBytes = 200;
constexpr uint64_t kMaxFileBytes = 64ull << 20;
constexpr size_t kNumThreads = 2;

bool is_among(std::string_view word, std::string_view comma_separated) {
  while (!comma_separated.empty()) {
    const size_t end = std::min(comma_separated.find(','), comma_separated.size());
    if (comma_separated.substr(0, end) == word) return true;
    comma_separated.remove_prefix(std::min(end + 1, comma_separated.size()));
  }
  return false;
}

const SamplePackage* find_package(std::string_view name) {
  for (const SamplePackage& package : sample_packages()) {
    if (package.name == name) return &package;
  }
  return nullptr;
}

/// A file of a package and what was found in it.
struct Page {
  std::string path;
  ExtractedText text;
  std::string language;
};

Result<Page> read_page(SampleKind kind, const std::filesystem::path& root, std::string path) {
  Page page{std::move(path), {}, {}};
  if (kind == SampleKind::kManualPages) {
    YURAI_ASSIGN(page.text, extract_man_page(root / page.path));
  } else {
    YURAI_ASSIGN(const std::string html, read_file(root / page.path, kMaxFileBytes));
    const bool wrapped = kind == SampleKind::kWrappedHtml;
    page.text = extract_html(html, wrapped ? HtmlKind::kWrapped : HtmlKind::kPage);
  }
  page.language = detect_language(join(page.text.paragraphs));
  return page;
}

/// Reads the package's files with a few threads; the result is in the order of their paths.
Result<std::vector<Page>> read_pages(const SamplePackage& package,
                                     const std::filesystem::path& root,
                                     const std::function<void(double share)>& progress) {
  YURAI_ASSIGN(std::vector<std::string> files, list_files(root, package.folder));
  if (package.kind != SampleKind::kManualPages) {
    std::erase_if(files, [](const std::string& file) {
      return !file.ends_with(".html") && !file.ends_with(".htm");
    });
  }
  std::vector<Page> pages(files.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failed;
  const auto work = [&](bool reports) {
    for (size_t i = next++; i < files.size(); i = next++) {
      if (reports) progress(static_cast<double>(i) / static_cast<double>(files.size()));
      Result<Page> page = read_page(package.kind, root, std::move(files[i]));
      if (page) {
        pages[i] = std::move(*page);
      } else {
        const std::lock_guard lock(mutex);
        failed = page.error();
        next = files.size();
      }
    }
  };
  std::vector<std::jthread> others;
  for (size_t i = 1; i < kNumThreads; ++i) others.emplace_back(work, false);
  work(true);
  others.clear();
  if (failed) return fail(*failed);
  return pages;
}

/// The page's place in the source package, as its copyright file names files.
std::string source_path(const SamplePackage& package, std::string_view path) {
  path.remove_prefix(std::min(package.folder.size() + 1, path.size()));
  if (path.ends_with(".gz")) path.remove_suffix(3);
  return package.source_folder.empty() ? std::string(path)
                                       : fmt::format("{}/{}", package.source_folder, path);
}

std::string title_of(const ExtractedText& text, std::string_view path) {
  if (!text.title.empty()) return text.title;
  for (const Paragraph& paragraph : text.paragraphs) {
    if (paragraph.heading) return paragraph.text;
  }
  return std::string(path.substr(path.rfind('/') + 1));
}

/// The licence and holder that a man page itself names win over those of its package.
NoticeOrigin origin_of(const SamplePackage& package, const CopyrightFile& copyright,
                       std::string_view path, std::string_view notice) {
  NoticeOrigin origin = copyright.origin_of(source_path(package, path));
  if (package.kind != SampleKind::kManualPages) return origin;
  NoticeOrigin own = origin_of_notice(notice);
  if (!own.license.empty()) origin.license = std::move(own.license);
  if (!own.author.empty()) origin.author = std::move(own.author);
  return origin;
}

/// Runs a function over the texts of all pages.
template <class Function>
void change_texts(std::vector<Page>& pages, Function change) {
  std::vector<ExtractedText> texts;
  for (Page& page : pages) texts.push_back(std::move(page.text));
  change(texts);
  for (size_t i = 0; i < pages.size(); ++i) pages[i].text = std::move(texts[i]);
}

/// Removes pages without text; returns how many.
uint64_t drop_empty(std::vector<Page>& pages) {
  return std::erase_if(pages, [](const Page& page) { return page.text.paragraphs.empty(); });
}

class Reader {
 public:
  Reader(const std::vector<std::string>& languages,
         const std::function<Result<void>(const Document&)>& add)
      : languages_(languages), add_(add) {}

  Result<void> read(const DebFile& deb, const SamplePackage& package,
                    const std::function<void(double)>& progress) {
    YURAI_ASSIGN(const ScratchFolder root, unpack_package(deb));
    YURAI_TRY(keep_copyright(deb.package, root.path()));
    const auto copyright = copyrights_.find(std::string(package.copyright_package));
    if (copyright == copyrights_.end()) {
      return fail(ErrorCode::kNotFound, fmt::format("{}: no copyright file of {}", deb.package,
                                                    package.copyright_package));
    }
    YURAI_ASSIGN(std::vector<Page> pages, read_pages(package, root.path(), progress));
    summary_.too_short += drop_empty(pages);
    change_texts(pages, drop_copies);  // first: a manual on one page mixes languages
    summary_.duplicates += drop_empty(pages);
    drop_other_languages(package, pages);
    change_texts(pages, drop_repeats);
    std::map<std::string, SampleRow> rows;
    for (const Page& page : pages) {
      Document document;
      document.text = join(page.text.paragraphs);
      if (document.text.size() < kMinDocumentBytes) {
        ++summary_.too_short;
        continue;
      }
      NoticeOrigin origin = origin_of(package, copyright->second, page.path, page.text.notice);
      document.id = fmt::format("debian:{}/{}", deb.package, page.path);
      document.source = deb.package;
      document.license = normalize_license(origin.license).name;
      document.author = std::move(origin.author);
      document.url = deb.homepage;
      document.title = title_of(page.text, page.path);
      document.lang = page.language;
      SampleRow& row = rows[document.license];
      ++row.documents;
      row.bytes += document.text.size();
      YURAI_TRY(add_(document));
    }
    for (auto& [license, row] : rows) {
      row.source = deb.package;
      row.version = deb.version;
      row.license = license;
      summary_.rows.push_back(std::move(row));
    }
    return {};
  }

  SampleSummary summary() && { return std::move(summary_); }

 private:
  Result<void> keep_copyright(const std::string& package, const std::filesystem::path& root) {
    const std::string folder = "usr/share/doc/" + package;
    const Result<std::vector<std::string>> files = list_files(root, folder);
    if (!files) return {};  // a link to another package's folder
    if (!std::binary_search(files->begin(), files->end(), folder + "/copyright")) return {};
    YURAI_ASSIGN(const std::string bytes, read_file(root / folder / "copyright", kMaxFileBytes));
    copyrights_.emplace(package, CopyrightFile::parse(bytes));
    return {};
  }

  void drop_other_languages(const SamplePackage& package, std::vector<Page>& pages) {
    std::erase_if(pages, [&](const Page& page) {
      const bool asked =
          std::find(languages_.begin(), languages_.end(), page.language) != languages_.end();
      if (asked && is_among(page.language, package.languages)) return false;
      ++summary_.other_language;
      return true;
    });
  }

  const std::vector<std::string>& languages_;
  const std::function<Result<void>(const Document&)>& add_;
  std::map<std::string, CopyrightFile> copyrights_;  ///< of the packages read so far
  SampleSummary summary_;
};

}  // namespace

Result<std::vector<std::string>> sample_package_names(const std::vector<std::string>& languages) {
  std::vector<std::string> names;
  std::set<std::string> served;
  for (const SamplePackage& package : sample_packages()) {
    bool wanted = false;
    for (const std::string& language : languages) {
      if (!is_among(language, package.languages)) continue;
      served.insert(language);
      wanted = true;
    }
    if (wanted) names.emplace_back(package.name);
  }
  for (const std::string& language : languages) {
    if (served.contains(language)) continue;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("no package of the sample is in language '{}'; known: en, ja", language));
  }
  return names;
}

Result<SampleSummary> read_sample(std::span<const DebFile> debs,
                                  const std::vector<std::string>& languages,
                                  const std::function<Result<void>(const Document&)>& add,
                                  const Progress& progress) {
  uint64_t total_bytes = 0;
  for (const DebFile& deb : debs) total_bytes += deb.file.bytes;
  uint64_t done_bytes = 0;
  Reader reader(languages, add);
  for (const DebFile& deb : debs) {
    const SamplePackage* package = find_package(deb.package);
    if (package == nullptr) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is no package of the sample", deb.package));
    }
    YURAI_TRY(reader.read(deb, *package, [&](double share) {
      const double part = share * static_cast<double>(deb.file.bytes);
      progress("convert", done_bytes + static_cast<uint64_t>(part), total_bytes);
    }));
    done_bytes += deb.file.bytes;
  }
  progress("convert", total_bytes, total_bytes);
  return std::move(reader).summary();
}

Result<Sample> write_sample(const std::filesystem::path& out, const SampleOptions& options,
                            const Progress& progress) {
  YURAI_ASSIGN(const std::vector<std::string> names, sample_package_names(options.languages));
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(out, {.force = options.force}));
  YURAI_ASSIGN(const std::vector<DebFile> debs, fetch_packages(names, options.cache, progress));
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
  Sample sample;
  YURAI_ASSIGN(sample.sources,
               read_sample(
                   debs, options.languages,
                   [&](const Document& document) { return writer.add(document); }, progress));
  Manifest manifest;
  manifest.configuration["sample"] = "debian";
  manifest.configuration["languages"] = options.languages;
  for (const DebFile& deb : debs) {
    manifest.inputs.push_back(deb.file);
    manifest.configuration["packages"][deb.package] = deb.version;
  }
  YURAI_ASSIGN(sample.corpus, writer.finish(std::move(manifest), progress));
  YURAI_TRY(stage.commit());
  return sample;
}

}  // namespace yurai

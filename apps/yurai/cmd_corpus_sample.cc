#include "apps/yurai/cmd_corpus_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/sample.h"

namespace yurai::cli {
namespace {

struct Options {
  std::string out;
  std::string cache;
  std::vector<std::string> languages = {"ja", "en"};
  bool force = false;
  bool json = false;
};

/// XDG_CACHE_HOME, or ~/.cache.
Result<std::filesystem::path> default_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::filesystem::path(cache) / "yurai/packages";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".cache/yurai/packages";
  return fail(ErrorCode::kInvalidArgument,
              "no folder for the downloads: HOME is not set; name one with --cache DIR");
}

std::string megabytes(uint64_t bytes) {
  return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6);
}

/// A source's largest licence and the number of its others: one line a source.
struct SourceLine {
  SampleRow sum;  ///< `license` is the largest's
  uint64_t largest = 0;
  size_t others = 0;
};

std::vector<SourceLine> by_source(const std::vector<SampleRow>& rows) {
  std::vector<SourceLine> lines;
  for (const SampleRow& row : rows) {
    const bool stated = !row.license.empty();
    if (lines.empty() || lines.back().sum.source != row.source) {
      lines.push_back({{row.source, row.version, "", 0, 0}, 0, 0});
    }
    SourceLine& line = lines.back();
    line.sum.documents += row.documents;
    line.sum.bytes += row.bytes;
    if (stated && !line.sum.license.empty()) ++line.others;
    if (stated && row.bytes >= line.largest) {
      line.sum.license = row.license;
      line.largest = row.bytes;
    }
  }
  return lines;
}

Result<void> print_summary(const Options& options, const Sample& sample) {
  std::vector<std::vector<std::string>> rows = {{tr("source", "出典"), tr("version", "版"),
                                                 tr("licence", "ライセンス"),
                                                 tr("documents", "文書"), "MB"}};
  uint64_t not_stated = 0;
  for (const SampleRow& row : sample.sources.rows) {
    if (row.license.empty()) not_stated += row.documents;
  }
  for (const SourceLine& line : by_source(sample.sources.rows)) {
    std::string license = line.sum.license.empty() ? tr("(not stated)", "（記載なし）")
                                                   : for_terminal(line.sum.license);
    if (line.others > 0) {
      license += fmt::format(fmt::runtime(tr(" and {} more", " ほか {} 種")), line.others);
    }
    rows.push_back({for_terminal(line.sum.source), for_terminal(line.sum.version), license,
                    fmt::format("{}", line.sum.documents), megabytes(line.sum.bytes)});
  }
  rows.push_back({tr("total", "合計"), "", "", fmt::format("{}", sample.corpus.documents),
                  megabytes(sample.corpus.bytes)});
  YURAI_TRY(print(table(rows, 3)));
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("\nNo licence is stated in {} documents. Left out: {} files in other "
                      "languages, {} with hardly any text, {} with the text of another.\n",
                      "\nライセンスの記載がない文書は {}。除いたファイル: 対象外の言語 "
                      "{}、本文がほとんどない {}、"
                      "本文が他と同じ {}。\n")),
      not_stated, sample.sources.other_language, sample.sources.too_short,
      sample.sources.duplicates)));
  return print(fmt::format(fmt::runtime(tr("Next: yurai index build INDEX --corpus {}\n",
                                           "次は: yurai index build INDEX --corpus {}\n")),
                           for_terminal(options.out)));
}

Result<void> sample(const Options& options) {
  SampleOptions wanted;
  wanted.languages = options.languages;
  wanted.force = options.force;
  wanted.cache = options.cache;
  if (options.cache.empty()) {
    YURAI_ASSIGN(wanted.cache, default_cache());
  }
  ProgressBar bar;
  Result<Sample> written = write_sample(options.out, wanted, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Sample done, std::move(written));
  if (options.json) return print_json(to_json(done.corpus));
  return print_summary(options, done);
}

}  // namespace

void add_corpus_sample_command(CLI::App& corpus) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = corpus.add_subcommand(
      "sample", tr("A real corpus from Debian's documentation packages (downloads 33 MB with apt)",
                   "Debian の文書パッケージから実物のコーパスを作る（apt で 33 MB を取得）"));
  verb->add_option("OUT", options->out,
                   tr("Folder of the new corpus", "新しいコーパスのフォルダー"))
      ->required();
  verb->add_option("--lang", options->languages,
                   tr("Languages, with commas between", "言語（コンマ区切り）"))
      ->delimiter(',')
      ->check(
          checked_by([](const std::string& language) { return sample_package_names({language}); }))
      ->capture_default_str();
  verb->add_option("--cache", options->cache,
                   tr("Folder where downloaded packages stay (default: ~/.cache/yurai/packages)",
                      "取得したパッケージを置くフォルダー（既定: ~/.cache/yurai/packages）"));
  verb->add_flag("--force", options->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return sample(*options); }); });
}

}  // namespace yurai::cli

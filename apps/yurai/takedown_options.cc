#include "apps/yurai/takedown_options.h"

#include <fmt/format.h>

#include "apps/yurai/wrong_command.h"
#include "yurai/base/terminal.h"

namespace yurai::cli {

void add_takedown_options(CLI::App& verb, TakedownOptions& options) {
  Takedown& takedown = options.takedown;
  verb.add_option(
      "--hashes", options.hashes,
      tr("file with the SHA-256 of a text a line", "本文の SHA-256 を 1 行に 1 つ書いたファイル"));
  verb.add_option("--id", takedown.ids,
                  tr("id of documents; may be repeated", "文書の id（繰り返し可）"))
      ->allow_extra_args(false);
  verb.add_option("--source", takedown.sources,
                  tr("source of documents; may be repeated", "出典（繰り返し可）"))
      ->allow_extra_args(false);
  verb.add_option("--license", takedown.licenses,
                  tr("licence of documents as stored; may be repeated",
                     "保存されたライセンス名（繰り返し可）"))
      ->allow_extra_args(false);
  verb.add_option("--who", takedown.who, tr("who decided, for the log", "決めた人（記録用）"))
      ->required();
  verb.add_option("--when", takedown.when, tr("when, for the log", "日時（記録用）"))->required();
  verb.add_option("--why", takedown.why, tr("why, for the log", "理由（記録用）"))->required();
}

Result<Takedown> takedown_of(const TakedownOptions& options) {
  Takedown wanted = options.takedown;
  if (options.hashes.empty() && wanted.ids.empty() && wanted.sources.empty() &&
      wanted.licenses.empty()) {
    return wrong_command(tr("nothing to take down: name --hashes, --id, --source or --license",
                            "取り下げる文書の指定がない: --hashes・--id・--source・--license "
                            "のどれかを使う"));
  }
  if (!options.hashes.empty()) {
    YURAI_ASSIGN(wanted.hashes, read_hashes(options.hashes));
  }
  return wanted;
}

Result<void> print_not_found(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    YURAI_TRY(
        print(fmt::format(fmt::runtime(tr("names no document: {}\n", "該当する文書なし: {}\n")),
                          for_terminal(name))));
  }
  return {};
}

}  // namespace yurai::cli

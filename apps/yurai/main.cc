#include <fmt/format.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_model.h"
#include "apps/yurai/wrong_words.h"
#include "yurai/record/manifest.h"

namespace {

/// The parser's help in the reader's language: the words that it does not take as labels.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    for (const auto& [key, text] :
         {std::pair{"Usage", yurai::cli::tr("Usage", "使い方")},
          std::pair{"OPTIONS", yurai::cli::tr("OPTIONS", "オプション")},
          std::pair{"SUBCOMMAND", yurai::cli::tr("SUBCOMMAND", "コマンド")},
          std::pair{"SUBCOMMANDS", yurai::cli::tr("SUBCOMMANDS", "コマンド")},
          std::pair{"Positionals", yurai::cli::tr("Positionals", "引数")},
          std::pair{"REQUIRED", yurai::cli::tr("REQUIRED", "（必須）")},
          std::pair{"Excludes", yurai::cli::tr("Excludes", "併用不可")},
          std::pair{"Needs", yurai::cli::tr("Needs", "前提")},
          std::pair{"TEXT", yurai::cli::tr("TEXT", "文字列")},
          std::pair{"INT", yurai::cli::tr("INT", "整数")},
          std::pair{"UINT", yurai::cli::tr("UINT", "整数")},
          std::pair{"FLOAT", yurai::cli::tr("FLOAT", "数")}}) {
      label(key, text);
    }
  }

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    if (group == "Options") group = yurai::cli::tr("Options", "オプション");
    return CLI::Formatter::make_group(std::move(group), is_positional, std::move(options));
  }

  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_subcommands(app, mode);
    constexpr std::string_view kHeading = "\nSubcommands:\n";
    if (!text.starts_with(kHeading)) return text;
    return yurai::cli::tr(kHeading, "\nコマンド:\n") + text.substr(kHeading.size());
  }
};

}  // namespace

/// The table of commands. Exit status: 0 done, 1 failed, 2 wrong command line.
int main(int argc, char** argv) {
  using namespace yurai::cli;
  using yurai::for_terminal;
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write error like any other
  std::signal(SIGXFSZ, SIG_IGN);  // so is a file size limit

  set_command_line(argc, argv);
  CLI::App app(tr("Yurai: walk any sentence of an answer back to the documents behind it",
                  "Yurai（由来）: 答えの一文一文を、もとの文書までたどる"),
               "yurai");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", tr("Print this help and exit", "この説明を表示して終わる"));
  app.set_version_flag("--version", fmt::format("yurai {}", yurai::kToolVersion),
                       tr("Print the version and exit", "版を表示して終わる"));
  app.require_subcommand(1);
  add_ask_command(app);
  add_corpus_commands(app);
  add_index_commands(app);
  add_info_command(app);
  add_trace_command(app);
  add_generate_command(app);
  add_serve_command(app);
  add_tokenizer_commands(app);
  add_train_command(app);
  add_ledger_commands(app);
  add_model_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream message;  // holds words of the command line
    if (app.exit(error, std::cout, message) == 0) return std::cout.flush() ? 0 : 1;
    const std::string wrong = wrong_word(app, {argv + 1, argv + argc});
    if (!wrong.empty()) message.str(wrong + "\n");
    yurai::print_error(for_terminal("yurai: " + message.str(), true));
    return 2;
  }
  return exit_status();
}

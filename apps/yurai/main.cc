#include <fmt/format.h>

#include <csignal>
#include <iostream>
#include <sstream>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_model.h"
#include "apps/yurai/wrong_words.h"
#include "yurai/record/manifest.h"

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
  app.set_version_flag("--version", fmt::format("yurai {}", yurai::kToolVersion));
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

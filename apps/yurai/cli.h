#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/base/terminal.h"
#include "yurai/record/document.h"

/// What every command shares. A command file registers its verbs on the application; a verb's
/// callback sets `exit_status` through `run`.
namespace yurai::cli {

/// Chooses the text for a person: Japanese where YURAI_LANG, LC_ALL, LC_MESSAGES or LANG (the first
/// that is set) begins with "ja".
std::string tr(std::string_view english, std::string_view japanese);

/// Runs a verb after parsing: prints an error on stderr as "yurai: <message>" and turns it into the
/// exit status (0 done, 1 failed; 2, a wrong command line, is the parser's).
///
///     verb->callback([=] { run([&]() -> Result<void> { ...; return {}; }); });
void run(const std::function<Result<void>()>& verb);

/// Prints one JSON line on stdout. Fails when stdout does (a full disk, a closed pipe).
Result<void> print_json(const Json& json);

/// Prints text for a person on stdout; the caller has escaped what is untrusted.
Result<void> print(std::string_view text);

/// All of the standard input, at most so much.
Result<std::string> read_standard_input(uint64_t max_bytes);

/// Whether stdout is a terminal that may be coloured (isatty, no NO_COLOR, TERM is not dumb).
bool colour();

/// Title, source and licence, as far as they are known, two spaces before each; escaped.
std::string origin_text(const Document& document);

/// A message for a person on stderr, with a newline added.
void say(std::string_view text);

/// Exit status of the last `run`.
int exit_status();

/// The words of the command line, once; then the line as a shell takes it, to be said again.
void set_command_line(int argc, const char* const* argv);
const std::string& command_line();
/// The words themselves, as main() had them.
const char* const* arguments_of_program();

/// A byte count such as 4G, 512M, 64K or 1000.
Result<uint64_t> parse_bytes(std::string_view text);

/// The same, more than 0.
Result<uint64_t> parse_part_size(std::string_view text);

/// How many threads to use where `given` (0: not given) are asked for: of many more than the
/// machine has processors only so many as it can use, which is said. The result is the same for any
/// number.
int threads_to_use(int given);

/// A whole number of 0 or more that a uint64_t holds; without leading zeros, which the parser would
/// take for octal.
Result<uint64_t> parse_count(std::string_view text);

/// For the parser: what an option's reader has against its text, so that the command line is wrong.
///
///     verb->add_option("--memory", …)->check(checked_by(parse_bytes));
template <class Parse>
std::function<std::string(const std::string&)> checked_by(Parse parse) {
  return [parse](const std::string& text) {
    const auto value = parse(text);
    return value ? std::string() : for_terminal(value.error().message);
  };
}

/// For the parser, beside CLI::Range, which takes what is no number.
inline std::string no_nan(const std::string& text) {
  return text.find_first_of("nN") == std::string::npos ? "" : "a number is needed";
}

// One function a noun, in cmd_<noun>.cc.
void add_corpus_commands(CLI::App& app);
void add_index_commands(CLI::App& app);
void add_info_command(CLI::App& app);
void add_trace_command(CLI::App& app);
void add_generate_command(CLI::App& app);
void add_serve_command(CLI::App& app);
void add_tokenizer_commands(CLI::App& app);
void add_train_command(CLI::App& app);
void add_ask_command(CLI::App& app);
void add_ledger_commands(CLI::App& app);

/// Every member, those of members that are objects as "outer.inner".
std::vector<std::pair<std::string, Json>> flat_members(const Json& object);

}  // namespace yurai::cli

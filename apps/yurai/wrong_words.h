#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>

namespace yurai::cli {

/// What is wrong with a command line that the parser refused, where a word is at fault that no verb
/// or option has; else an empty string.
///
///     yurai corpus bild C in.jsonl   →  no verb 'bild'; did you mean 'build'? See yurai corpus
///     --help
std::string wrong_word(const CLI::App& app, std::span<const char* const> words);

}  // namespace yurai::cli

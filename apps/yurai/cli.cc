#include "apps/yurai/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <system_error>
#include <thread>

#include "apps/yurai/wrong_command.h"
#include "yurai/base/file.h"
#include "yurai/base/terminal.h"

namespace yurai::cli {
namespace {

int last_status = 0;
bool is_command_wrong = false;
std::string typed_command;
const char* const* program_arguments = nullptr;

bool japanese() {
  for (const char* name : {"YURAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return std::string_view(value).starts_with("ja");
  }
  return false;
}

/// What a verb throws instead of returning: libraries below throw for want of memory, mostly.
Result<void> caught(const std::function<Result<void>()>& verb) {
  try {
    return verb();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kResourceExhausted, "out of memory");
  } catch (const std::exception& error) {
    return fail(ErrorCode::kIo, error.what());
  }
}

/// What a verb has done before it prints its result is not undone. Whoever closed the pipe (`head`)
/// knows that the rest is missing.
Result<void> not_printed(int error_number) {
  if (error_number == EPIPE) return fail(ErrorCode::kCancelled, "");
  return fail(
      ErrorCode::kIo,
      fmt::format("the result could not be written to standard output: {}; what was done stays",
                  std::generic_category().message(error_number)));
}

}  // namespace

std::string tr(std::string_view english, std::string_view japanese_text) {
  return std::string(japanese() ? japanese_text : english);
}

void run(const std::function<Result<void>()>& verb) {
  Result<void> result = caught(verb);
  if (result && std::fflush(stdout) != 0) {
    result = not_printed(errno);
  }
  last_status = result ? 0 : is_command_wrong ? 2 : 1;
  if (!result && !result.error().message.empty()) {
    say("yurai: " + for_terminal(result.error().message));
  }
}

tl::unexpected<Error> wrong_command(std::string message) {
  is_command_wrong = true;
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

int exit_status() { return last_status; }

void set_command_line(int argc, const char* const* argv) {
  program_arguments = argv;
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (i > 0) typed_command += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) {
      typed_command += word;
      continue;
    }
    typed_command += '\'';
    for (const char c : word) {
      if (c == '\'') {
        typed_command += "'\\''";
      } else {
        typed_command += c;
      }
    }
    typed_command += '\'';
  }
}

const std::string& command_line() { return typed_command; }
const char* const* arguments_of_program() { return program_arguments; }

Result<void> print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return not_printed(errno);
}

Result<void> print_json(const Json& json) { return print(dump_json(json) + "\n"); }

std::string origin_text(const Document& document) {
  std::string text;
  for (const std::string* field : {&document.title, &document.source, &document.license}) {
    if (!field->empty()) text += "  " + for_terminal(*field);
  }
  return text;
}

Result<std::string> read_standard_input(uint64_t max_bytes) {
  std::string bytes;
  char buffer[64 << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) return bytes;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(io_error("read", "standard input", errno));
    bytes.append(buffer, static_cast<size_t>(got));
    if (bytes.size() > max_bytes) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("standard input has more than {} bytes", max_bytes));
    }
  }
}

bool colour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

void say(std::string_view text) { print_error(std::string(text) + "\n"); }

int threads_to_use(int given) {
  const int processors =
      static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 256u));
  if (given <= 0) return processors;
  const int most = std::max(16, 4 * processors);
  if (given <= most) return given;
  say(fmt::format(fmt::runtime(tr("--threads {}: {} are used, for there are {} processors",
                                  "--threads {0}: CPU は {2} 個なので {1} スレッドを使う")),
                  given, most, processors));
  return most;
}

Result<uint64_t> parse_bytes(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "K" || unit == "k") shift = 10;
  if (unit == "M" || unit == "m") shift = 20;
  if (unit == "G" || unit == "g") shift = 30;
  if (unit == "T" || unit == "t") shift = 40;
  if (error != std::errc() || shift < 0 || value > (~0ull >> shift)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no size; write a number with K, M, G or T, such as 4G",
                            for_terminal(text)));
  }
  return value << shift;
}

Result<uint64_t> parse_part_size(std::string_view text) {
  YURAI_ASSIGN(const uint64_t bytes, parse_bytes(text));
  if (bytes == 0) return fail(ErrorCode::kInvalidArgument, "a part must hold more than 0 bytes");
  return bytes;
}

Result<uint64_t> parse_count(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool leading_zero = text.size() > 1 && text.starts_with('0');
  if (error == std::errc() && end == text.data() + text.size() && !leading_zero) return value;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no whole number from 0 to {}", for_terminal(text), UINT64_MAX));
}

std::vector<std::pair<std::string, Json>> flat_members(const Json& object) {
  std::vector<std::pair<std::string, Json>> out;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_object() || value.empty()) {
      out.emplace_back(name, value);
      continue;
    }
    for (auto& [inner, of] : flat_members(value))
      out.emplace_back(name + "." + inner, std::move(of));
  }
  return out;
}

}  // namespace yurai::cli

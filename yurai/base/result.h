#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

/// Expected failures travel as values; a broken invariant stops the program.
///
///     Result<std::string> read_file(const std::filesystem::path& path);
///
///     Result<size_t> count_lines(const std::filesystem::path& path) {
///       YURAI_ASSIGN(const std::string bytes, read_file(path));
///       return std::count(bytes.begin(), bytes.end(), '\n');
///     }
namespace yurai {

enum class ErrorCode {
  kInvalidArgument,    ///< the caller's words or text are off
  kNotFound,           ///< no such file, document or name
  kAlreadyExists,      ///< the output is there already
  kCorrupt,            ///< bytes on disk are not what was written
  kIo,                 ///< the operating system refused a read or a write
  kResourceExhausted,  ///< a limit on memory, size or depth
  kUnavailable,        ///< a remote side did not answer
  kTimeout,            ///< took longer than it may
  kCancelled,          ///< the caller went away
};

/// What went wrong: a code for programs; for people what, where and what next.
struct Error {
  ErrorCode code;
  std::string message;
};

/// HTTP status of an error.
constexpr int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
      return 409;
    case ErrorCode::kResourceExhausted:
      return 413;
    case ErrorCode::kUnavailable:
      return 502;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kCancelled:
      return 499;
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
      return 500;
  }
  return 500;
}

/// The `type` and `code` of an OpenAI-shaped error, such as "not_found".
std::string_view error_name(ErrorCode code);

/// A value or an Error; ignoring one is a compiler warning.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result() = default;
};

/// `return fail(ErrorCode::kNotFound, "no document 'x'");`
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes an error up.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace yurai

#define YURAI_CONCAT_2(a, b) a##b
#define YURAI_CONCAT(a, b) YURAI_CONCAT_2(a, b)

/// Evaluates a Result and returns its error, if it has one, from the enclosing function.
#define YURAI_TRY(expression)                                \
  do {                                                       \
    if (auto yurai_result = (expression); !yurai_result)     \
      return ::yurai::fail(std::move(yurai_result).error()); \
  } while (false)

/// Like YURAI_TRY, and assigns the value: `YURAI_ASSIGN(auto file, ReadableFile::open(path));`
#define YURAI_ASSIGN(declaration, expression) \
  YURAI_ASSIGN_2(YURAI_CONCAT(yurai_result_, __COUNTER__), declaration, expression)
#define YURAI_ASSIGN_2(result, declaration, expression)         \
  auto result = (expression);                                   \
  if (!result) return ::yurai::fail(std::move(result).error()); \
  declaration = std::move(*result)

/// An invariant of our own code; never reachable from input.
#define YURAI_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::yurai::check_failed(#condition, __FILE__, __LINE__))

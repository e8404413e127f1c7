#include "yurai/gateway/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view type_of(int status) {
  if (status == 404) return "not_found_error";
  if (status == 403) return "permission_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/// Words of the disk name paths of this machine; they are for the log, not for the caller.
std::string public_message(Error error) {
  switch (error.code) {
    case ErrorCode::kCorrupt:
      return "the index is damaged; 'yurai info --verify' says where";
    case ErrorCode::kIo:
      return "the index cannot be read";
    default:
      return std::move(error.message);
  }
}

}  // namespace

std::string_view ApiRequest::header(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (field == name) return value;
  }
  return {};
}

ApiError::ApiError(int status_in, std::string message_in, std::string param_in, std::string code_in)
    : status(status_in),
      message(std::move(message_in)),
      type(type_of(status_in)),
      param(std::move(param_in)),
      code(std::move(code_in)) {}

ApiError::ApiError(Error error) : status(http_status(error.code)), type(type_of(status)) {
  code = error_name(error.code);
  message = public_message(std::move(error));
}

ApiResponse json_response(const Json& json, int status) {
  ApiResponse response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = dump_json(json);
  response.body += '\n';
  return response;
}

ApiResponse error_response(const ApiError& error) {
  return json_response({{"error",
                         {{"message", error.message},
                          {"type", error.type},
                          {"param", or_null(error.param)},
                          {"code", or_null(error.code)}}}},
                       error.status);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

std::string_view query_of(std::string_view target) {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("'%' at byte {} is not followed by two hex digits", i));
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

ApiResult<QueryParameters> parse_query(std::string_view query) {
  QueryParameters parameters;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const auto name = percent_decode(part.substr(0, equals), true);
    if (!name || find_invalid_utf8(*name)) return refuse(400, "a query parameter's name is broken");
    auto value = percent_decode(
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!value) return refuse(400, fmt::format("'{}': {}", *name, value.error().message), *name);
    if (const auto invalid = find_invalid_utf8(*value)) {
      return refuse(400, fmt::format("'{}': byte {} is not UTF-8", *name, *invalid), *name);
    }
    for (const auto& [other, unused] : parameters) {
      if (other == *name) {
        return refuse(400, fmt::format("'{}' is given twice", for_terminal(*name)), *name);
      }
    }
    parameters.emplace_back(*name, std::move(*value));
  }
  return parameters;
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') head += c;  // a field ends where we end it
  }
  head += "\r\n";
}

}  // namespace yurai

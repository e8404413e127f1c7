#include "yurai/lm/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kCancelInterval{50};
constexpr size_t kMaxHeadBytes = 256u << 10;
constexpr size_t kMaxIdle = 64;

/// CURL and CURLM are both void: the deleter, not the type, tells handles apart.
template <auto release>
struct Release {
  void operator()(auto* handle) const { release(handle); }
};
using Easy = std::unique_ptr<CURL, Release<curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Release<curl_multi_cleanup>>;
using ParsedUrl = std::unique_ptr<CURLU, Release<curl_url_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Release<curl_slist_free_all>>;

/// What a request that is under way has seen.
struct Transfer {
  const HttpHandlers& handlers;
  const HttpLimits& limits;
  HttpHead head;
  bool head_done = false;
  size_t head_bytes = 0;
  uint64_t body_bytes = 0;
  Clock::time_point last_byte = Clock::now();
  std::optional<Error> ended;  ///< why we ended it ourselves

  bool end(ErrorCode code, std::string message) {
    if (!ended) ended = Error{code, std::move(message)};
    return false;
  }

  /// One header line; an empty one ends a head. Returns false to end the request.
  bool add_header_line(std::string_view line) {
    last_byte = Clock::now();
    head_bytes += line.size();
    if (head_bytes > kMaxHeadBytes) {
      return end(ErrorCode::kResourceExhausted,
                 fmt::format("headers of more than {} bytes", kMaxHeadBytes));
    }
    if (head_done) return true;  // trailers
    if (line.starts_with("HTTP/")) {
      head = {};
      const size_t space = line.find(' ');
      for (size_t i = space; i != std::string_view::npos && ++i < line.size();) {
        if (line[i] < '0' || line[i] > '9' || head.status > 99) break;
        head.status = head.status * 10 + (line[i] - '0');
      }
      return true;
    }
    line = trim(line);
    if (!line.empty()) {
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos) return true;
      head.headers.push_back(
          {std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
      return true;
    }
    if (head.status == 101) {  // what follows is no HTTP
      return end(ErrorCode::kUnavailable,
                 "an answer that switches protocols, which nobody asked for");
    }
    if (head.status < 200) return true;  // interim answers such as 100
    head_done = true;
    const bool goes_on = !handlers.on_head || handlers.on_head(head);
    last_byte = Clock::now();
    return goes_on || end(ErrorCode::kCancelled, "cancelled");
  }

  bool add_body(std::string_view bytes) {
    if (!head_done) return end(ErrorCode::kUnavailable, "an answer without a head");
    body_bytes += bytes.size();
    if (body_bytes > limits.max_response_bytes) return end_too_large();
    const bool goes_on = !handlers.on_bytes || handlers.on_bytes(bytes);
    last_byte = Clock::now();  // the time that the handler took is not the server's
    return goes_on || end(ErrorCode::kCancelled, "cancelled");
  }

  bool end_too_large() {
    return end(ErrorCode::kResourceExhausted,
               fmt::format("an answer of more than {} bytes", limits.max_response_bytes));
  }
};

size_t on_header(char* bytes, size_t size, size_t count, void* transfer) {
  const std::string_view line(bytes, size * count);
  return static_cast<Transfer*>(transfer)->add_header_line(line) ? line.size() : 0;
}

size_t on_body(char* bytes, size_t size, size_t count, void* transfer) {
  const std::string_view body(bytes, size * count);
  // 0 is "failed" only for a piece that is not empty.
  return static_cast<Transfer*>(transfer)->add_body(body) ? body.size() : body.size() + 1;
}

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// Holds the URL against what we accept; returns "scheme://host:port" for messages.
Result<std::string> check_url(const std::string& url) {
  const ParsedUrl parsed(curl_url());
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK ||
      url.find('\0') != std::string::npos) {
    return invalid("this is no URL; write one such as http://127.0.0.1:8000");
  }
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return invalid(fmt::format("'{}' URLs are not supported; write http:// or https://",
                               for_terminal(scheme)));
  }
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
    return invalid("the URL holds a user name or a password; keep secrets out of URLs");
  }
  const std::string port = part(CURLUPART_PORT);
  return scheme + "://" + for_terminal(part(CURLUPART_HOST)) + (port.empty() ? "" : ":" + port);
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c > ' ' && c < 0x7F && c != ':'; });
}

Error describe(CURLcode code, const char* detail, const HttpLimits& limits) {
  const std::string reason = for_terminal(*detail != '\0' ? detail : curl_easy_strerror(code));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::kTimeout,
              fmt::format("{} (limits: {} ms to connect, {} ms in all)", reason,
                          limits.connect_timeout.count(), limits.total_timeout.count())};
    case CURLE_FILESIZE_EXCEEDED:
      return {ErrorCode::kResourceExhausted,
              fmt::format("an answer of more than {} bytes", limits.max_response_bytes)};
    case CURLE_URL_MALFORMAT:
      return {ErrorCode::kInvalidArgument, reason};
    default:
      return {ErrorCode::kUnavailable, reason};
  }
}

}  // namespace

struct HttpClient::State {
  std::mutex mutex;
  std::vector<Multi> idle;  ///< each keeps its connections open

  Multi take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return Multi(curl_multi_init());
    Multi multi = std::move(idle.back());
    idle.pop_back();
    return multi;
  }

  void put(Multi multi) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kMaxIdle) idle.push_back(std::move(multi));
  }
};

std::string_view HttpHead::header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name.size() == name.size() &&
        ::strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return header.value;
    }
  }
  return {};
}

HttpClient::HttpClient() : state_(std::make_unique<State>()) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  YURAI_CHECK(initialised == CURLE_OK);
}

HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpHead> HttpClient::stream(const HttpRequest& request, const HttpHandlers& handlers,
                                    const HttpLimits& limits) const {
  YURAI_ASSIGN(const std::string origin, check_url(request.url));
  const auto with_origin = [&](Error error) {
    error.message = fmt::format("{}: {}", origin, error.message);
    return fail(std::move(error));
  };

  // "Expect:" takes away curl's wait for "100 Continue" before a large body.
  HeaderList headers(curl_slist_append(nullptr, "Expect:"));
  for (const HttpHeader& header : request.headers) {
    if (!is_header_name(header.name) ||
        header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return invalid(
          fmt::format("header '{}' holds bytes that no header may", for_terminal(header.name)));
    }
    // A semicolon is curl's spelling of a header without a value.
    const std::string line =
        header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    YURAI_CHECK(longer != nullptr);
    (void)headers.release();
    headers.reset(longer);
  }

  Transfer transfer{.handlers = handlers, .limits = limits, .head = {}, .ended = {}};
  const Easy easy(curl_easy_init());
  YURAI_CHECK(easy != nullptr);
  std::array<char, CURL_ERROR_SIZE> detail{};
  const auto set = [&](CURLoption option, auto value) {
    YURAI_CHECK(curl_easy_setopt(easy.get(), option, value) == CURLE_OK);
  };
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);  // signals and threads do not mix
  set(CURLOPT_USERAGENT, "yurai");
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total_timeout.count()));
  set(CURLOPT_MAXFILESIZE_LARGE,
      static_cast<curl_off_t>(std::min<uint64_t>(limits.max_response_bytes, INT64_MAX)));
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  if (request.body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body->data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
  }

  Multi multi = state_->take();
  YURAI_CHECK(multi != nullptr);
  YURAI_CHECK(curl_multi_add_handle(multi.get(), easy.get()) == CURLM_OK);
  int running = 1;
  while (!transfer.ended) {
    CURLMcode status = curl_multi_perform(multi.get(), &running);
    if (running == 0 || transfer.ended) break;
    const auto silent = std::chrono::duration_cast<milliseconds>(Clock::now() - transfer.last_byte);
    if (silent >= limits.stall_timeout) {
      transfer.end(ErrorCode::kTimeout,
                   fmt::format("no byte came for {} ms", limits.stall_timeout.count()));
    } else if (handlers.is_cancelled && handlers.is_cancelled()) {
      transfer.end(ErrorCode::kCancelled, "cancelled");
    } else if (status == CURLM_OK) {
      const milliseconds most = handlers.is_cancelled ? kCancelInterval : milliseconds(1000);
      const milliseconds wait = std::min(most, limits.stall_timeout - silent);
      status = curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
    if (status != CURLM_OK) transfer.end(ErrorCode::kUnavailable, curl_multi_strerror(status));
  }
  CURLcode code = CURLE_OK;
  int queued = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &queued)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl_multi_remove_handle(multi.get(), easy.get());  // closes a connection in mid-answer
  state_->put(std::move(multi));

  if (transfer.ended) return with_origin(*std::move(transfer.ended));
  if (code != CURLE_OK) return with_origin(describe(code, detail.data(), limits));
  if (!transfer.head_done) {
    return with_origin({ErrorCode::kUnavailable, "the answer broke off within its headers"});
  }
  return std::move(transfer.head);
}

Result<HttpResponse> HttpClient::fetch(const HttpRequest& request, const HttpLimits& limits) const {
  HttpResponse response;
  const HttpHandlers handlers{.on_head = {},
                              .on_bytes =
                                  [&](std::string_view bytes) {
                                    response.body.append(bytes);
                                    return true;
                                  },
                              .is_cancelled = {}};
  YURAI_ASSIGN(response.head, stream(request, handlers, limits));
  return response;
}

}  // namespace yurai

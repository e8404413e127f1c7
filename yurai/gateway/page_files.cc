#include "yurai/gateway/page_files.h"

#include <fmt/format.h>

#include <array>
#include <system_error>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxPageBytes = 128ull << 20;
constexpr size_t kMaxPageFiles = 10'000;

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kContentTypes = {{
    {".css", "text/css; charset=utf-8"},
    {".gif", "image/gif"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
}};

constexpr std::string_view kNotBuilt = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Yurai</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto; line-height: 1.6">
<h1>Yurai</h1>
<p>The server runs, but the page is not built. Build it with npm on the PATH, without
<code>-DYURAI_WITH_WEB=OFF</code>, or name a built one with <code>yurai serve --web DIR</code>.
The API answers: see <a href="/openapi.json">/openapi.json</a>.</p>
<p lang="ja">サーバーは動いていますが、画面がまだ作られていません。npm を入れて
<code>-DYURAI_WITH_WEB=OFF</code> なしで作り直すか、<code>yurai serve --web DIR</code>
で作成済みのものを指定してください。API は使えます（<a href="/openapi.json">/openapi.json</a>）。</p>
</body>
</html>
)";

std::string_view content_type(const std::string& extension) {
  for (const auto& [name, type] : kContentTypes) {
    if (name == extension) return type;
  }
  return "application/octet-stream";
}

/// Whether a browser that asks for this path wants the page itself, at a place that it knows.
bool is_place_in_page(const ApiRequest& request, std::string_view path) {
  if (path == "/") return true;
  if (path.starts_with("/v1/") || path.starts_with("/assets/")) return false;
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last.find('.') == std::string_view::npos ||
         request.header("accept").find("text/html") != std::string_view::npos;
}

}  // namespace

Result<PageFiles> PageFiles::open(const fs::path& dir) {
  PageFiles page;
  std::error_code error;
  if (!fs::is_regular_file(dir / "index.html", error)) return page;
  uint64_t total = 0;
  fs::recursive_directory_iterator entries(dir, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const fs::directory_entry& entry = *entries;
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    YURAI_ASSIGN(std::string bytes, read_file(entry.path(), kMaxPageBytes));
    total += bytes.size();
    if (total > kMaxPageBytes || page.files_.size() >= kMaxPageFiles) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("'{}' holds more than {} MiB or {} files: is it the built page?",
                              for_terminal(dir.string()), kMaxPageBytes >> 20, kMaxPageFiles));
    }
    const std::string name = "/" + entry.path().lexically_relative(dir).generic_string();
    File file{.bytes = {},
              .content_type = std::string(content_type(entry.path().extension().string())),
              .etag = fmt::format("\"{:016x}\"", xxh3(bytes))};
    file.bytes = std::move(bytes);
    page.files_.emplace(name, std::move(file));
  }
  if (error) return fail(io_error("list", dir, error.value()));
  return page;
}

ApiResult<ApiResponse> PageFiles::get(const ApiRequest& request) const {
  const auto path = percent_decode(path_of(request.target));
  if (!path) return refuse(400, path.error().message);
  auto file = files_.find(*path);
  const bool in_page = file == files_.end() && is_place_in_page(request, *path);
  if (in_page) file = files_.find("/index.html");
  ApiResponse response;
  if (file == files_.end()) {
    if (!in_page) {
      return refuse(404, fmt::format("there is no {}", for_terminal(path->substr(0, 200))), "",
                    "not_found");
    }
    response.headers = {{"content-type", "text/html; charset=utf-8"},
                        {"cache-control", "no-store"}};
    response.body = kNotBuilt;
    return response;
  }
  // Names below /assets/ hold a hash of their content; everything else is asked for again.
  const bool fixed = file->first.starts_with("/assets/");
  response.headers = {
      {"content-type", file->second.content_type},
      {"etag", file->second.etag},
      {"cache-control", fixed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.header("if-none-match").find(file->second.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.body = file->second.bytes;
  return response;
}

}  // namespace yurai

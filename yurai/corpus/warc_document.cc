#include "yurai/corpus/warc_document.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/charset.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/corpus/html.h"
#include "yurai/corpus/http_response.h"
#include "yurai/corpus/language.h"

namespace yurai {
namespace {

constexpr size_t kMaxShownBytes = 100;

void set(InputRecord::Kind kind, std::string reason, InputRecord& record) {
  record.kind = kind;
  record.reason = std::move(reason);
}

/// "<urn:uuid:…>" → "urn:uuid:…"; some writers put URLs into brackets too.
std::string_view without_brackets(std::string_view value) {
  if (value.size() >= 2 && value.front() == '<' && value.back() == '>') {
    value = value.substr(1, value.size() - 2);
  }
  return value;
}

bool is_html(std::string_view media_type) {
  return media_type == "text/html" || media_type == "application/xhtml+xml";
}

/// A server that does not say what it sends: HTML if it begins with a tag.
std::string_view guess_media_type(std::string_view body) {
  const size_t begin = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  return begin != body.npos && body[begin] == '<' ? "text/html" : "text/plain";
}

/// Title and text of a page; the text is empty where there is none. False: it cannot be read to its
/// end.
bool take_text(std::string text, bool html, Document& document) {
  if (!html) {
    document.text = std::move(text);
    return true;
  }
  ExtractedText page = extract_html(text, HtmlKind::kWeb);
  document.text = join(page.paragraphs);
  document.title =
      page.title.substr(0, char_floor(page.title, std::min(page.title.size(), kMaxFieldBytes)));
  return !page.too_deep;
}

bool has_text(std::string_view text) { return text.find_first_not_of(" \t\r\n") != text.npos; }

/// The response as HTTP gave it, or the block as it is.
Result<WebResponse> read_payload(const WarcRecord& warc, bool response) {
  if (response) return parse_http_response(warc.block, kMaxPageBytes);
  WebResponse payload;
  payload.status = 200;
  parse_content_type(warc.field("content-type"), payload.media_type, payload.charset);
  if (warc.block.size() > kMaxPageBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("a page of more than {} bytes", kMaxPageBytes));
  }
  payload.body = warc.block;
  return payload;
}

class WarcDocuments final : public DocumentReader {
 public:
  WarcDocuments(InputFile file, std::filesystem::path path, uint64_t max_record_bytes)
      : file_(std::move(file)), reader_(file_, std::move(path), max_record_bytes) {}

  Result<bool> next(InputRecord& record) override {
    WarcRecord warc;
    do {
      YURAI_ASSIGN(const bool more, reader_.next(warc));
      if (!more) return false;
      record.number = warc.number;
      record.byte = warc.byte;
      record.json = {};
    } while (!read_warc_document(warc, record));
    return true;
  }

  std::string_view unit() const override { return "record"; }
  uint64_t stored_bytes_read() const override { return file_.stored_bytes_read(); }
  Result<std::string> stored_sha256() override { return file_.stored_sha256(); }

 private:
  InputFile file_;
  WarcReader reader_;
};

}  // namespace

bool read_warc_document(const WarcRecord& warc, InputRecord& record) {
  using Kind = InputRecord::Kind;
  record.document = Document{};
  if (!warc.problem.empty()) {
    set(Kind::kUnreadable, warc.problem, record);
    return true;
  }
  const std::string_view type = warc.field("warc-type");
  const std::string_view block_type = warc.field("content-type");
  if (type == "continuation") {
    set(Kind::kLeftOut, "a segment of a record that began in another file or place", record);
    return true;
  }
  const bool response = type == "response";
  if (!response && type != "resource" && type != "conversion") return false;
  if (response && !block_type.empty() && !block_type.starts_with("application/http")) {
    if (block_type.starts_with("text/dns")) return false;
    set(Kind::kLeftOut, "a response that is not of HTTP", record);
    return true;
  }
  if (!warc.field("warc-segment-number").empty()) {
    set(Kind::kLeftOut, "a record that goes on in another record", record);
    return true;
  }
  auto payload = read_payload(warc, response);
  if (!payload) {
    set(Kind::kUnreadable, payload.error().message, record);
    return true;
  }
  if (payload->status < 200 || payload->status > 299) {
    set(Kind::kLeftOut, fmt::format("HTTP status {}", payload->status), record);
    return true;
  }
  if (payload->media_type.empty()) payload->media_type = guess_media_type(payload->body);
  const bool html = is_html(payload->media_type);
  if (!html && payload->media_type != "text/plain") {
    set(Kind::kLeftOut,
        fmt::format("media type '{}'", for_terminal(payload->media_type.substr(0, kMaxShownBytes))),
        record);
    return true;
  }
  auto decoded = decode_web_text(payload->body, payload->charset, html);
  if (!decoded) {
    set(Kind::kUnreadable, decoded.error().message, record);
    return true;
  }
  Document& document = record.document;
  if (!take_text(std::move(decoded->text), html, document)) {
    set(Kind::kUnreadable, "elements are nested deeper than 256", record);
    return true;
  }
  if (!has_text(document.text)) {
    set(Kind::kLeftOut, "a page without text", record);
    return true;
  }
  document.url = without_brackets(warc.field("warc-target-uri"));
  document.id = without_brackets(warc.field("warc-record-id"));
  if (document.id.empty()) document.id = document.url;
  document.date = warc.field("warc-date");
  document.lang = detect_language(document.text);
  record.kind = Kind::kDocument;
  record.reason.clear();
  return true;
}

Result<std::unique_ptr<DocumentReader>> open_warc(InputFile file, std::filesystem::path path,
                                                  const ReadOptions& options) {
  return std::make_unique<WarcDocuments>(std::move(file), std::move(path),
                                         options.max_record_bytes);
}

}  // namespace yurai

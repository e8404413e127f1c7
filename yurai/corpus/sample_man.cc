#include "yurai/corpus/sample_man.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "yurai/base/subprocess.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/html.h"

namespace yurai {
namespace {

/// Comments keep the input's characters as roff's \[uXXXX].
std::string decode_escapes(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.starts_with("\\[u") ? text.find(']') : text.npos;
    uint32_t code_point = 0;
    if (end != text.npos && end >= 7 && end <= 9) {
      std::from_chars(text.data() + 3, text.data() + end, code_point, 16);
    }
    const bool scalar =
        code_point >= 0x20 && code_point < 0x110000 && (code_point < 0xD800 || code_point > 0xDFFF);
    if (scalar) {
      append_char(code_point, out);
      text.remove_prefix(end + 1);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

Result<ExtractedText> extract_man_page(const std::filesystem::path& file) {
  Result<ProcessResult> ran = run_process({"mandoc", "-T", "html", file.string()});
  if (!ran && ran.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "mandoc is missing: install the package mandoc");
  }
  YURAI_ASSIGN(const ProcessResult result, std::move(ran));
  ExtractedText text = extract_html(result.out, HtmlKind::kManualPage);
  if (text.title.empty() || text.title == "()") return ExtractedText{};
  text.notice = decode_escapes(text.notice);
  return text;
}

}  // namespace yurai

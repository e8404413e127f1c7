#include "yurai/tokenizer/normalizer.h"

#include <fmt/format.h>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

void strip(bool left, bool right, AlignedText& text) {
  const std::string_view all = text.text();
  size_t begin = 0;
  size_t end = all.size();
  while (left && begin < end && is_white_space(decode_char(all, begin))) {
    begin += char_bytes(all, begin);
  }
  while (right && end > begin) {
    const size_t last = char_floor(all, end - 1);
    if (!is_white_space(decode_char(all, last))) break;
    end = last;
  }
  if (begin > 0 || end < all.size()) {
    text.keep(static_cast<uint32_t>(begin), static_cast<uint32_t>(end));
  }
}

/// Before `count` times `content` is put in.
Result<void> check_growth(const AlignedText& text, uint64_t count, std::string_view content) {
  if (text.text().size() + count * content.size() <= kMaxNormalizedBytes) return {};
  return fail(ErrorCode::kResourceExhausted,
              fmt::format("the normaliser makes more than {} bytes of the text; cut the text",
                          kMaxNormalizedBytes));
}

}  // namespace

Result<Regex> json_pattern(const Json& object) {
  const Json pattern = object.value("pattern", Json());
  if (const auto text = json_string(pattern, "String")) return Regex::literal(*text);
  if (const auto text = json_string(pattern, "Regex")) return Regex::parse(*text);
  return fail(ErrorCode::kInvalidArgument,
              R"('pattern' must be {"String": "…"} or {"Regex": "…"})");
}

Result<bool> json_flag(const Json& object, std::string_view key, bool otherwise) {
  const auto member = object.find(key);
  if (member == object.end() || member->is_null()) return otherwise;
  if (!member->is_boolean()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' must be true or false", key));
  }
  return member->get<bool>();
}

tl::unexpected<Error> unknown_kind(std::string_view part, std::string_view kind,
                                   std::string_view known) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} '{}' is not supported; known: {}", part,
                                                       for_terminal(kind.substr(0, 100)), known));
}

Result<Normalizer> Normalizer::parse(const Json& json) {
  Normalizer normalizer;
  if (!json.is_null()) YURAI_TRY(normalizer.add(json));
  return normalizer;
}

Result<void> Normalizer::add(const Json& json) {
  YURAI_ASSIGN(const std::string type, json_string(json, "type"));
  if (type == "Sequence") {
    const Json list = json.value("normalizers", Json());
    if (!list.is_array()) {
      return fail(ErrorCode::kInvalidArgument, "'normalizers' must be a list");
    }
    for (const Json& one : list) YURAI_TRY(add(one));
    return {};
  }
  YURAI_ASSIGN(Step step, parse_step(type, json));
  steps_.push_back(std::move(step));
  return {};
}

Result<Normalizer::Step> Normalizer::parse_step(const std::string& type, const Json& json) {
  Step step;
  if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") {
    step.form = type == "NFC"    ? UnicodeForm::kNfc
                : type == "NFD"  ? UnicodeForm::kNfd
                : type == "NFKC" ? UnicodeForm::kNfkc
                                 : UnicodeForm::kNfkd;
  } else if (type == "Lowercase") {
    step.kind = Step::Kind::kLowerCase;
  } else if (type == "Strip") {
    step.kind = Step::Kind::kStrip;
    YURAI_ASSIGN(step.left, json_flag(json, "strip_left", true));
    YURAI_ASSIGN(step.right, json_flag(json, "strip_right", true));
  } else if (type == "Prepend") {
    step.kind = Step::Kind::kPrepend;
    YURAI_ASSIGN(step.content, json_string(json, "prepend"));
  } else if (type == "Replace") {
    step.kind = Step::Kind::kReplace;
    YURAI_ASSIGN(step.content, json_string(json, "content"));
    YURAI_ASSIGN(step.pattern, json_pattern(json));
  } else {
    return unknown_kind("normalizer", type,
                        "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend, Replace");
  }
  return step;
}

Result<void> Normalizer::apply(AlignedText& text) const {
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Step::Kind::kForm:
        normalize(step.form, text);
        break;
      case Step::Kind::kLowerCase:
        lower_case(text);
        break;
      case Step::Kind::kStrip:
        strip(step.left, step.right, text);
        break;
      case Step::Kind::kPrepend:
        YURAI_TRY(check_growth(text, 1, step.content));
        if (!text.text().empty()) text.insert_before(std::vector<uint32_t>{0}, step.content);
        break;
      case Step::Kind::kReplace: {
        YURAI_ASSIGN(const std::vector<TextRange> found, step.pattern->find_all(text.text()));
        YURAI_TRY(check_growth(text, found.size(), step.content));
        text.replace(found, step.content);
        break;
      }
    }
  }
  return {};
}

}  // namespace yurai

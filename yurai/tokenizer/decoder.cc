#include "yurai/tokenizer/decoder.h"

#include <fmt/format.h>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/aligned_text.h"
#include "yurai/tokenizer/byte_alphabet.h"
#include "yurai/tokenizer/normalizer.h"

namespace yurai {
namespace {

std::string joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

void byte_level(std::vector<std::string>& tokens) {
  std::string bytes;
  for (std::string& token : tokens) {
    bytes += from_byte_alphabet(token).value_or(token);  // an added token may be plain text
  }
  tokens = {replace_invalid_utf8(bytes)};
}

/// Runs of "<0xE3>" become characters; a run that is not UTF-8 becomes a U+FFFD a byte.
void byte_fallback(std::vector<std::string>& tokens) {
  std::vector<std::string> out;
  std::string bytes;
  const auto end_run = [&] {
    if (bytes.empty()) return;
    if (find_invalid_utf8(bytes)) {
      out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
    } else {
      out.push_back(bytes);
    }
    bytes.clear();
  };
  for (std::string& token : tokens) {
    if (const auto byte = fallback_byte(token)) {
      bytes += static_cast<char>(*byte);
    } else {
      end_run();
      out.push_back(std::move(token));
    }
  }
  end_run();
  tokens = std::move(out);
}

std::string replaced(std::string_view token, const std::vector<TextRange>& found,
                     std::string_view content) {
  std::string out;
  size_t done = 0;
  for (const TextRange range : found) {
    out += token.substr(done, range.begin - done);
    out += content;
    done = range.end;
  }
  return out += token.substr(done);
}

std::string stripped(std::string_view token, std::string_view c, uint64_t begin, uint64_t end) {
  for (; begin > 0 && token.starts_with(c); --begin) token.remove_prefix(c.size());
  for (; end > 0 && token.ends_with(c); --end) token.remove_suffix(c.size());
  return std::string(token);
}

}  // namespace

Result<TokenDecoder> TokenDecoder::parse(const Json& json) {
  TokenDecoder decoder;
  if (json.is_null()) {
    decoder.joins_with_spaces_ = true;
  } else {
    YURAI_TRY(decoder.add(json));
  }
  return decoder;
}

Result<void> TokenDecoder::add(const Json& json) {
  YURAI_ASSIGN(const std::string type, json_string(json, "type"));
  if (type == "Sequence") {
    const Json list = json.value("decoders", Json());
    if (!list.is_array()) return fail(ErrorCode::kInvalidArgument, "'decoders' must be a list");
    for (const Json& one : list) YURAI_TRY(add(one));
    return {};
  }
  Step step;
  const auto one_character = [&](std::string_view key) -> Result<void> {
    YURAI_ASSIGN(step.content, json_string(json, key));
    if (!step.content.empty() && char_bytes(step.content, 0) == step.content.size()) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("decoder {}: '{}' must be one character", type, key));
  };
  if (type == "ByteLevel") {
    step.kind = Step::Kind::kByteLevel;
  } else if (type == "ByteFallback") {
    step.kind = Step::Kind::kByteFallback;
  } else if (type == "Fuse") {
    step.kind = Step::Kind::kFuse;
  } else if (type == "Metaspace") {
    step.kind = Step::Kind::kMetaspace;
    YURAI_TRY(one_character("replacement"));
    YURAI_ASSIGN(const bool prefix_space, json_flag(json, "add_prefix_space", true));
    const std::string scheme = json_string(json, "prepend_scheme").value_or("always");
    step.drops_first = prefix_space && scheme != "never";
  } else if (type == "Replace") {
    step.kind = Step::Kind::kReplace;
    YURAI_ASSIGN(step.content, json_string(json, "content"));
    YURAI_ASSIGN(step.pattern, json_pattern(json));
  } else if (type == "Strip") {
    step.kind = Step::Kind::kStrip;
    YURAI_TRY(one_character("content"));
    YURAI_ASSIGN(step.begin, json_uint(json, "start"));
    YURAI_ASSIGN(step.end, json_uint(json, "stop"));
  } else {
    return unknown_kind("decoder", type,
                        "Sequence, ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip");
  }
  steps_.push_back(std::move(step));
  return {};
}

Result<void> TokenDecoder::run(const Step& step, std::vector<std::string>& tokens) {
  switch (step.kind) {
    case Step::Kind::kByteLevel:
      byte_level(tokens);
      return {};
    case Step::Kind::kByteFallback:
      byte_fallback(tokens);
      return {};
    case Step::Kind::kFuse:
      tokens = {joined(tokens)};
      return {};
    case Step::Kind::kMetaspace: {
      YURAI_ASSIGN(const Regex mark, Regex::literal(step.content));
      for (size_t i = 0; i < tokens.size(); ++i) {
        YURAI_ASSIGN(const auto found, mark.find_all(tokens[i]));
        tokens[i] = replaced(tokens[i], found, i == 0 && step.drops_first ? "" : " ");
      }
      return {};
    }
    case Step::Kind::kReplace: {
      uint64_t bytes = 0;
      for (std::string& token : tokens) {
        YURAI_ASSIGN(const auto found, step.pattern->find_all(token));
        bytes += token.size() + found.size() * step.content.size();
        if (bytes > kMaxNormalizedBytes) {
          return fail(ErrorCode::kResourceExhausted,
                      fmt::format("the decoder makes more than {} bytes; decode fewer tokens",
                                  kMaxNormalizedBytes));
        }
        if (!found.empty()) token = replaced(token, found, step.content);
      }
      return {};
    }
    case Step::Kind::kStrip:
      for (std::string& token : tokens) {
        token = stripped(token, step.content, step.begin, step.end);
      }
      return {};
  }
  return {};
}

Result<std::string> TokenDecoder::decode(std::vector<std::string> tokens) const {
  for (const Step& step : steps_) YURAI_TRY(run(step, tokens));
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (joins_with_spaces_ && i > 0) text += ' ';
    text += tokens[i];
  }
  return text;
}

}  // namespace yurai

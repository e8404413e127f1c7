#include "yurai/tokenizer/pre_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/normalizer.h"

namespace yurai {
namespace {

// GPT-2's, which ByteLevel has built in.
constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace

Result<PreTokenizer> PreTokenizer::parse(const Json& json) {
  PreTokenizer pre_tokenizer;
  if (!json.is_null()) YURAI_TRY(pre_tokenizer.add(json));
  return pre_tokenizer;
}

Result<PreTokenizer::Behavior> PreTokenizer::behavior_of(const Json& json) {
  YURAI_ASSIGN(const std::string name, json_string(json, "behavior"));
  if (name == "Removed") return Behavior::kRemoved;
  if (name == "Isolated") return Behavior::kIsolated;
  if (name == "MergedWithPrevious") return Behavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::kMergedWithNext;
  if (name == "Contiguous") return Behavior::kContiguous;
  return unknown_kind("behavior", name,
                      "Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
}

void PreTokenizer::add_split(Regex pattern, Behavior behavior, bool invert) {
  Step step;
  step.pattern = std::move(pattern);
  step.behavior = behavior;
  step.invert = invert;
  steps_.push_back(std::move(step));
}

Result<void> PreTokenizer::add_byte_level(const Json& json) {
  YURAI_ASSIGN(const bool prefix_space, json_flag(json, "add_prefix_space", true));
  YURAI_ASSIGN(const bool use_regex, json_flag(json, "use_regex", true));
  if (prefix_space) {
    Step step;
    step.kind = Step::Kind::kPrefix;
    step.content = " ";
    steps_.push_back(std::move(step));
  }
  if (use_regex) {
    YURAI_ASSIGN(Regex pattern, Regex::parse(kByteLevelPattern));
    add_split(std::move(pattern), Behavior::kIsolated);
  }
  byte_level_ = true;
  return {};
}

Result<void> PreTokenizer::add_metaspace(const Json& json) {
  Step replace;
  replace.kind = Step::Kind::kReplace;
  YURAI_ASSIGN(replace.content, json_string(json, "replacement"));
  if (replace.content.empty() || char_bytes(replace.content, 0) != replace.content.size()) {
    return fail(ErrorCode::kInvalidArgument, "Metaspace: 'replacement' must be one character");
  }
  YURAI_ASSIGN(replace.pattern, Regex::literal(" "));
  const std::string replacement = replace.content;
  steps_.push_back(std::move(replace));

  // Older files say add_prefix_space instead.
  YURAI_ASSIGN(const bool prefix_space, json_flag(json, "add_prefix_space", true));
  std::string scheme = prefix_space ? "always" : "never";
  if (prefix_space && json.contains("prepend_scheme")) {
    YURAI_ASSIGN(scheme, json_string(json, "prepend_scheme"));
  }
  if (scheme != "never") {
    if (scheme != "always" && scheme != "first") {
      return unknown_kind("prepend_scheme", scheme, "always, first, never");
    }
    Step prefix;
    prefix.kind = Step::Kind::kPrefix;
    prefix.content = replacement;
    prefix.scheme = scheme == "first" ? Scheme::kFirst : Scheme::kAlways;
    steps_.push_back(std::move(prefix));
  }
  YURAI_ASSIGN(const bool splits, json_flag(json, "split", true));
  if (splits) {
    YURAI_ASSIGN(Regex pattern, Regex::literal(replacement));
    add_split(std::move(pattern), Behavior::kMergedWithNext);
  }
  return {};
}

Result<void> PreTokenizer::add(const Json& json) {
  YURAI_ASSIGN(const std::string type, json_string(json, "type"));
  if (byte_level_) {
    return fail(ErrorCode::kInvalidArgument,
                "pre_tokenizer: what follows ByteLevel would see its letters; not supported");
  }
  if (type == "Sequence") {
    const Json list = json.value("pretokenizers", Json());
    if (!list.is_array()) {
      return fail(ErrorCode::kInvalidArgument, "'pretokenizers' must be a list");
    }
    for (const Json& one : list) YURAI_TRY(add(one));
    return {};
  }
  if (type == "ByteLevel") return add_byte_level(json);
  if (type == "Metaspace") return add_metaspace(json);
  if (type == "Split") {
    YURAI_ASSIGN(Regex pattern, json_pattern(json));
    YURAI_ASSIGN(const Behavior behavior, behavior_of(json));
    YURAI_ASSIGN(const bool invert, json_flag(json, "invert", false));
    add_split(std::move(pattern), behavior, invert);
  } else if (type == "Digits") {
    YURAI_ASSIGN(const bool individual, json_flag(json, "individual_digits", false));
    add_split(Regex::own("\\p{N}"), individual ? Behavior::kIsolated : Behavior::kContiguous);
  } else if (type == "Punctuation") {
    Behavior behavior = Behavior::kIsolated;
    if (json.contains("behavior")) {
      YURAI_ASSIGN(behavior, behavior_of(json));
    }
    add_split(Regex::own("[\\p{P}$+<=>^`|~]"), behavior);  // \p{P} and ASCII's symbols
  } else if (type == "Whitespace") {
    constexpr std::string_view kWords =
        R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+)"
        R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\t-\r\x{85}\p{Z}]+)";
    add_split(Regex::own(kWords), Behavior::kRemoved, true);
  } else if (type == "WhitespaceSplit") {
    add_split(Regex::own(R"([\t-\r\x{85}\p{Z}])"), Behavior::kRemoved);
  } else {
    return unknown_kind("pre_tokenizer", type,
                        "Sequence, ByteLevel, Metaspace, Split, Digits, Punctuation, Whitespace, "
                        "WhitespaceSplit");
  }
  return {};
}

Result<void> PreTokenizer::apply(PiecedText& pieced) const {
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Step::Kind::kReplace:
        YURAI_TRY(replace(step, pieced));
        break;
      case Step::Kind::kPrefix:
        prefix(step, pieced);
        break;
      case Step::Kind::kSplit:
        YURAI_TRY(split(step, pieced));
        break;
    }
  }
  return {};
}

Result<void> PreTokenizer::replace(const Step& step, PiecedText& pieced) {
  YURAI_ASSIGN(const std::vector<TextRange> found, step.pattern->find_all(pieced.text.text()));
  const auto growth = static_cast<uint32_t>(step.content.size() - 1);  // of one space
  size_t passed = 0;
  const auto moved = [&](uint32_t border) {
    while (passed < found.size() && found[passed].begin < border) ++passed;
    return border + static_cast<uint32_t>(passed) * growth;
  };
  for (PiecedText::Piece& piece : pieced.pieces) {
    piece.begin = moved(piece.begin);
    piece.end = moved(piece.end);
  }
  pieced.text.replace(found, step.content);
  return {};
}

void PreTokenizer::prefix(const Step& step, PiecedText& pieced) {
  const std::string_view text = pieced.text.text();
  const auto size = static_cast<uint32_t>(step.content.size());
  std::vector<uint32_t> places;
  for (PiecedText::Piece& piece : pieced.pieces) {
    const bool wants = !piece.token && !text.substr(piece.begin).starts_with(step.content) &&
                       (step.scheme == Scheme::kAlways ||
                        pieced.text.source(piece.begin, piece.begin + 1).begin == 0);
    const auto before = static_cast<uint32_t>(places.size()) * size;
    if (wants) places.push_back(piece.begin);
    piece.begin += before;
    piece.end += before + (wants ? size : 0);
  }
  pieced.text.insert_before(places, step.content);
}

/// Joins parts as the behaviour says; those that go away are left out.
void PreTokenizer::merge(std::vector<Part>& parts, Behavior behavior) {
  if (behavior == Behavior::kIsolated) return;
  std::vector<Part> out;
  bool previous = false;  // whether the part before was a match
  if (behavior == Behavior::kRemoved) {
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(out),
                 [](const Part& part) { return !part.match; });
  } else if (behavior == Behavior::kMergedWithNext) {
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (part->match && !previous && !out.empty()) {
        out.back().begin = part->begin;
      } else {
        out.push_back(*part);
      }
      previous = part->match;
    }
    std::reverse(out.begin(), out.end());
  } else {
    for (const Part& part : parts) {
      const bool joins =
          behavior == Behavior::kContiguous ? part.match == previous : part.match && !previous;
      if (joins && !out.empty()) {
        out.back().end = part.end;
      } else {
        out.push_back(part);
      }
      previous = part.match;
    }
  }
  parts = std::move(out);
}

Result<void> PreTokenizer::split(const Step& step, PiecedText& pieced) {
  const std::string_view text = pieced.text.text();
  std::vector<PiecedText::Piece> out;
  out.reserve(text.size() / 4 + 1);
  std::vector<Part> parts;
  for (const PiecedText::Piece& piece : pieced.pieces) {
    if (piece.token) {
      out.push_back(piece);
      continue;
    }
    const auto size = piece.end - piece.begin;
    YURAI_ASSIGN(const std::vector<TextRange> found,
                 step.pattern->find_all(text.substr(piece.begin, size)));
    parts.clear();
    uint32_t done = 0;
    for (const TextRange match : found) {
      if (match.begin > done) parts.push_back({done, match.begin, step.invert});
      parts.push_back({match.begin, match.end, !step.invert});
      done = match.end;
    }
    if (done < size) parts.push_back({done, size, step.invert});
    merge(parts, step.behavior);
    for (const Part& part : parts) {
      if (part.begin == part.end) continue;
      out.push_back({piece.begin + part.begin, piece.begin + part.end, std::nullopt});
    }
  }
  pieced.pieces = std::move(out);
  return {};
}

}  // namespace yurai

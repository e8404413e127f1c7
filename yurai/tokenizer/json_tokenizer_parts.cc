#include "yurai/tokenizer/json_tokenizer_parts.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxDepth = 64;
constexpr uint32_t kMaxId = 1u << 24;

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

std::string shown(std::string_view text) { return for_terminal(text.substr(0, 100)); }

/// One of the small parts, for readers that know nothing of this parser; null where it is missing.
Result<Json> small_part(dom::object root, std::string_view key) {
  dom::element element;
  if (root[key].get(element) != simdjson::SUCCESS) return Json(nullptr);
  return parse_json(simdjson::minify(element), key);
}

/// Names the part in an error from within it.
template <class T>
Result<T> within(std::string_view part, Result<T> result) {
  if (!result) {
    Error error = std::move(result).error();
    error.message = fmt::format("{}: {}", part, error.message);
    return fail(std::move(error));
  }
  return result;
}

Result<std::string> text_of(dom::element element, std::string_view what) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return bad(fmt::format("{} must be a string", what));
  return std::string(text);
}

Result<bool> flag(dom::object object, std::string_view key) {
  dom::element element;
  if (object[key].get(element) != simdjson::SUCCESS || element.is_null()) return false;
  bool value = false;
  if (element.get(value) != simdjson::SUCCESS) {
    return bad(fmt::format("'{}' must be true or false", key));
  }
  return value;
}

bool is_set(dom::object object, std::string_view key) {
  dom::element element;
  return object[key].get(element) == simdjson::SUCCESS && !element.is_null();
}

// ---- BPE ----

Result<Vocabulary> bpe_vocabulary(dom::object model) {
  dom::object list;
  if (model["vocab"].get(list) != simdjson::SUCCESS) return bad("'vocab' must be an object");
  std::vector<std::pair<std::string, uint64_t>> pieces;
  for (const auto [piece, element] : list) {
    uint64_t id = 0;
    if (element.get(id) != simdjson::SUCCESS) {
      return bad(fmt::format("token '{}': its id must be a whole number >= 0", shown(piece)));
    }
    pieces.emplace_back(piece, id);
  }
  return Vocabulary::build(std::move(pieces));
}

/// "left right", or since 2024 ["left", "right"]. The views are of the parsed file.
Result<std::vector<std::pair<std::string_view, std::string_view>>> bpe_merges(dom::object model) {
  dom::array list;
  if (model["merges"].get(list) != simdjson::SUCCESS) return bad("'merges' must be a list");
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  for (const dom::element element : list) {
    std::string_view left;
    std::string_view right;
    dom::array two;
    if (element.get(left) == simdjson::SUCCESS) {
      if (left.starts_with("#version")) continue;
      const size_t space = left.find(' ');
      right = space == left.npos ? std::string_view() : left.substr(space + 1);
      left = left.substr(0, space);
      if (right.find(' ') != right.npos) right = {};
    } else if (element.get(two) == simdjson::SUCCESS && two.size() == 2) {
      if (two.at(0).get(left) != simdjson::SUCCESS) left = {};
      if (two.at(1).get(right) != simdjson::SUCCESS) right = {};
    }
    if (left.empty() || right.empty()) {
      return bad(fmt::format("merge {} must be two tokens", merges.size()));
    }
    merges.emplace_back(left, right);
  }
  return merges;
}

Result<void> read_bpe(dom::object model, JsonTokenizerParts& parts) {
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    std::string_view text;
    if (is_set(model, key) && (model[key].get(text) != simdjson::SUCCESS || !text.empty())) {
      return bad(fmt::format("'{}' is not supported", key));
    }
  }
  double dropout = 0;
  if (is_set(model, "dropout") &&
      (model["dropout"].get(dropout) != simdjson::SUCCESS || dropout != 0)) {
    return bad("'dropout' makes tokens random; not supported");
  }
  BpeOptions options;
  options.byte_level = parts.pre_tokenizer.byte_level();
  YURAI_ASSIGN(options.byte_fallback, flag(model, "byte_fallback"));
  YURAI_ASSIGN(options.fuse_unknown, flag(model, "fuse_unk"));
  YURAI_ASSIGN(options.whole_words, flag(model, "ignore_merges"));
  if (is_set(model, "unk_token")) {
    YURAI_ASSIGN(options.unknown, text_of(model["unk_token"].value(), "'unk_token'"));
  }
  YURAI_ASSIGN(parts.vocabulary, bpe_vocabulary(model));
  YURAI_ASSIGN(const auto merges, bpe_merges(model));
  YURAI_ASSIGN(parts.bpe, Bpe::build(parts.vocabulary, merges, options));
  return {};
}

// ---- Unigram ----

Result<void> read_unigram(dom::object model, JsonTokenizerParts& parts) {
  if (parts.pre_tokenizer.byte_level()) return bad("a Unigram model of bytes is not supported");
  dom::array list;
  if (model["vocab"].get(list) != simdjson::SUCCESS) return bad("'vocab' must be a list");
  std::vector<std::string> pieces;
  std::vector<double> scores;
  for (const dom::element element : list) {
    dom::array two;
    std::string_view piece;
    double score = 0;
    if (element.get(two) != simdjson::SUCCESS || two.size() != 2 ||
        two.at(0).get(piece) != simdjson::SUCCESS || two.at(1).get(score) != simdjson::SUCCESS ||
        piece.empty()) {
      return bad(fmt::format("token {} must be a piece and its score", pieces.size()));
    }
    if (pieces.size() >= kMaxId) return bad("there are too many tokens");
    pieces.emplace_back(piece);
    scores.push_back(score);
  }
  UnigramOptions options;
  YURAI_ASSIGN(options.byte_fallback, flag(model, "byte_fallback"));
  if (is_set(model, "unk_id")) {
    uint64_t id = 0;
    if (model["unk_id"].get(id) != simdjson::SUCCESS || id >= pieces.size()) {
      return bad("'unk_id' must be the id of a token");
    }
    options.unknown = static_cast<uint32_t>(id);
  }
  parts.vocabulary = Vocabulary::of_list(std::move(pieces));
  YURAI_ASSIGN(parts.unigram, Unigram::build(parts.vocabulary, std::move(scores), options));
  return {};
}

// ---- around the model ----

Result<void> read_added(dom::object root, JsonTokenizerParts& parts) {
  if (!is_set(root, "added_tokens")) return {};
  dom::array list;
  if (root["added_tokens"].get(list) != simdjson::SUCCESS) return bad("it must be a list");
  const uint64_t limit =
      2 * (uint64_t{parts.vocabulary.size()} + list.size()) + Vocabulary::kMaxGap;
  std::vector<uint32_t> ids;
  for (const dom::element element : list) {
    dom::object object;
    dom::element content;
    uint64_t id = 0;
    if (element.get(object) != simdjson::SUCCESS ||
        object["content"].get(content) != simdjson::SUCCESS ||
        object["id"].get(id) != simdjson::SUCCESS) {
      return bad(fmt::format("token {} must have an id and a content", parts.added.size()));
    }
    AddedToken token;
    YURAI_ASSIGN(token.content, text_of(content, "'content'"));
    if (token.content.empty()) continue;  // the library leaves them out, too
    if (id >= limit) {
      return bad(
          fmt::format("'{}' has id {}, far beyond the vocabulary", shown(token.content), id));
    }
    token.id = static_cast<uint32_t>(id);
    const auto known = parts.vocabulary.id_of(token.content);
    if (known ? *known != token.id : parts.vocabulary.has(token.id)) {
      return bad(fmt::format("'{}' has id {}, in the vocabulary that is another token",
                             shown(token.content), id));
    }
    YURAI_ASSIGN(token.single_word, flag(object, "single_word"));
    YURAI_ASSIGN(token.strips_left, flag(object, "lstrip"));
    YURAI_ASSIGN(token.strips_right, flag(object, "rstrip"));
    YURAI_ASSIGN(token.normalized, flag(object, "normalized"));
    YURAI_ASSIGN(token.special, flag(object, "special"));
    token.pattern = token.content;
    if (token.normalized && !parts.normalizer.empty()) {
      AlignedText text(token.content, 0);
      YURAI_TRY(parts.normalizer.apply(text));
      token.pattern = text.text();
    }
    ids.push_back(token.id);
    parts.added.push_back(std::move(token));
  }
  std::sort(ids.begin(), ids.end());
  if (const auto twice = std::adjacent_find(ids.begin(), ids.end()); twice != ids.end()) {
    return bad(fmt::format("two of them have id {}", *twice));
  }
  YURAI_ASSIGN(parts.matcher, AddedTokenMatcher::build(parts.added, false));
  YURAI_ASSIGN(parts.normalized_matcher, AddedTokenMatcher::build(parts.added, true));
  return {};
}

Result<void> add_template(const Json& json, PostProcessor& post) {
  const Json single = json.value("single", Json());
  const Json special = json.value("special_tokens", Json::object());
  if (!single.is_array() || !special.is_object()) {
    return bad("TemplateProcessing: 'single' must be a list, 'special_tokens' an object");
  }
  bool seen = false;  // the text
  for (const Json& one : single) {
    if (one.is_object() && one.contains("Sequence") && !seen) {
      seen = true;
      continue;
    }
    const Json token = one.is_object() ? one.value("SpecialToken", Json()) : Json();
    YURAI_ASSIGN(const std::string name, json_string(token, "id"));
    const Json ids = special.value(name, Json::object()).value("ids", Json());
    if (!ids.is_array()) {
      return bad(fmt::format("TemplateProcessing: '{}' has no ids", shown(name)));
    }
    for (const Json& id : ids) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMaxId) {
        return bad(fmt::format("TemplateProcessing: an id of '{}' is none", shown(name)));
      }
      (seen ? post.after : post.before).push_back(id.get<uint32_t>());
    }
  }
  if (!seen) return bad("TemplateProcessing: 'single' does not hold the text");
  return {};
}

Result<void> add_post(const Json& json, PostProcessor& post) {
  YURAI_ASSIGN(const std::string type, json_string(json, "type"));
  if (type == "Sequence") {
    const Json list = json.value("processors", Json());
    if (!list.is_array()) return bad("'processors' must be a list");
    for (const Json& one : list) YURAI_TRY(add_post(one, post));
    return {};
  }
  if (type == "ByteLevel") {
    YURAI_ASSIGN(post.trims, json_flag(json, "trim_offsets", true));
    YURAI_ASSIGN(post.prefix_space, json_flag(json, "add_prefix_space", true));
    return {};
  }
  if (type == "TemplateProcessing") {
    if (!post.before.empty() || !post.after.empty()) return bad("two templates are not supported");
    return add_template(json, post);
  }
  return unknown_kind("post_processor", type, "Sequence, ByteLevel, TemplateProcessing");
}

Result<void> check_template(const JsonTokenizerParts& parts) {
  for (const auto* ids : {&parts.post.before, &parts.post.after}) {
    for (const uint32_t id : *ids) {
      const bool added = std::any_of(parts.added.begin(), parts.added.end(),
                                     [&](const AddedToken& token) { return token.id == id; });
      if (!added && !parts.vocabulary.has(id)) {
        return bad(fmt::format("post_processor: there is no token {}", id));
      }
    }
  }
  return {};
}

/// The model's type; files of before 2021 do not say it.
std::string model_type(dom::object model) {
  std::string_view type;
  if (model["type"].get(type) == simdjson::SUCCESS) return std::string(type);
  return is_set(model, "merges") ? "BPE" : "Unigram";
}

}  // namespace

Result<PostProcessor> PostProcessor::parse(const Json& json) {
  PostProcessor post;
  if (!json.is_null()) YURAI_TRY(add_post(json, post));
  return post;
}

Result<JsonTokenizerParts> parse_json_tokenizer_parts(std::string_view bytes,
                                                      TokenizerFacts& facts) {
  dom::parser parser;
  if (parser.allocate(bytes.size(), kMaxDepth) != simdjson::SUCCESS) {
    return fail(ErrorCode::kResourceExhausted, "no memory for it");
  }
  dom::object root;
  const simdjson::error_code error = parser.parse(simdjson::padded_string(bytes)).get(root);
  if (error != simdjson::SUCCESS) {
    return bad(fmt::format("broken JSON ({})", simdjson::error_message(error)));
  }
  dom::object model;
  if (root["model"].get(model) != simdjson::SUCCESS) return bad("it has no object 'model'");

  JsonTokenizerParts parts;
  YURAI_ASSIGN(const Json normalizer, small_part(root, "normalizer"));
  YURAI_ASSIGN(parts.normalizer, within("normalizer", Normalizer::parse(normalizer)));
  YURAI_ASSIGN(const Json pre_tokenizer, small_part(root, "pre_tokenizer"));
  YURAI_ASSIGN(parts.pre_tokenizer, within("pre_tokenizer", PreTokenizer::parse(pre_tokenizer)));
  const std::string type = model_type(model);
  if (type == "BPE") {
    YURAI_TRY(within("model", read_bpe(model, parts)));
    facts.kind = parts.pre_tokenizer.byte_level() ? "byte-level-bpe" : "bpe";
    std::string_view unknown;
    if (model["unk_token"].get(unknown) == simdjson::SUCCESS) {
      facts.unknown = parts.vocabulary.id_of(unknown);
    }
  } else if (type == "Unigram") {
    YURAI_TRY(within("model", read_unigram(model, parts)));
    facts.kind = "unigram";
    uint64_t unknown = 0;
    if (model["unk_id"].get(unknown) == simdjson::SUCCESS) {
      facts.unknown = static_cast<uint32_t>(unknown);
    }
  } else {
    return unknown_kind("model", type, "BPE, Unigram");
  }
  YURAI_TRY(within("added_tokens", read_added(root, parts)));
  YURAI_ASSIGN(const Json post, small_part(root, "post_processor"));
  YURAI_ASSIGN(parts.post, within("post_processor", PostProcessor::parse(post)));
  YURAI_TRY(check_template(parts));
  YURAI_ASSIGN(const Json decoder, small_part(root, "decoder"));
  YURAI_ASSIGN(parts.decoder, within("decoder", TokenDecoder::parse(decoder)));
  for (const AddedToken& token : parts.added) {
    if (token.special) facts.special.push_back({token.id, token.content});
  }
  std::sort(facts.special.begin(), facts.special.end(),
            [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
  return parts;
}

}  // namespace yurai

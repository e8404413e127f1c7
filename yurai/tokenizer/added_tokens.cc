#include "yurai/tokenizer/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/tokenizer/characters.h"

namespace yurai {
namespace {

bool is_word_before(std::string_view text, size_t at) {
  return at > 0 && is_word_char(decode_char(text, char_floor(text, at - 1)));
}

bool is_word_at(std::string_view text, size_t at) {
  return at < text.size() && is_word_char(decode_char(text, at));
}

}  // namespace

Result<AddedTokenMatcher> AddedTokenMatcher::build(const std::vector<AddedToken>& tokens,
                                                   bool normalized) {
  AddedTokenMatcher matcher;
  for (const AddedToken& token : tokens) {
    if (token.normalized != normalized || token.pattern.empty()) continue;
    uint32_t node = ByteTrie::kRoot;
    for (size_t i = 0; i < token.pattern.size() && node != ByteTrie::kNone; ++i) {
      node = matcher.trie_.step(node, token.pattern[i]);
    }
    const bool there = node != ByteTrie::kNone && matcher.trie_.value(node) != ByteTrie::kNone;
    const auto number = static_cast<uint32_t>(matcher.tokens_.size());
    if (there || !matcher.trie_.insert(token.pattern, number)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("added token '{}' {}", for_terminal(token.content.substr(0, 100)),
                              there ? "is listed twice" : "is one too many"));
    }
    matcher.tokens_.push_back(token);
  }
  return matcher;
}

std::vector<AddedTokenMatcher::Match> AddedTokenMatcher::find_all(std::string_view text,
                                                                  bool match_special) const {
  std::vector<Match> found;
  if (tokens_.empty()) return found;
  size_t taken = 0;  // up to here the text is in matches
  for (size_t at = 0; at < text.size();) {
    uint32_t node = ByteTrie::kRoot;
    uint32_t number = ByteTrie::kNone;
    size_t end = at;
    for (size_t i = at; i < text.size();) {
      node = trie_.step(node, text[i++]);
      if (node == ByteTrie::kNone) break;
      if (trie_.value(node) == ByteTrie::kNone) continue;
      number = trie_.value(node);
      end = i;
    }
    if (number == ByteTrie::kNone) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[number];
    size_t begin = at;
    at = end;  // also where the match does not count
    if (token.special && !match_special) continue;
    if (token.single_word && (is_word_before(text, begin) || is_word_at(text, end))) continue;
    while (token.strips_left && begin > taken) {
      const size_t before = char_floor(text, begin - 1);
      if (!is_white_space(decode_char(text, before))) break;
      begin = before;
    }
    while (token.strips_right && end < text.size() && is_white_space(decode_char(text, end))) {
      end += char_bytes(text, end);
    }
    // White space that a match before took is not there any more.
    begin = std::max(begin, taken);
    if (end <= begin) continue;
    found.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), token.id});
    taken = end;
  }
  return found;
}

}  // namespace yurai

#include "yurai/tokenizer/sentencepiece_normalizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/aligned_text.h"

namespace yurai {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁

}  // namespace

Result<SentencePieceSymbols> SentencePieceSymbols::build(std::span<const SentencePiece> pieces) {
  SentencePieceSymbols symbols;
  for (uint32_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].type != SentencePieceType::kUserDefined) continue;
    if (!symbols.trie_.insert(pieces[id].text, id)) {
      return fail(ErrorCode::kResourceExhausted, "too many user-defined symbols");
    }
  }
  return symbols;
}

size_t SentencePieceSymbols::match(std::string_view text) const {
  size_t longest = 0;
  uint32_t node = ByteTrie::kRoot;
  for (size_t i = 0; i < text.size(); ++i) {
    node = trie_.step(node, text[i]);
    if (node == ByteTrie::kNone) break;
    if (trie_.value(node) != ByteTrie::kNone) longest = i + 1;
  }
  return longest;
}

SentencePieceNormalizer::Prefix SentencePieceNormalizer::next(std::string_view rest) const {
  if (symbols_ != nullptr) {
    if (const size_t size = symbols_->match(rest)) return {rest.substr(0, size), size};
  }
  if (!rules_.array.empty()) {
    if (const auto rule = rules_.array.longest(rest)) {
      return {rules_.texts.c_str() + rule->value, rule->size};
    }
  }
  const size_t size = char_bytes(rest, 0);
  return {rest.substr(0, size), size};
}

void SentencePieceNormalizer::add(std::string_view text, uint32_t source,
                                  NormalizedText& out) const {
  if (!rules_.escape_whitespaces || text.find(' ') == text.npos) {
    out.text += text;
  } else {
    for (const char byte : text) {
      if (byte == ' ') {
        out.text += kSpace;
      } else {
        out.text += byte;
      }
    }
  }
  out.sources.resize(out.text.size(), source);
}

Result<NormalizedText> SentencePieceNormalizer::normalize(std::string_view text) const {
  NormalizedText out;
  size_t at = 0;
  const bool strip = rules_.remove_extra_whitespaces;
  while (strip && at < text.size()) {
    const Prefix prefix = next(text.substr(at));
    if (prefix.text != " ") break;
    at += prefix.size;
  }
  if (at == text.size()) return out;
  out.text.reserve(text.size() + text.size() / 4 + 16);
  out.sources.reserve(text.size() + text.size() / 4 + 16);
  const bool prefix_space = rules_.add_dummy_prefix && !whitespace_as_suffix_;
  if (prefix_space) add(" ", static_cast<uint32_t>(at), out);
  bool after_space = strip;
  while (at < text.size()) {
    const Prefix prefix = next(text.substr(at));
    std::string_view rest = prefix.text;
    if (after_space) rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (!rest.empty()) {
      add(rest, static_cast<uint32_t>(at), out);
      after_space = strip && rest.back() == ' ';
      if (out.text.size() > kMaxNormalizedBytes) {
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("the normaliser makes more than {} bytes of the text; cut it",
                                kMaxNormalizedBytes));
      }
    }
    at += prefix.size;
  }
  auto end = static_cast<uint32_t>(at);
  const std::string_view space = rules_.escape_whitespaces ? kSpace : " ";
  while (strip && out.text.ends_with(space)) {
    const size_t size = out.text.size() - space.size();
    end = out.sources[size];
    out.text.resize(size);
    out.sources.resize(size);
  }
  if (rules_.add_dummy_prefix && whitespace_as_suffix_) add(" ", end, out);
  out.sources.push_back(end);
  return out;
}

}  // namespace yurai

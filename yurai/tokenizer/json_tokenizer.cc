#include "yurai/tokenizer/json_tokenizer.h"

#include <algorithm>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/characters.h"
#include "yurai/tokenizer/json_tokenizer_parts.h"

namespace yurai {
namespace {

/// How many characters at both ends of a token are trimmed; a token of nothing else counts twice.
using Ends = std::pair<size_t, size_t>;

Ends spaces_around(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(' ');
  if (first == bytes.npos) return {bytes.size(), bytes.size()};
  return {first, bytes.size() - 1 - bytes.find_last_not_of(' ')};
}

Ends white_space_around(std::string_view text) {
  Ends ends;
  for (size_t at = 0; at < text.size() && is_white_space(decode_char(text, at));
       at += char_bytes(text, at)) {
    ++ends.first;
  }
  for (size_t at = text.size(); at > 0; ++ends.second) {
    at = char_floor(text, at - 1);
    if (!is_white_space(decode_char(text, at))) break;
  }
  return ends;
}

class JsonTokenizer final : public Tokenizer {
 public:
  JsonTokenizer(JsonTokenizerParts parts, TokenizerFacts facts) : parts_(std::move(parts)) {
    facts_ = std::move(facts);
    size_ = parts_.vocabulary.size();
    for (const AddedToken& token : parts_.added) {
      size_ = std::max(size_, token.id + 1);
      added_by_id_.emplace(token.id, &token);
      added_by_content_.emplace(token.content, token.id);
    }
  }

  Result<std::string> decode(std::span<const uint32_t> ids,
                             const DecodeOptions& options) const override;
  uint32_t vocabulary_size() const override { return size_; }
  std::optional<std::string> piece(uint32_t id) const override;
  std::optional<uint32_t> id_of(std::string_view piece) const override;

 protected:
  Result<std::vector<Token>> encode_valid(std::string_view text,
                                          const EncodeOptions& options) const override;

 private:
  Result<void> encode_between(std::string_view text, TextRange range, const EncodeOptions& options,
                              std::vector<Token>& out) const;
  Result<void> run_model(const PiecedText& pieced, const PiecedText::Piece& piece,
                         std::string_view text, std::vector<Token>& out) const;
  void add(Token token, std::string_view written, bool is_bytes, std::string_view text,
           std::vector<Token>& out) const;

  JsonTokenizerParts parts_;
  uint32_t size_ = 0;
  std::unordered_map<uint32_t, const AddedToken*> added_by_id_;
  std::unordered_map<std::string_view, uint32_t> added_by_content_;
};

std::optional<std::string> JsonTokenizer::piece(uint32_t id) const {
  if (const auto added = added_by_id_.find(id); added != added_by_id_.end()) {
    return added->second->content;
  }
  if (parts_.vocabulary.has(id)) return parts_.vocabulary.piece(id);
  return std::nullopt;
}

std::optional<uint32_t> JsonTokenizer::id_of(std::string_view piece) const {
  const auto added = added_by_content_.find(piece);
  return added != added_by_content_.end() ? added->second : parts_.vocabulary.id_of(piece);
}

/// Adds a token that is `written` so in the normalised text. Where the post-processor trims, white
/// space at the token's ends is not of its range; of a token of bytes only the space itself counts,
/// because the library looks at the letters of its alphabet.
void JsonTokenizer::add(Token token, std::string_view written, bool is_bytes, std::string_view text,
                        std::vector<Token>& out) const {
  if (parts_.post.trims) {
    auto [before, after] = is_bytes ? spaces_around(written) : white_space_around(written);
    // The space that the pre-tokenizer put before the first word is not in the text.
    const bool is_first = out.empty() || token.byte_begin == 0;
    if (is_first && parts_.post.prefix_space && before == 1) before = 0;
    for (; before > 0 && token.byte_begin < token.byte_end; --before) {
      token.byte_begin += static_cast<uint32_t>(char_bytes(text, token.byte_begin));
    }
    for (; after > 0 && token.byte_begin < token.byte_end; --after) {
      token.byte_end = static_cast<uint32_t>(char_floor(text, token.byte_end - 1));
    }
  }
  out.push_back(token);
}

Result<void> JsonTokenizer::run_model(const PiecedText& pieced, const PiecedText::Piece& piece,
                                      std::string_view text, std::vector<Token>& out) const {
  thread_local std::vector<Token> tokens;  // scratch
  tokens.clear();
  const std::string_view written =
      std::string_view(pieced.text.text()).substr(piece.begin, piece.end - piece.begin);
  if (parts_.bpe) {
    parts_.bpe->encode(written, tokens);
  } else {
    YURAI_TRY(parts_.unigram->encode(written, tokens));
  }
  for (const Token& token : tokens) {
    const TextRange source =
        pieced.text.source(piece.begin + token.byte_begin, piece.begin + token.byte_end);
    add({token.id, source.begin, source.end},
        written.substr(token.byte_begin, token.byte_end - token.byte_begin),
        parts_.pre_tokenizer.byte_level(), text, out);
  }
  if (tokens.capacity() > 1 << 16)
    std::vector<Token>().swap(tokens);  // a long text leaves nothing behind
  return {};
}

/// What stands between two added tokens.
Result<void> JsonTokenizer::encode_between(std::string_view text, TextRange range,
                                           const EncodeOptions& options,
                                           std::vector<Token>& out) const {
  PiecedText pieced{AlignedText(text.substr(range.begin, range.end - range.begin), range.begin)};
  YURAI_TRY(parts_.normalizer.apply(pieced.text));
  const std::string_view normalized = pieced.text.text();
  uint32_t done = 0;
  for (const auto& match : parts_.normalized_matcher.find_all(normalized, options.match_special)) {
    if (match.begin > done) pieced.pieces.push_back({done, match.begin, std::nullopt});
    pieced.pieces.push_back({match.begin, match.end, match.id});
    done = match.end;
  }
  if (done < normalized.size()) {
    pieced.pieces.push_back({done, static_cast<uint32_t>(normalized.size()), std::nullopt});
  }
  YURAI_TRY(parts_.pre_tokenizer.apply(pieced));
  for (const PiecedText::Piece& piece : pieced.pieces) {
    if (!piece.token) {
      YURAI_TRY(run_model(pieced, piece, text, out));
      continue;
    }
    const TextRange source = pieced.text.source(piece.begin, piece.end);
    add({*piece.token, source.begin, source.end},
        std::string_view(pieced.text.text()).substr(piece.begin, piece.end - piece.begin), false,
        text, out);
  }
  return {};
}

Result<std::vector<Token>> JsonTokenizer::encode_valid(std::string_view text,
                                                       const EncodeOptions& options) const {
  std::vector<Token> out;
  out.reserve(text.size() / 3 + 4);
  uint32_t done = 0;
  for (const auto& match : parts_.matcher.find_all(text, options.match_special)) {
    if (match.begin > done) YURAI_TRY(encode_between(text, {done, match.begin}, options, out));
    add({match.id, match.begin, match.end}, text.substr(match.begin, match.end - match.begin),
        false, text, out);
    done = match.end;
  }
  const auto size = static_cast<uint32_t>(text.size());
  if (done < size) YURAI_TRY(encode_between(text, {done, size}, options, out));
  if (options.add_special) {
    std::vector<Token> before;
    for (const uint32_t id : parts_.post.before) before.push_back({id, 0, 0});
    out.insert(out.begin(), before.begin(), before.end());
    for (const uint32_t id : parts_.post.after) out.push_back({id, size, size});
  }
  return out;
}

Result<std::string> JsonTokenizer::decode(std::span<const uint32_t> ids,
                                          const DecodeOptions& options) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const uint32_t id : ids) {
    const auto added = added_by_id_.find(id);
    if (added != added_by_id_.end()) {
      if (options.skip_special && added->second->special) continue;
      tokens.push_back(added->second->pattern);
    } else if (parts_.vocabulary.has(id)) {
      tokens.push_back(parts_.vocabulary.piece(id));
    } else {
      return no_such_token(id);
    }
  }
  return parts_.decoder.decode(std::move(tokens));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> parse_json_tokenizer(std::string_view bytes) {
  TokenizerFacts facts;
  YURAI_ASSIGN(JsonTokenizerParts parts, parse_json_tokenizer_parts(bytes, facts));
  return std::unique_ptr<Tokenizer>(
      std::make_unique<JsonTokenizer>(std::move(parts), std::move(facts)));
}

}  // namespace yurai

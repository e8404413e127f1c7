#include "yurai/tokenizer/unigram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr double kUnknownPenalty =
    10;  // SentencePiece's: an unknown character below the worst piece

}  // namespace

Result<Unigram> Unigram::build(const Vocabulary& vocabulary, std::vector<double> scores,
                               const UnigramOptions& options) {
  Unigram unigram;
  double lowest = INFINITY;
  for (uint32_t id = 0; id < vocabulary.size(); ++id) {
    if (!std::isfinite(scores[id])) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the score of token {} is no number", id));
    }
    lowest = std::min(lowest, scores[id]);
    if (!unigram.trie_.insert(vocabulary.piece(id), id)) {
      return fail(ErrorCode::kResourceExhausted,
                  "the vocabulary has too many different beginnings");
    }
  }
  unigram.scores_ = std::move(scores);
  unigram.unknown_score_ = lowest - kUnknownPenalty;
  if (options.unknown) {
    if (*options.unknown >= vocabulary.size()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("unk_id {} is not in the vocabulary", *options.unknown));
    }
    unigram.unknown_ = *options.unknown;
  }
  if (options.byte_fallback) {
    unigram.has_fallback_ = true;
    for (size_t byte = 0; byte < 256; ++byte) {
      unigram.fallback_[byte] = vocabulary.id_of(fmt::format("<0x{:02X}>", byte)).value_or(kNone);
    }
  }
  return unigram;
}

/// Viterbi from the left. Where every way passes through a place, the best way up to there is
/// settled, and the table begins anew; the sum goes on, so that nothing is rounded otherwise.
void Unigram::best_cut(std::string_view text, std::vector<Token>& out) const {
  std::vector<Way> ways(1);
  uint32_t base = 0;      // of `ways` in the text
  uint32_t farthest = 0;  // that a piece reaches
  const auto size = static_cast<uint32_t>(text.size());
  const auto settle = [&](uint32_t at) {
    const size_t settled = out.size();
    for (uint32_t end = at; end > base;) {
      const Way& way = ways[end - base];
      out.push_back({way.id, way.begin, end});
      end = way.begin;
    }
    std::reverse(out.begin() + static_cast<ptrdiff_t>(settled), out.end());
    ways[0] = {ways[at - base].score, kNone, 0};
    ways.resize(1);
    base = at;
  };
  for (uint32_t at = 0; at < size;) {
    if (at == farthest && at > base) settle(at);
    const double score = ways[at - base].score;
    const auto offer = [&](uint32_t end, double sum, uint32_t id) {
      farthest = std::max(farthest, end);
      if (ways.size() <= end - base) ways.resize(end - base + 1);
      Way& way = ways[end - base];
      if (way.begin == kNone || sum > way.score) way = {sum, at, id};
    };
    const auto next = at + static_cast<uint32_t>(char_bytes(text, at));
    bool one_char = false;
    uint32_t node = ByteTrie::kRoot;
    for (uint32_t end = at; end < size;) {
      node = trie_.step(node, text[end++]);
      if (node == ByteTrie::kNone) break;
      const uint32_t id = trie_.value(node);
      if (id == ByteTrie::kNone) continue;
      offer(end, scores_[id] + score, id);
      one_char = one_char || end == next;
    }
    if (!one_char) offer(next, unknown_score_ + score, kNone);
    at = next;
  }
  settle(size);
}

Result<void> Unigram::encode(std::string_view text, std::vector<Token>& out) const {
  std::vector<Token> cut;
  cut.reserve(text.size() / 3 + 1);
  best_cut(text, cut);
  const auto is_unknown = [&](const Token& token) {
    return token.id == kNone || token.id == unknown_;
  };
  for (size_t i = 0; i < cut.size(); ++i) {
    if (!is_unknown(cut[i])) {
      out.push_back(cut[i]);
      continue;
    }
    Token all = cut[i];
    while (i + 1 < cut.size() && is_unknown(cut[i + 1])) all.byte_end = cut[++i].byte_end;
    const std::string_view bytes = text.substr(all.byte_begin, all.byte_end - all.byte_begin);
    // Characters that are unknown one by one can be a piece together.
    uint32_t node = ByteTrie::kRoot;
    for (size_t k = 0; k < bytes.size() && node != ByteTrie::kNone; ++k) {
      node = trie_.step(node, bytes[k]);
    }
    const uint32_t known = node == ByteTrie::kNone ? kNone : trie_.value(node);
    const auto is_token = [&](char byte) {
      return fallback_[static_cast<unsigned char>(byte)] != kNone;
    };
    if (known != kNone) {
      out.push_back({known, all.byte_begin, all.byte_end});
    } else if (has_fallback_ && std::all_of(bytes.begin(), bytes.end(), is_token)) {
      for (const char byte : bytes) {
        out.push_back({fallback_[static_cast<unsigned char>(byte)], all.byte_begin, all.byte_end});
      }
    } else if (unknown_ != kNone) {
      out.push_back({unknown_, all.byte_begin, all.byte_end});
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "the text has a character that is no token, and the tokenizer has no unk_id");
    }
  }
  return {};
}

}  // namespace yurai

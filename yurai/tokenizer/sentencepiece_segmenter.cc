#include "yurai/tokenizer/sentencepiece_segmenter.h"

#include <algorithm>
#include <cfloat>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁
constexpr float kUnknownPenalty = 10.0F;
constexpr uint32_t kNone = UINT32_MAX;

}  // namespace

Result<SentencePieceSegmenter> SentencePieceSegmenter::build(const SentencePieceModel& model,
                                                             const SentencePieceSymbols& symbols) {
  SentencePieceSegmenter segmenter(model, symbols);
  float lowest = FLT_MAX;
  segmenter.highest_ = FLT_MIN;  // the library's: also where all scores are below it
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    const auto& [text, score, type] = model.pieces[id];
    switch (type) {
      case SentencePieceType::kNormal:
        lowest = std::min(lowest, score);
        segmenter.highest_ = std::max(segmenter.highest_, score);
        [[fallthrough]];
      case SentencePieceType::kUserDefined:
      case SentencePieceType::kUnused:
        segmenter.of_texts_.emplace(text, id);
        break;
      case SentencePieceType::kUnknown:
        segmenter.unknown_ = id;
        [[fallthrough]];
      case SentencePieceType::kControl:
      case SentencePieceType::kByte:
        segmenter.others_.emplace(text, id);
        continue;
    }
    if (model.type != "unigram" || type == SentencePieceType::kUnused) continue;
    if (!segmenter.trie_.insert(text, id)) {
      return fail(ErrorCode::kResourceExhausted, "its pieces have too many different beginnings");
    }
  }
  segmenter.unknown_score_ = lowest - kUnknownPenalty;
  return segmenter;
}

std::optional<uint32_t> SentencePieceSegmenter::id_of(std::string_view piece) const {
  if (const auto found = others_.find(piece); found != others_.end()) return found->second;
  if (const auto found = of_texts_.find(piece); found != of_texts_.end()) return found->second;
  return std::nullopt;
}

std::vector<SentencePieceSegmenter::Segment> SentencePieceSegmenter::segment(
    std::string_view text) const {
  if (text.empty()) return {};
  if (model_.type == "unigram") return best_cut(text);
  if (model_.type == "bpe") return merge(text);
  return model_.type == "word" ? words(text) : characters(text);
}

/// Viterbi from the left, in single precision as the library: another rounding is another cut.
/// Where every way passes through a place, the best one up to there is settled and the table begins
/// anew.
std::vector<SentencePieceSegmenter::Segment> SentencePieceSegmenter::best_cut(
    std::string_view text) const {
  struct Way {
    float score = 0;
    uint32_t begin = kNone;
    uint32_t id = 0;
  };
  std::vector<Segment> out;
  out.reserve(text.size() / 4 + 1);
  std::vector<Way> ways(1);
  uint32_t base = 0;      // of `ways` in the text
  uint32_t farthest = 0;  // that a piece reaches
  const auto size = static_cast<uint32_t>(text.size());
  const auto settle = [&](uint32_t at) {
    const auto settled = static_cast<ptrdiff_t>(out.size());
    for (uint32_t end = at; end > base;) {
      const Way& way = ways[end - base];
      out.push_back({end - way.begin, way.id});
      end = way.begin;
    }
    std::reverse(out.begin() + settled, out.end());
    ways[0] = {ways[at - base].score, kNone, 0};
    ways.resize(1);
    base = at;
  };
  for (uint32_t at = 0; at < size;) {
    if (at == farthest && at > base) settle(at);
    const float score = ways[at - base].score;
    const auto offer = [&](uint32_t end, double sum, uint32_t id) {
      farthest = std::max(farthest, end);
      if (ways.size() <= end - base) ways.resize(end - base + 1);
      Way& way = ways[end - base];
      if (way.begin == kNone || sum > static_cast<double>(way.score)) {
        way = {static_cast<float>(sum), at, id};
      }
    };
    const auto next = at + static_cast<uint32_t>(char_bytes(text, at));
    bool one_char = false;
    uint32_t node = ByteTrie::kRoot;
    for (uint32_t end = at; end < size;) {
      node = trie_.step(node, text[end++]);
      if (node == ByteTrie::kNone) break;
      const uint32_t id = trie_.value(node);
      if (id == ByteTrie::kNone) continue;
      const SentencePiece& piece = model_.pieces[id];
      const bool is_symbol = piece.type == SentencePieceType::kUserDefined;
      const double gain = is_symbol
                              ? static_cast<double>(static_cast<float>(end - at) * highest_) - 0.1
                              : static_cast<double>(piece.score);
      offer(end, gain + static_cast<double>(score), id);
      one_char = one_char || end == next;
    }
    if (!one_char) offer(next, static_cast<double>(unknown_score_ + score), unknown_);
    at = next;
  }
  settle(size);
  return out;
}

/// Of all neighbours that are a piece together, those of the highest score are merged, from the
/// left, until none are. Then pieces that are not to be used are taken apart again, the way that
/// such a piece was last seen put together anywhere in the text.
std::vector<SentencePieceSegmenter::Segment> SentencePieceSegmenter::merge(
    std::string_view text) const {
  struct Symbol {
    uint32_t begin;
    uint32_t size;  ///< 0: gone into its left neighbour
    uint32_t previous;
    uint32_t next;
    bool frozen;
  };
  struct Pair {
    float score;
    uint32_t left;
    uint32_t right;
    uint32_t size;
    bool operator<(const Pair& other) const {  // the heap's top is the highest
      return score != other.score ? score < other.score : left > other.left;
    }
  };
  std::vector<Symbol> symbols;
  symbols.reserve(text.size() / 2 + 1);
  for (size_t at = 0; at < text.size();) {
    const size_t symbol = symbols_.match(text.substr(at));
    const size_t size = symbol > 0 ? symbol : char_bytes(text, at);
    const auto i = static_cast<uint32_t>(symbols.size());
    symbols.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(size),
                       i == 0 ? kNone : i - 1, i + 1, symbol > 0});
    at += size;
  }
  symbols.back().next = kNone;
  std::vector<Pair> heap;
  std::unordered_map<std::string_view, uint32_t> put_together;  // to the size of the left part
  const auto offer = [&](uint32_t left, uint32_t right) {
    if (left == kNone || right == kNone || symbols[left].frozen || symbols[right].frozen) return;
    const uint32_t size = symbols[left].size + symbols[right].size;
    const std::string_view piece = text.substr(symbols[left].begin, size);
    const auto found = of_texts_.find(piece);
    if (found == of_texts_.end()) return;
    heap.push_back({model_.pieces[found->second].score, left, right, size});
    std::push_heap(heap.begin(), heap.end());
    if (model_.pieces[found->second].type == SentencePieceType::kUnused) {
      put_together[piece] = symbols[left].size;
    }
  };
  for (uint32_t i = 1; i < symbols.size(); ++i) offer(i - 1, i);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const Pair top = heap.back();
    heap.pop_back();
    Symbol& left = symbols[top.left];
    Symbol& right = symbols[top.right];
    if (left.size == 0 || right.size == 0 || left.size + right.size != top.size) continue;
    left.size = top.size;
    right.size = 0;
    left.next = right.next;
    if (right.next != kNone) symbols[right.next].previous = top.left;
    offer(left.previous, top.left);
    offer(top.left, left.next);
  }
  std::vector<Segment> out;
  const auto take = [&](const auto& self, std::string_view piece) -> void {
    const uint32_t id = id_or_unknown(piece);
    if (model_.pieces[id].type == SentencePieceType::kUnused) {
      if (const auto parts = put_together.find(piece); parts != put_together.end()) {
        self(self, piece.substr(0, parts->second));
        self(self, piece.substr(parts->second));
        return;
      }
    }
    out.push_back({static_cast<uint32_t>(piece.size()), id});
  };
  for (uint32_t i = 0; i != kNone; i = symbols[i].next) {
    take(take, text.substr(symbols[i].begin, symbols[i].size));
  }
  return out;
}

/// A word goes from one ▁ to the next.
std::vector<SentencePieceSegmenter::Segment> SentencePieceSegmenter::words(
    std::string_view text) const {
  std::vector<Segment> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(kSpace, at + 1), text.size());
    out.push_back({static_cast<uint32_t>(end - at), id_or_unknown(text.substr(at, end - at))});
    at = end;
  }
  return out;
}

std::vector<SentencePieceSegmenter::Segment> SentencePieceSegmenter::characters(
    std::string_view text) const {
  std::vector<Segment> out;
  for (size_t at = 0; at < text.size();) {
    const size_t symbol = symbols_.match(text.substr(at));
    const size_t size = symbol > 0 ? symbol : char_bytes(text, at);
    out.push_back({static_cast<uint32_t>(size), id_or_unknown(text.substr(at, size))});
    at += size;
  }
  return out;
}

}  // namespace yurai

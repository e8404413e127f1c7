#include "yurai/tokenizer/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/tokenizer/byte_alphabet.h"

namespace yurai {
namespace {

/// Up to here the pairs are looked through again for each merge; beyond, they wait in a heap.
constexpr size_t kFewSymbols = 48;

uint64_t pair_key(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

}  // namespace

MergeTable::MergeTable(size_t num_merges) {
  const size_t size = std::bit_ceil(std::max<size_t>(2 * num_merges, 16));
  slots_.resize(size);
  mask_ = size - 1;
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
}

void MergeTable::insert(uint32_t left, uint32_t right, Merge merge) {
  const uint64_t key = pair_key(left, right);
  size_t slot = hash(key);
  while (slots_[slot].key != kEmpty && slots_[slot].key != key) slot = (slot + 1) & mask_;
  slots_[slot] = {key, merge};
}

void Bpe::add_symbols(const Vocabulary& vocabulary) {
  low_symbols_.assign(options_.byte_level ? 256 : 0x10000, kNone);
  fallback_.fill(kNone);
  for (uint32_t id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.has(id)) continue;
    const std::string& piece = vocabulary.piece(id);
    if (options_.whole_words) {
      if (options_.byte_level) {
        if (auto bytes = from_byte_alphabet(piece)) words_.emplace(std::move(*bytes), id);
      } else {
        words_.emplace(piece, id);
      }
    }
    if (options_.byte_fallback) {
      // "<0x0a>" is not written so: only one spelling counts.
      const auto byte = fallback_byte(piece);
      if (byte && piece == fmt::format("<0x{:02X}>", *byte)) fallback_[*byte] = id;
    }
    if (char_bytes(piece, 0) != piece.size()) continue;
    const char32_t c = decode_char(piece, 0);
    if (options_.byte_level) {
      if (const auto bytes = from_byte_alphabet(piece)) {
        low_symbols_[static_cast<unsigned char>((*bytes)[0])] = id;
      }
    } else if (c < low_symbols_.size()) {
      low_symbols_[c] = id;
    } else {
      high_symbols_.emplace(c, id);
    }
  }
}

bool Bpe::is_fallback(uint32_t id) const {
  return options_.byte_fallback &&
         std::find(fallback_.begin(), fallback_.end(), id) != fallback_.end();
}

/// A merge joins the last symbol of its left to the first of its right. Those are the characters
/// that their names end and begin with, or, of byte fallback, the tokens themselves.
void Bpe::note_crossing(std::string_view left, std::string_view right, uint32_t left_id,
                        uint32_t right_id) {
  const auto symbol_at = [&](std::string_view piece, size_t at) {
    const char32_t c = decode_char(piece, at);
    if (!options_.byte_level) return symbol_of(c);
    const auto bytes = from_byte_alphabet(piece.substr(at, char_bytes(piece, at)));
    return bytes ? low_symbols_[static_cast<unsigned char>((*bytes)[0])] : kNone;
  };
  const uint32_t last = symbol_at(left, char_floor(left, left.size() - 1));
  const uint32_t first = symbol_at(right, 0);
  crossings_[crossing(last, first)] = true;
  const bool left_falls = left.size() == 6 && is_fallback(left_id);
  const bool right_falls = right.size() == 6 && is_fallback(right_id);
  if (left_falls) crossings_[crossing(left_id, first)] = true;
  if (right_falls) crossings_[crossing(last, right_id)] = true;
  if (left_falls && right_falls) crossings_[crossing(left_id, right_id)] = true;
}

Result<Bpe> Bpe::build(const Vocabulary& vocabulary,
                       const std::vector<std::pair<std::string_view, std::string_view>>& merges,
                       const BpeOptions& options) {
  Bpe bpe(options, merges.size());
  const size_t bits = std::bit_ceil(std::max<size_t>(32 * merges.size(), 1024));
  bpe.crossings_.resize(bits);
  bpe.crossing_shift_ = 64 - static_cast<unsigned>(std::countr_zero(bits));
  bpe.add_symbols(vocabulary);
  if (options.unknown) {
    const auto id = vocabulary.id_of(*options.unknown);
    if (!id) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("unk_token '{}' is not in the vocabulary", for_terminal(*options.unknown)));
    }
    bpe.unknown_ = *id;
  }
  std::string whole;
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    const auto [left, right] = merges[rank];
    whole.assign(left).append(right);
    const auto left_id = vocabulary.id_of(left);
    const auto right_id = vocabulary.id_of(right);
    const auto id = vocabulary.id_of(whole);
    if (!left_id || !right_id || !id) {
      const std::string_view missing = !left_id ? left : !right_id ? right : whole;
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("merge {}: '{}' is not in the vocabulary", rank,
                              for_terminal(missing.substr(0, 100))));
    }
    bpe.merges_.insert(*left_id, *right_id, {rank, *id});
    bpe.note_crossing(left, right, *left_id, *right_id);
  }
  return bpe;
}

void Bpe::first_symbols(std::string_view word, std::vector<Token>& out) const {
  if (options_.byte_level) {
    for (uint32_t at = 0; at < word.size(); ++at) {
      const uint32_t id = low_symbols_[static_cast<unsigned char>(word[at])];
      if (id != kNone) out.push_back({id, at, at + 1});
    }
    return;
  }
  bool after_unknown = false;
  for (uint32_t at = 0; at < word.size();) {
    const auto size = static_cast<uint32_t>(char_bytes(word, at));
    const uint32_t id = symbol_of(decode_char(word, at));
    const auto known_byte = [&](char byte) {
      return fallback_[static_cast<unsigned char>(byte)] != kNone;
    };
    const std::string_view bytes = word.substr(at, size);
    if (id != kNone) {
      out.push_back({id, at, at + size});
      after_unknown = false;
    } else if (options_.byte_fallback && std::all_of(bytes.begin(), bytes.end(), known_byte)) {
      for (uint32_t i = at; i < at + size; ++i) {
        out.push_back({fallback_[static_cast<unsigned char>(word[i])], i, i + 1});
      }
      after_unknown = false;
    } else if (unknown_ != kNone) {
      if (after_unknown && options_.fuse_unknown) {
        out.back().byte_end = at + size;
      } else {
        out.push_back({unknown_, at, at + size});
      }
      after_unknown = true;
    }
    at += size;
  }
}

void Bpe::encode(std::string_view word, std::vector<Token>& out) const {
  if (options_.whole_words) {
    if (const auto found = words_.find(word); found != words_.end()) {
      out.push_back({found->second, 0, static_cast<uint32_t>(word.size())});
      return;
    }
  }
  thread_local std::vector<Token> symbols;  // scratch; a word is most often a few bytes
  symbols.clear();
  first_symbols(word, symbols);
  if (symbols.size() <= kFewSymbols) {
    merge_few(symbols.data(), symbols.size(), out);
    return;
  }
  size_t begin = 0;
  for (size_t i = 1; i < symbols.size(); ++i) {
    if (crossings_[crossing(symbols[i - 1].id, symbols[i].id)]) continue;
    merge_all(symbols.data() + begin, i - begin, out);
    begin = i;
  }
  merge_all(symbols.data() + begin, symbols.size() - begin, out);
  if (symbols.capacity() > 1 << 16)
    std::vector<Token>().swap(symbols);  // a long text leaves nothing behind
}

void Bpe::merge_all(Token* symbols, size_t count, std::vector<Token>& out) const {
  if (count <= kFewSymbols) {
    merge_few(symbols, count, out);
  } else {
    merge_many(symbols, count, out);
  }
}

void Bpe::merge_few(Token* symbols, size_t count, std::vector<Token>& out) const {
  std::array<MergeTable::Merge, kFewSymbols> merges;  // of symbol i and the next
  const auto look_up = [&](size_t i) {
    const MergeTable::Merge* merge = merges_.find(symbols[i].id, symbols[i + 1].id);
    merges[i] = merge == nullptr ? MergeTable::Merge() : *merge;
  };
  for (size_t i = 0; i + 1 < count; ++i) look_up(i);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == UINT32_MAX) break;
    symbols[best].id = merges[best].id;
    symbols[best].byte_end = symbols[best + 1].byte_end;
    std::copy(symbols + best + 2, symbols + count, symbols + best + 1);
    --count;
    if (best + 1 < count) {
      std::copy(merges.begin() + static_cast<ptrdiff_t>(best) + 2,
                merges.begin() + static_cast<ptrdiff_t>(count),
                merges.begin() + static_cast<ptrdiff_t>(best) + 1);
      look_up(best);
    }
    if (best > 0) look_up(best - 1);
  }
  out.insert(out.end(), symbols, symbols + count);
}

void Bpe::merge_many(Token* symbols, size_t count, std::vector<Token>& out) const {
  struct Link {
    uint32_t previous;
    uint32_t next;
  };
  struct Waiting {
    uint32_t rank;
    uint32_t at;
    uint32_t id;
    bool operator<(const Waiting& other) const {  // the heap's top is the lowest
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  const auto last = static_cast<uint32_t>(count);
  std::vector<Link> links(count);
  std::vector<Waiting> heap;
  heap.reserve(count);
  for (uint32_t i = 0; i < last; ++i) {
    links[i] = {i == 0 ? kNone : i - 1, i + 1 == last ? kNone : i + 1};
  }
  const auto waiting = [&](uint32_t i) -> std::optional<Waiting> {
    if (i == kNone || links[i].next == kNone) return std::nullopt;
    const MergeTable::Merge* merge = merges_.find(symbols[i].id, symbols[links[i].next].id);
    if (merge == nullptr) return std::nullopt;
    return Waiting{merge->rank, i, merge->id};
  };
  for (uint32_t i = 0; i + 1 < last; ++i) {
    if (const auto one = waiting(i)) heap.push_back(*one);
  }
  std::make_heap(heap.begin(), heap.end());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const Waiting top = heap.back();
    heap.pop_back();
    if (symbols[top.at].byte_end == 0) continue;  // gone into its left neighbour
    const auto now = waiting(top.at);
    if (!now || now->rank != top.rank) continue;  // its neighbours changed since
    const uint32_t right = links[top.at].next;
    symbols[top.at].id = top.id;
    symbols[top.at].byte_end = symbols[right].byte_end;
    symbols[right].byte_end = 0;
    links[top.at].next = links[right].next;
    if (links[right].next != kNone) links[links[right].next].previous = top.at;
    for (const uint32_t at : {links[top.at].previous, top.at}) {
      if (const auto one = waiting(at)) {
        heap.push_back(*one);
        std::push_heap(heap.begin(), heap.end());
      }
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (symbols[i].byte_end != 0) out.push_back(symbols[i]);
  }
}

}  // namespace yurai

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "yurai/tokenizer/tokenizer.h"
#include "yurai/tokenizer/vocabulary.h"

namespace yurai {

/// Two neighbours → the rank of their merge and what it makes; open addressing.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank = UINT32_MAX;
    uint32_t id = 0;
  };
  explicit MergeTable(size_t num_merges);
  /// A pair that is there already takes the later merge.
  void insert(uint32_t left, uint32_t right, Merge merge);
  const Merge* find(uint32_t left, uint32_t right) const {
    const uint64_t key = uint64_t{left} << 32 | right;
    for (size_t slot = hash(key);; slot = (slot + 1) & mask_) {
      if (slots_[slot].key == key) return &slots_[slot].merge;
      if (slots_[slot].key == kEmpty) return nullptr;
    }
  }

 private:
  static constexpr uint64_t kEmpty = UINT64_MAX;
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge{};
  };
  size_t hash(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  unsigned shift_ = 0;
};

struct BpeOptions {
  bool byte_level = false;     ///< symbols are bytes, written in GPT-2's alphabet; else characters
  bool byte_fallback = false;  ///< a character that is no token becomes its bytes
  bool fuse_unknown = false;   ///< neighbours that are unknown become one token
  bool whole_words = false;    ///< a word that is a token is not taken apart (`ignore_merges`)
  std::optional<std::string> unknown{};  ///< the token of other characters, which else go away
};

/// Byte-pair encoding (Sennrich et al. 2016): of all neighbours, those of the lowest rank are
/// merged, from the left, until none can be. Immutable; const calls are thread-safe.
class Bpe {
 public:
  static Result<Bpe> build(const Vocabulary& vocabulary,
                           const std::vector<std::pair<std::string_view, std::string_view>>& merges,
                           const BpeOptions& options);

  /// Appends the tokens of a word (valid UTF-8, not empty) with byte ranges in it. O(n log n).
  void encode(std::string_view word, std::vector<Token>& out) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct BytesHash {
    using is_transparent = void;
    size_t operator()(std::string_view bytes) const { return std::hash<std::string_view>()(bytes); }
  };

  Bpe(BpeOptions options, size_t num_merges) : options_(std::move(options)), merges_(num_merges) {}
  size_t crossing(uint32_t left, uint32_t right) const {
    return ((uint64_t{left} << 32 | right) * 0x9E3779B97F4A7C15u) >> crossing_shift_;
  }
  void add_symbols(const Vocabulary& vocabulary);
  void note_crossing(std::string_view left, std::string_view right, uint32_t left_id,
                     uint32_t right_id);
  uint32_t symbol_of(char32_t c) const {
    if (c < low_symbols_.size()) return low_symbols_[c];
    const auto found = high_symbols_.find(c);
    return found == high_symbols_.end() ? kNone : found->second;
  }
  bool is_fallback(uint32_t id) const;
  void first_symbols(std::string_view word, std::vector<Token>& out) const;
  void merge_all(Token* symbols, size_t count, std::vector<Token>& out) const;
  void merge_few(Token* symbols, size_t count, std::vector<Token>& out) const;
  void merge_many(Token* symbols, size_t count, std::vector<Token>& out) const;

  BpeOptions options_;
  MergeTable merges_;
  /// Bits by hash of two symbols between which some merge reaches. Where the bit is not set, a word
  /// can be cut without a change; one that is set by chance costs only time.
  std::vector<bool> crossings_;
  unsigned crossing_shift_ = 0;
  std::vector<uint32_t> low_symbols_;  ///< of bytes, or of the characters below U+10000
  std::unordered_map<char32_t, uint32_t> high_symbols_;
  std::array<uint32_t, 256> fallback_{};
  uint32_t unknown_ = kNone;
  std::unordered_map<std::string, uint32_t, BytesHash, std::equal_to<>> words_;
};

}  // namespace yurai

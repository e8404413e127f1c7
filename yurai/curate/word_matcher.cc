#include "yurai/curate/word_matcher.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <unordered_set>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kThreeBytes = (1ull << 24) - 1;
constexpr uint64_t kSixBytes = (1ull << 48) - 1;
constexpr size_t kKeyBytes = 6;

uint64_t head_bytes(std::string_view text, size_t at) {
  uint64_t head = 0;
  std::memcpy(&head, text.data() + at, std::min<size_t>(sizeof head, text.size() - at));
  return head;
}

/// The upper `num_bits` of a product that spreads the key over all of them.
uint64_t hash(uint64_t key, int num_bits) {
  return (key * 0x9e3779b97f4a7c15ull) >> (64 - num_bits);
}

/// [ァ-ヴー]
bool is_katakana(char32_t c) { return (c >= 0x30a1 && c <= 0x30f4) || c == 0x30fc; }

bool all_katakana(std::string_view word) {
  for (size_t at = 0; at < word.size(); at += char_bytes(word, at)) {
    if (!is_katakana(decode_char(word, at))) return false;
  }
  return !word.empty();
}

bool katakana_before(std::string_view text, size_t at) {
  return at >= 3 && begins_char(text[at - 3]) && char_bytes(text, at - 3) == 3 &&
         is_katakana(decode_char(text, at - 3));
}

bool katakana_after(std::string_view text, size_t at) {
  return at < text.size() && is_katakana(decode_char(text, at));
}

}  // namespace

void WordMatcher::Bits::make_room(size_t num_keys) {
  num_index_bits_ = std::max(num_index_bits_, static_cast<int>(std::bit_width(num_keys)) + 3);
  words_.assign((1ull << num_index_bits_) / 64, 0);
}

void WordMatcher::Bits::add(uint64_t key) {
  const uint64_t bit = hash(key, num_index_bits_);
  words_[bit / 64] |= 1ull << (bit % 64);
}

bool WordMatcher::Bits::may_have(uint64_t key) const {
  const uint64_t bit = hash(key, num_index_bits_);
  return (words_[bit / 64] >> (bit % 64)) & 1;
}

WordMatcher::WordMatcher(const std::vector<std::string>& words, bool katakana_alone) {
  std::vector<std::string> alone;
  std::unordered_set<std::string_view> seen;
  for (const std::string& word : words) {
    if (word.empty() || !seen.insert(word).second) continue;
    (katakana_alone && all_katakana(word) ? alone : words_).push_back(word);
  }
  num_free_ = words_.size();
  words_.insert(words_.end(), alone.begin(), alone.end());
  build_groups();
}

void WordMatcher::build_groups() {
  std::map<uint64_t, std::vector<uint32_t>> by_six;
  std::vector<std::vector<uint32_t>> by_first(256);
  three_.make_room(words_.size());
  six_.make_room(words_.size());
  for (uint32_t id = 0; id < words_.size(); ++id) {
    const std::string& word = words_[id];
    const uint64_t head = head_bytes(word, 0);
    const auto first = static_cast<unsigned char>(word[0]);
    if (word.size() < kKeyBytes) {
      lead_[first] = std::max<uint8_t>(lead_[first], word.size() < 3 ? 2 : 1);
      if (word.size() >= 3) three_.add(head & kThreeBytes);
      by_first[first].push_back(id);
    } else {
      lead_[first] = std::max<uint8_t>(lead_[first], 1);
      three_.add(head & kThreeBytes);
      six_.add(head & kSixBytes);
      by_six[head & kSixBytes].push_back(id);
    }
  }
  const auto add = [this](Group& group, uint64_t key, const std::vector<uint32_t>& ids) {
    group = {key, static_cast<uint32_t>(ids_.size()),
             static_cast<uint32_t>(ids_.size() + ids.size())};
    ids_.insert(ids_.end(), ids.begin(), ids.end());
  };
  short_groups_.resize(256);
  for (size_t first = 0; first < 256; ++first) add(short_groups_[first], first, by_first[first]);
  long_groups_.resize(std::bit_ceil(by_six.size() * 2 + 2));  // two or more
  for (const auto& [key, ids] : by_six) {
    size_t slot = slot_of(key);
    while (long_groups_[slot].end != 0) slot = (slot + 1) & (long_groups_.size() - 1);
    add(long_groups_[slot], key, ids);
  }
}

size_t WordMatcher::slot_of(uint64_t key) const {
  return hash(key, static_cast<int>(std::bit_width(long_groups_.size() - 1)));
}

/// The group of `key`, or nothing; an empty slot ends the search.
const WordMatcher::Group* WordMatcher::find(uint64_t key) const {
  for (size_t slot = slot_of(key);; slot = (slot + 1) & (long_groups_.size() - 1)) {
    if (long_groups_[slot].end == 0) return nullptr;
    if (long_groups_[slot].key == key) return &long_groups_[slot];
  }
}

bool WordMatcher::fits(std::string_view text, size_t at, uint32_t id) const {
  const std::string& word = words_[id];
  if (text.size() - at < word.size() ||
      std::memcmp(text.data() + at, word.data(), word.size()) != 0) {
    return false;
  }
  return id < num_free_ || !(katakana_before(text, at) || katakana_after(text, at + word.size()));
}

/// Bytes of the word that the alternation takes at `at`, 0 for none.
size_t WordMatcher::match(std::string_view text, size_t at, uint64_t head) const {
  uint32_t best = UINT32_MAX;
  const auto look = [&](const Group& group) {
    for (uint32_t i = group.begin; i < group.end && ids_[i] < best; ++i) {
      if (!fits(text, at, ids_[i])) continue;
      best = ids_[i];
      break;
    }
  };
  look(short_groups_[static_cast<unsigned char>(text[at])]);
  if (six_.may_have(head & kSixBytes)) {
    if (const Group* group = find(head & kSixBytes)) look(*group);
  }
  return best == UINT32_MAX ? 0 : words_[best].size();
}

uint64_t WordMatcher::count(std::string_view text, uint64_t limit,
                            std::vector<ByteSpan>* evidence) const {
  uint64_t hits = 0;
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (lead_[first] != 0) {
      const uint64_t head = head_bytes(text, at);
      if (lead_[first] == 2 || three_.may_have(head & kThreeBytes)) {
        if (const size_t length = match(text, at, head); length > 0) {
          if (evidence != nullptr && evidence->size() < kMaxEvidence) {
            evidence->push_back({at, at + length});
          }
          if (++hits >= limit) return hits;
          at += length;
          continue;
        }
      }
    }
    at += char_bytes(text, at);
  }
  return hits;
}

}  // namespace yurai

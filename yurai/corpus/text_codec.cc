#include "yurai/corpus/text_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/corpus/row_table.h"

namespace yurai {
namespace {

using Entry = TextDictionary::Entry;

constexpr std::string_view kMagic = "yuraidic";
constexpr uint64_t kVersion = 1;
constexpr size_t kHeaderBytes = 24;
constexpr size_t kRounds = 7;
constexpr uint16_t kNone = kMaxEntries;

Entry entry_of(std::string_view bytes) {
  Entry entry;
  std::copy(bytes.begin(), bytes.end(), entry.bytes.begin());
  entry.size = static_cast<uint8_t>(bytes.size());
  return entry;
}

/// The first 16 bytes of a text as numbers; zeros where it ends.
std::pair<uint64_t, uint64_t> load(std::string_view text) {
  std::array<uint64_t, 2> words{};
  std::memcpy(words.data(), text.data(), std::min(text.size(), kMaxEntryBytes));
  return {words[0], words[1]};
}

uint64_t first_bytes(uint64_t word, size_t size) {
  return size >= 8 ? word : word & ((uint64_t{1} << (8 * size)) - 1);
}

size_t prefix_hash(uint64_t low) { return (low & 0xFFFFFF) * 0x9E3779B97F4A7C15u >> 48; }

struct Candidate {
  Entry entry;
  uint64_t count = 0;
  uint64_t gain() const { return count * entry.size; }
};

bool bytes_below(const Entry& a, const Entry& b) {
  return std::tie(a.bytes, a.size) < std::tie(b.bytes, b.size);
}

/// How often one entry followed another.
class PairCounts {
 public:
  explicit PairCounts(size_t num_codes) : slots_(std::bit_ceil(2 * num_codes + 2)) {}
  void add(uint32_t first, uint32_t second) {
    const uint64_t key = (uint64_t{first} << 32 | second) + 1;
    size_t at = (key * 0x9E3779B97F4A7C15u >> 20) & (slots_.size() - 1);
    while (slots_[at].key != key && slots_[at].key != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at].key = key;
    ++slots_[at].count;
  }
  template <class Visit>
  void visit(const Visit& visit) const {
    for (const auto& [key, count] : slots_) {
      if (key != 0) visit((key - 1) >> 32, (key - 1) & 0xFFFFFFFF, count);
    }
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint64_t count = 0;
  };
  std::vector<Slot> slots_;
};

std::vector<uint32_t> codes_of(const std::vector<Entry>& entries, std::string_view text) {
  const TextMatcher matcher(entries);
  std::vector<uint32_t> codes;
  codes.reserve(text.size() / 4 + 1);
  while (!text.empty()) {
    codes.push_back(matcher.longest(text));
    text.remove_prefix(entries[codes.back()].size);
  }
  return codes;
}

/// Those of one byte, and the `max_entries` best of the others.
std::vector<Entry> choose(std::vector<Candidate> candidates, size_t max_entries) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return bytes_below(a.entry, b.entry); });
  size_t kept = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {  // the same string from different pairs
    if (kept > 0 && !bytes_below(candidates[kept - 1].entry, candidates[i].entry)) {
      candidates[kept - 1].count += candidates[i].count;
    } else {
      candidates[kept++] = candidates[i];
    }
  }
  candidates.resize(kept);
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.gain() > b.gain(); });
  std::vector<Entry> entries;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    entries.push_back(entry_of({&c, 1}));
  }
  for (const Candidate& candidate : candidates) {
    if (entries.size() == max_entries) break;
    // It takes size + 1 bytes in the dictionary and saves what its bytes alone would take.
    const bool pays = candidate.gain() > 4u * (candidate.entry.size + 1u);
    if (candidate.entry.size > 1 && pays) entries.push_back(candidate.entry);
  }
  return entries;
}

}  // namespace

TextDictionary::TextDictionary(std::vector<Entry> entries)
    : entries_(std::move(entries)), num_entries_(entries_.size()) {
  entries_.resize(kMaxEntries + 1, entry_of("\xFE"));
  sizes_.reserve(entries_.size());
  for (const Entry& entry : entries_) sizes_.push_back(entry.size);
}

TextDictionary TextDictionary::train(std::string_view sample) {
  std::vector<Entry> entries = choose({}, kMaxEntries);
  for (size_t round = 0; round < kRounds; ++round) {
    const std::string_view part = sample;
    const std::vector<uint32_t> codes = codes_of(entries, part);
    std::vector<Candidate> candidates(entries.size());
    for (size_t i = 0; i < entries.size(); ++i) candidates[i].entry = entries[i];
    PairCounts pairs(codes.size());
    for (size_t i = 0; i < codes.size(); ++i) {
      ++candidates[codes[i]].count;
      if (i > 0 && entries[codes[i - 1]].size + entries[codes[i]].size <= kMaxEntryBytes) {
        pairs.add(codes[i - 1], codes[i]);
      }
    }
    if (round + 1 < kRounds) {
      pairs.visit([&](uint64_t first, uint64_t second, uint64_t count) {
        if (count < 2) return;
        std::string both(entries[first].view());
        both += entries[second].view();
        candidates.push_back({entry_of(both), count});
      });
      entries = choose(std::move(candidates), kMaxEntries);
      continue;
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.count > b.count; });
    for (size_t i = 0; i < entries.size(); ++i) entries[i] = candidates[i].entry;
  }
  return TextDictionary(std::move(entries));
}

std::string TextDictionary::bytes() const {
  std::string out(kMagic);
  append_fixed(kVersion, 8, out);
  append_fixed(num_entries_, 8, out);
  for (size_t i = 0; i < num_entries_; ++i) out.push_back(static_cast<char>(entries_[i].size));
  for (size_t i = 0; i < num_entries_; ++i) out += entries_[i].view();
  append_fixed(xxh3(out), 8, out);
  return out;
}

Result<TextDictionary> TextDictionary::parse(std::string_view bytes) {
  const auto corrupt = [](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("the dictionary of its text: {}", what));
  };
  if (bytes.size() < kHeaderBytes + 8 || !bytes.starts_with(kMagic)) return corrupt("no header");
  const uint64_t sum = load_u64(&bytes[bytes.size() - 8]);
  bytes.remove_suffix(8);
  if (const uint64_t version = load_u64(&bytes[8]); version != kVersion) {
    return corrupt(fmt::format("version {}, this program reads {}", version, kVersion));
  }
  if (xxh3(bytes) != sum) return corrupt("checksum mismatch");
  const uint64_t num_entries = load_u64(&bytes[16]);
  if (num_entries > kMaxEntries || num_entries > bytes.size() - kHeaderBytes) {
    return corrupt("too many entries");
  }
  std::string_view rest = bytes.substr(kHeaderBytes + num_entries);
  std::vector<Entry> entries;
  for (size_t i = 0; i < num_entries; ++i) {
    const auto size = static_cast<unsigned char>(bytes[kHeaderBytes + i]);
    if (size == 0 || size > kMaxEntryBytes || size > rest.size()) return corrupt("wrong sizes");
    entries.push_back(entry_of(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  if (!rest.empty()) return corrupt("wrong sizes");
  return TextDictionary(std::move(entries));
}

TextMatcher::TextMatcher(const std::vector<Entry>& entries)
    : sizes_(1 << 16), singles_(1 << 8, kNone), pairs_(1 << 16, kNone) {
  slots_.resize(std::bit_ceil(2 * entries.size() + 2));
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const auto [low, high] = load(entry.view());
    if (entry.size == 1) {
      singles_[low] = static_cast<uint16_t>(i);
    } else if (entry.size == 2) {
      pairs_[low] = static_cast<uint16_t>(i);
    } else {
      uint16_t& sizes = sizes_[prefix_hash(low)];
      sizes = static_cast<uint16_t>(sizes | 1u << (entry.size - 1));
      size_t at = home(low, high, entry.size);
      while (slots_[at].size != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = {low, high, static_cast<uint32_t>(i), entry.size};
    }
  }
}

size_t TextMatcher::home(uint64_t low, uint64_t high, size_t size) const {
  const uint64_t hash = (low * 0x9E3779B97F4A7C15u) ^ (high * 0xC2B2AE3D27D4EB4Fu) ^ size << 40;
  return (hash ^ hash >> 29) >> 7 & (slots_.size() - 1);
}

uint32_t TextMatcher::longest(std::string_view text) const {
  const auto [low, high] = load(text);
  uint32_t sizes = text.size() < 3 ? 0 : sizes_[prefix_hash(low)];
  if (text.size() < kMaxEntryBytes) sizes &= (1u << text.size()) - 1;
  while (sizes != 0) {
    const size_t size = static_cast<size_t>(std::bit_width(sizes));
    sizes &= ~(1u << (size - 1));
    const uint64_t low_part = first_bytes(low, size);
    const uint64_t high_part = size <= 8 ? 0 : first_bytes(high, size - 8);
    for (size_t at = home(low_part, high_part, size); slots_[at].size != 0;
         at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.size == size && slot.low == low_part && slot.high == high_part) return slot.number;
    }
  }
  if (text.size() >= 2 && pairs_[low & 0xFFFF] != kNone) return pairs_[low & 0xFFFF];
  return singles_[low & 0xFF];
}

}  // namespace yurai

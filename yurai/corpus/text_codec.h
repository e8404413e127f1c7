#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Text as codes of one or two bytes, each for a string of up to 16 bytes out of a dictionary that
/// was made for the text. Nothing depends on what stands before, so decoding may begin at any code;
/// and a code is decoded by one copy. Japanese and English take about 0.4 bytes a byte.
/// Format: docs/formats/text.md. The idea is that of P. Boncz, T. Neumann, V. Leis, "FSST: Fast
/// Random Access String Compression", PVLDB 13(11), 2020, with a larger dictionary.
namespace yurai {

inline constexpr size_t kMaxEntryBytes = 16;
inline constexpr uint32_t kShortCodes = 128;  ///< entries that have a code of one byte
inline constexpr size_t kMaxEntries = kShortCodes + (128 << 8);

/// The strings behind the codes. Immutable; thread-safe.
class TextDictionary {
 public:
  struct Entry {
    std::array<char, kMaxEntryBytes> bytes{};  ///< padded with zeros
    uint8_t size = 0;
    std::string_view view() const { return {bytes.data(), size}; }
  };

  /// A dictionary for texts like `sample`; of the same sample, the same. It has every single byte.
  static TextDictionary train(std::string_view sample);

  /// Reads what `bytes` gives; kCorrupt for other bytes.
  static Result<TextDictionary> parse(std::string_view bytes);
  std::string bytes() const;

  size_t num_entries() const { return num_entries_; }
  const std::vector<Entry>& entries() const { return entries_; }
  std::vector<Entry> used_entries() const {
    return {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(num_entries_)};
  }

  /// The entry of the code at `code`, of which two bytes can be read (kMaxEntryBytes from any of
  /// its bytes), its size, and the code's.
  const Entry& entry(const char* code) const { return entries_[number(code)]; }
  size_t size(const char* code) const { return sizes_[number(code)]; }
  static size_t code_bytes(const char* code) {
    return 1 + (static_cast<unsigned char>(*code) >> 7);
  }
  /// Adds the code of entry `number`.
  static void append_code(uint32_t number, std::string& out) {
    if (number >= kShortCodes) {
      number -= kShortCodes;
      out.push_back(static_cast<char>(128 | number >> 8));
    }
    out.push_back(static_cast<char>(number));
  }

 private:
  explicit TextDictionary(std::vector<Entry> entries);
  static size_t number(const char* code) {
    const size_t first = static_cast<unsigned char>(code[0]);
    const size_t second = static_cast<unsigned char>(code[1]);
    return first < kShortCodes ? first : kShortCodes + ((first & 127) << 8 | second);
  }

  std::vector<Entry> entries_;  ///< kMaxEntries + 1; beyond num_entries_ a byte that no text holds
  std::vector<uint8_t> sizes_;  ///< of the entries: what only skips codes stays in near caches
  size_t num_entries_ = 0;
};

/// Finds entries at the begin of a text. Thread-safe.
class TextMatcher {
 public:
  /// No two of `entries` are equal.
  explicit TextMatcher(const std::vector<TextDictionary::Entry>& entries);

  /// Number of the longest entry that `text`, which is not empty, begins with.
  uint32_t longest(std::string_view text) const;

 private:
  struct Slot {
    uint64_t low = 0, high = 0;  ///< the entry's bytes, padded with zeros
    uint32_t number = 0;
    uint32_t size = 0;  ///< 0: free
  };
  size_t home(uint64_t low, uint64_t high, size_t size) const;

  std::vector<uint16_t> sizes_;    ///< by hash of three bytes: bit n for an entry of n + 1 bytes
  std::vector<uint16_t> singles_;  ///< number of the entry of one byte
  std::vector<uint16_t> pairs_;    ///< number of the entry of two bytes; kMaxEntries: none
  std::vector<Slot> slots_;        ///< those of three bytes or more; open addressing
};

}  // namespace yurai

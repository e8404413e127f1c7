#include "yurai/index/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr uint32_t kNumCodePoints = 0x110000;
constexpr char kSeparator = '\xff';
constexpr size_t kReadBytes = 1 << 20;

/// Calls `visit(code_point)` for every character and `visit(kNumCodePoints)` for every separator.
template <class Visit>
Result<void> for_each_symbol(const TextFile& text, const Progress& progress, const Visit& visit) {
  std::string buffer;
  uint64_t offset = 0;  // of buffer[0]
  const auto not_text = [&](size_t at) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': byte {} is not UTF-8; build the corpus again",
                            for_terminal(text.path().string()), offset + at));
  };
  for (uint64_t read = 0; read < text.size_bytes();) {
    const size_t carried = buffer.size();
    buffer.resize(carried + std::min<uint64_t>(kReadBytes, text.size_bytes() - read));
    YURAI_TRY(text.read(read, std::span(buffer).subspan(carried)));
    read += buffer.size() - carried;
    const bool last = read == text.size_bytes();

    size_t at = 0;
    while (at < buffer.size()) {
      const std::string_view rest = std::string_view(buffer).substr(at);
      if (rest[0] == kSeparator) {
        visit(kNumCodePoints);
        ++at;
        continue;
      }
      size_t size = std::min(rest.find(kSeparator), rest.size());
      if (size == rest.size() && !last) size = char_floor(rest, size - 1);
      if (size == 0) break;  // the rest of a character comes with the next blocks
      const std::string_view run = rest.substr(0, size);
      if (const auto invalid = find_invalid_utf8(run)) return not_text(at + *invalid);
      for (size_t i = 0; i < run.size();) {
        const auto c = static_cast<unsigned char>(run[i]);
        visit(c < 0x80 ? c : static_cast<uint32_t>(decode_char(run, i)));
        i += char_bytes(run, i);
      }
      at += size;
    }
    if (buffer.size() - at > 3) return not_text(at);
    buffer.erase(0, at);
    offset += at;
    progress("read", offset, text.size_bytes());
  }
  return {};
}

}  // namespace

Result<Alphabet> Alphabet::scan(const TextFile& text, const Progress& progress) {
  Alphabet alphabet;
  std::vector<uint64_t> counts(kNumCodePoints + 1);
  YURAI_TRY(for_each_symbol(text, progress, [&](uint32_t c) { ++counts[c]; }));
  alphabet.num_separators_ = counts[kNumCodePoints];
  alphabet.symbols_.resize(kNumCodePoints);
  for (uint32_t c = 0; c < kNumCodePoints; ++c) {
    if (counts[c] == 0) continue;
    alphabet.num_characters_ += counts[c];
    alphabet.symbols_[c] = alphabet.num_distinct();
    std::string utf8;
    append_char(c, utf8);
    utf8.resize(4, '\0');
    uint32_t bytes = 0;
    for (const char byte : utf8) bytes = (bytes << 8) | static_cast<unsigned char>(byte);
    alphabet.bytes_.push_back(bytes);
  }
  if (alphabet.num_separators_ > std::numeric_limits<uint32_t>::max() - kNumCodePoints) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("'{}' has {} documents, an index holds at most 4 billion; index it in "
                            "parts",
                            for_terminal(text.path().string()), alphabet.num_separators_));
  }
  return alphabet;
}

Result<void> Alphabet::read_symbols(const TextFile& text, std::span<uint32_t> out,
                                    const Progress& progress) const {
  size_t size = 0;
  uint32_t separator = num_distinct();
  YURAI_TRY(for_each_symbol(text, progress, [&](uint32_t c) {
    if (size < out.size()) out[size] = c == kNumCodePoints ? separator++ : symbols_[c];
    ++size;
  }));
  if (size == out.size()) return {};
  return fail(ErrorCode::kCorrupt, fmt::format("'{}' was changed while it was read; run it again",
                                               for_terminal(text.path().string())));
}

}  // namespace yurai

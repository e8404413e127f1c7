#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace yurai {

/// A part [byte_begin, byte_end) of a text.
struct TextPart {
  size_t byte_begin = 0;
  size_t byte_end = 0;
};

/// The sentences of a Japanese or Western text, without the white space around them: each ends
/// after 。 ！ ？ ． ! ? and the closing brackets and quotes that follow, after a full stop with
/// white space behind it, or before a line end.
///
///     split_sentences("猫である。名前は無い。") → {0, 15}, {15, 33}
std::vector<TextPart> split_sentences(std::string_view text);

}  // namespace yurai

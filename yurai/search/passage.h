#pragma once

#include <map>
#include <string_view>

#include "yurai/search/document_search.h"
#include "yurai/search/terms.h"

namespace yurai {

/// The part of `text` of at most `max_chars` characters whose different terms weigh most; of equal
/// ones the first. It begins and ends at a character, near the middle of what it holds, and where
/// the text is not longer it is all of it. O(size of the text).
Passage best_passage(Folder& folder, std::string_view text,
                     const std::map<TermKey, double>& weights, size_t max_chars);

}  // namespace yurai

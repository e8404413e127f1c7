#pragma once

#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/segment_view.h"

namespace yurai {

/// The characters that follow a context in a segment, in no certain order, and how often. The ends
/// of documents are counted after what stands before them: of the empty context they are none.
Result<std::vector<NextSymbol>> next_symbols(SegmentView& view, std::string_view context);

}  // namespace yurai

#pragma once

#include <filesystem>

#include "yurai/base/result.h"
#include "yurai/corpus/sample_text.h"

namespace yurai {

/// The running text of a man page (plain or .gz), converted by mandoc. `notice` is the comment at
/// the top of the page. A page that only points to another, or that mandoc can't read, comes back
/// without paragraphs. kNotFound when mandoc is missing. Thread-safe.
Result<ExtractedText> extract_man_page(const std::filesystem::path& file);

}  // namespace yurai

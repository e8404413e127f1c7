#pragma once

#include <cstdint>
#include <string_view>

#include "yurai/base/result.h"

namespace yurai {

/// Whether bytes are a text classifier as fastText 0.9 saves it (`.bin`, or quantised, `.ftz`), and
/// one that its library can be given: the library trusts every length and index in the file.
/// kCorrupt names the byte and what is wrong there.
Result<void> check_fasttext_model(std::string_view bytes);

}  // namespace yurai

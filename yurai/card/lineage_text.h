#pragma once

#include <string>

#include "yurai/base/json.h"
#include "yurai/card/card.h"

namespace yurai {

/// One step of a card's lineage as Markdown.
std::string lineage_markdown(const Json& step, size_t number, CardLanguage language);

/// How good a label model was on texts that it had not seen, as Markdown.
/// `model`: `documents`, `positive`, `threshold`, `unseen`.
std::string model_markdown(const Json& model, CardLanguage language);

/// The same step in one English line of plain text, for formats that hold one.
///
///     "filter chain ja_cc: 20,000 documents, 10,066 kept"
std::string lineage_line(const Json& step);

}  // namespace yurai

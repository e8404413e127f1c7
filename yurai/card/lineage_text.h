#pragma once

#include <string>
#include <string_view>

#include "yurai/base/json.h"
#include "yurai/card/card.h"

namespace yurai {

/// One step of a card's lineage as Markdown.
std::string lineage_markdown(const Json& step, size_t number, CardLanguage language);

/// What a kind of personal information is called: "email" → "e-mail addresses". Escaped.
std::string pii_kind_text(std::string_view kind, CardLanguage language);

/// How good a label model was on texts that it had not seen, as Markdown.
/// `model`: `documents`, `positive`, `threshold`, `unseen`; `labels` where they are known.
std::string model_markdown(const Json& model, CardLanguage language);

/// The same step in one line of plain text, for formats that hold one.
///
///     "filter chain ja_cc: 20,000 documents, 10,066 kept"
std::string lineage_line(const Json& step, CardLanguage language = CardLanguage::kEnglish);

}  // namespace yurai

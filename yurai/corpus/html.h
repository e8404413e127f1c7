#pragma once

#include <string_view>

#include "yurai/corpus/sample_text.h"

namespace yurai {

enum class HtmlKind {
  kPage,       ///< paragraphs are elements
  kWeb,        ///< a page of the web: forms hold text, an article's header too, and there are more
               ///< kinds of furniture
  kWrapped,    ///< the text stands in <pre>, wrapped at a fixed width
  kManualPage  ///< written by mandoc: a space between Japanese characters is a line break
};

/// The running text of an HTML page, without navigation, tables of contents, scripts and forms.
/// Any bytes are fine: what can't be parsed is left out. Bytes that are not UTF-8 are read in the
/// encoding that the page declares.
///
///     extract_html("<title>T</title><nav>Next</nav><p>A\nb.</p>", HtmlKind::kPage)
///         → title "T", one paragraph "A b."
ExtractedText extract_html(std::string_view html, HtmlKind kind);

}  // namespace yurai

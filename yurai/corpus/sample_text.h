#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Documentation as running text, on its way into the sample corpus.
namespace yurai {

struct Paragraph {
  std::string text;  ///< UTF-8, not empty; lines only where the original means them
  bool heading = false;
  bool tight = false;  ///< stands directly below the one before, as list items and table rows do
};

/// What a converter found in one file.
struct ExtractedText {
  std::string title;
  std::string notice;  ///< comments before the text: copyright and licence often stand there
  std::vector<Paragraph> paragraphs;
  bool too_deep = false;  ///< elements are nested too deep: what follows is missing
};

/// Paragraphs as one text: a blank line between them, a line break before a tight one.
std::string join(const std::vector<Paragraph>& paragraphs);

/// Puts lines that a fixed width has broken together again, and leaves code, tables and lists as
/// they are: a line break goes only where the next line's first word would not have fitted.
/// `width` is the column that the text was wrapped at.
///
///     unwrap_lines("A line that is quite full\nof words, and its end.", 26)
///         == "A line that is quite full of words, and its end."
std::string unwrap_lines(std::string_view text, size_t width);

/// Width of a line on a screen with a tab stop every eight columns.
size_t columns(std::string_view line);

/// Empties each document that says hardly anything of its own: nine tenths of its bytes stand in
/// the other documents, as in a manual on one page beside its chapters. The largest go first, among
/// equals the last; of two copies one stays.
void drop_copies(std::vector<ExtractedText>& documents);

/// Removes what comes back in document after document of one package (navigation, licence footers,
/// notes about the release): a paragraph found in more than 2 % of the documents, and in more
/// than eight, stays in the first only; a heading with nothing left below it goes too.
void drop_repeats(std::vector<ExtractedText>& documents);

}  // namespace yurai

#include "yurai/card/markdown_text.h"

#include <fmt/format.h>

#include "yurai/base/terminal.h"
#include "yurai/card/members.h"

namespace yurai {

std::string markdown_escape(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_[]{}|~#!:@$^";
  std::string out;
  for (const char c : for_terminal(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '.' && out.size() >= 3 && (out.ends_with("www") || out.ends_with("WWW"))) {
      out += "\\.";  // some readers make a link of it
    } else if (kMarkup.find(c) != std::string_view::npos) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  // What would begin a list, a heading's underline or a table's rule at the start of a line.
  if (!out.empty() && (out[0] == '-' || out[0] == '+' || out[0] == '=')) out.insert(0, "\\");
  return out;
}

std::string grouped(const Json& number) {
  return is_count(number) ? grouped(number.get<uint64_t>()) : "–";
}

std::string percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "–";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string shown_number(const Json& value) {
  return value.is_number() ? fmt::format("{:.6g}", value.get<double>()) : "–";
}

std::string markdown_table(const std::vector<std::vector<std::string>>& rows, size_t text_columns) {
  std::string out;
  for (size_t i = 0; i < rows.size(); ++i) {
    out += "|";
    for (const std::string& cell : rows[i]) out += " " + cell + " |";
    out += "\n";
    if (i > 0) continue;
    out += "|";
    for (size_t column = 0; column < rows[i].size(); ++column) {
      out += column < text_columns ? "---|" : "--:|";
    }
    out += "\n";
  }
  return out + "\n";
}

}  // namespace yurai

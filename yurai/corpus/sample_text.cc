#include "yurai/corpus/sample_text.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "yurai/base/hash.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

/// Two or more spaces or a tab inside a line, but for the two after a full stop: columns, not
/// prose.
bool has_columns(std::string_view line) {
  line.remove_prefix(indent_of(line));
  for (size_t i = 1; i + 1 < line.size(); ++i) {
    if (line[i] == '\t') return true;
    if (line[i] == ' ' && line[i + 1] == ' ') {
      const bool after_stop = std::string_view(".!?:\")").find(line[i - 1]) != line.npos;
      if (!after_stop || (i + 2 < line.size() && line[i + 2] == ' ')) return true;
    }
  }
  return false;
}

bool continues(std::string_view line, std::string_view next, size_t width) {
  constexpr size_t kSlack = 8;  // people wrap by hand, too
  const size_t indent = indent_of(line);
  if (line.empty() || indent != indent_of(next) || indent == next.size()) return false;
  if (has_columns(line) || has_columns(next)) return false;
  const std::string_view word = next.substr(indent, next.find_first_of(" \t", indent) - indent);
  if (word.size() == 1 && std::string_view("-*+>").find(word[0]) != word.npos) return false;
  return columns(line) + 1 + count_chars(word) + kSlack > width;
}

}  // namespace

std::string join(const std::vector<Paragraph>& paragraphs) {
  std::string text;
  for (const Paragraph& paragraph : paragraphs) {
    if (!text.empty()) text += paragraph.tight ? "\n" : "\n\n";
    text += paragraph.text;
  }
  return text;
}

size_t columns(std::string_view line) {
  size_t column = 0;
  for (size_t i = 0; i < line.size(); i += char_bytes(line, i)) {
    column += line[i] == '\t' ? 8 - column % 8 : 1;
  }
  return column;
}

std::string unwrap_lines(std::string_view text, size_t width) {
  std::string out;
  const std::vector<std::string_view> lines = split_lines(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0 && continues(lines[i - 1], lines[i], width)) {
      out += ' ';
      out += lines[i].substr(indent_of(lines[i]));
    } else {
      if (i > 0) out += '\n';
      out += lines[i];
    }
  }
  return out;
}

void drop_copies(std::vector<ExtractedText>& documents) {
  std::unordered_map<uint64_t, size_t> count;  // occurrences of each paragraph
  std::vector<size_t> bytes(documents.size());
  for (size_t number = 0; number < documents.size(); ++number) {
    for (const Paragraph& paragraph : documents[number].paragraphs) {
      ++count[xxh3(paragraph.text)];
      bytes[number] += paragraph.text.size();
    }
  }
  std::vector<size_t> order(documents.size());
  std::iota(order.rbegin(), order.rend(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return bytes[a] > bytes[b]; });
  for (const size_t number : order) {
    std::vector<Paragraph>& paragraphs = documents[number].paragraphs;
    std::unordered_map<uint64_t, size_t> own;
    for (const Paragraph& paragraph : paragraphs) ++own[xxh3(paragraph.text)];
    size_t elsewhere_bytes = 0;
    for (const Paragraph& paragraph : paragraphs) {
      const uint64_t key = xxh3(paragraph.text);
      if (count.at(key) > own.at(key)) elsewhere_bytes += paragraph.text.size();
    }
    if (elsewhere_bytes * 10 < bytes[number] * 9) continue;
    for (const auto& [key, times] : own) count.at(key) -= times;
    paragraphs.clear();
  }
}

void drop_repeats(std::vector<ExtractedText>& documents) {
  // Short ones are names, values and labels that their neighbours need; those go only where they
  // stand in every fifth document, as "Next" does.
  constexpr size_t kShortBytes = 24;
  struct Seen {
    size_t documents = 0;
    size_t last = 0;  // number of the document + 1
    size_t first = 0;
  };
  std::unordered_map<uint64_t, Seen> seen;
  for (size_t number = 0; number < documents.size(); ++number) {
    for (const Paragraph& paragraph : documents[number].paragraphs) {
      Seen& entry = seen[xxh3(paragraph.text)];
      if (entry.documents == 0) entry.first = number;
      if (entry.last != number + 1) ++entry.documents;
      entry.last = number + 1;
    }
  }
  const size_t often = std::max<size_t>(8, documents.size() / 50);
  const size_t everywhere = std::max<size_t>(8, documents.size() / 5);
  for (size_t number = 0; number < documents.size(); ++number) {
    std::vector<Paragraph> kept;
    for (Paragraph& paragraph : documents[number].paragraphs) {
      const Seen& entry = seen.at(xxh3(paragraph.text));
      const size_t limit = paragraph.text.size() < kShortBytes ? everywhere : often;
      const bool lead_repeats = !kept.empty() && seen.at(xxh3(kept.back().text)).documents > often;
      if (!paragraph.heading && entry.documents > limit && entry.first != number) {
        if (lead_repeats && paragraph.tight) kept.pop_back();  // "--help", its meaning gone
        continue;
      }
      if (lead_repeats && paragraph.heading && kept.back().heading) {
        kept.pop_back();  // "COLOPHON", with nothing below it
      }
      kept.push_back(std::move(paragraph));
    }
    while (!kept.empty() && kept.back().heading) kept.pop_back();
    documents[number].paragraphs = std::move(kept);
  }
}

}  // namespace yurai

#include "yurai/lm/jinja_text.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <limits>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai::jinja {

std::string_view strip(std::string_view text, int sides, const std::string* set) {
  const auto taken = [&](size_t at) {
    const std::string_view character = text.substr(at, char_bytes(text, at));
    return set != nullptr ? set->find(character) != set->npos : is_space(decode_char(text, at));
  };
  while ((sides & kLeft) != 0 && !text.empty() && taken(0)) text.remove_prefix(char_bytes(text, 0));
  while ((sides & kRight) != 0 && !text.empty()) {
    const size_t last = char_floor(text, text.size() - 1);
    if (!taken(last)) break;
    text = text.substr(0, last);
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string out;
  icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())})
      .toLower(icu::Locale::getRoot())
      .toUTF8String(out);
  return out;
}
std::string upper(std::string_view text) {
  std::string out;
  icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())})
      .toUpper(icu::Locale::getRoot())
      .toUTF8String(out);
  return out;
}

List split_lines(std::string_view text) {
  List lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\n\r"), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
  }
  return lines;
}

Result<std::string> join(const List& list, std::string_view separator, Budget& budget) {
  std::string out;
  for (const Value& item : list) {
    YURAI_TRY(budget.spend(item.weight + separator.size()));
    if (&item != &list.front()) out += separator;
    out += str(item);
  }
  return out;
}

const std::string* text_or_null(const Value* value) {
  return value != nullptr ? value->text() : nullptr;
}

int64_t integer_or(const Value* value, int64_t missing) {
  int64_t number = missing;
  if (value != nullptr) integer_of(*value, number);
  return number;
}

tl::unexpected<Error> unsupported(std::string_view what, std::string_view name,
                                  const Value& value) {
  return wrong(
      fmt::format("{} '{}' of {} is not supported", what, for_terminal(name), type_name(value)));
}

namespace {

std::string capitalize(std::string_view text) {
  const std::string_view first = first_chars(text, 1);
  return upper(first) + lower(text.substr(first.size()));
}

/// Jinja's `title`: a word begins after white space and after - ( { [ <.
std::string title(std::string_view text) {
  std::string out;
  bool begins = true;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    const std::string_view c = text.substr(at, char_bytes(text, at));
    out += begins ? upper(c) : lower(c);
    begins = is_space(decode_char(text, at)) ||
             (c.size() == 1 && std::string_view("-({[<").find(c[0]) < 5);
  }
  return out;
}

Result<std::string> replace(const std::string& text, const std::string& from, const std::string& to,
                            int64_t count, Budget& budget) {
  const uint64_t limit =
      count < 0 ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(count);
  uint64_t found = 0;
  if (from.empty()) {
    found = count_chars(text) + 1;
  } else {
    YURAI_TRY(budget.spend(text.size() * (from.size() / 16 + 1)));
    for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + from.size()))
      ++found;
  }
  found = std::min(found, limit);
  YURAI_TRY(budget.spend(text.size() + found * (to.size() + 1)));
  std::string out;
  size_t at = 0;
  for (uint64_t i = 0; i < found; ++i) {
    size_t end = at;
    if (from.empty()) {
      if (i > 0) end += char_bytes(text, at);
    } else {
      end = text.find(from, at);
    }
    out.append(text, at, end - at).append(to);
    at = end + from.size();
  }
  return out.append(text, at);
}

Result<List> split(std::string_view text, const std::string* separator, int64_t limit,
                   bool from_right, Budget& budget) {
  if (separator != nullptr && separator->empty()) return wrong("split by an empty text");
  const size_t step = separator != nullptr ? separator->size() : 1;
  YURAI_TRY(budget.spend(text.size() * (step / 16 + 1) * 4));
  std::vector<std::string_view> parts;
  const auto full = [&] { return limit >= 0 && parts.size() >= static_cast<uint64_t>(limit); };
  if (separator == nullptr) {  // runs of white space
    text = strip(text, kLeft, nullptr);
    while (!text.empty() && !full()) {
      size_t end = 0;
      while (end < text.size() && !is_space(decode_char(text, end))) end += char_bytes(text, end);
      parts.push_back(text.substr(0, end));
      text = strip(text.substr(end), kLeft, nullptr);
    }
    if (!text.empty()) parts.push_back(text);
  } else if (from_right) {
    for (size_t at = text.rfind(*separator); at != text.npos && !full();
         at = text.rfind(*separator)) {
      parts.push_back(text.substr(at + step));
      text = text.substr(0, at);
    }
    parts.push_back(text);
    std::ranges::reverse(parts);
  } else {
    for (size_t at = text.find(*separator); at != text.npos && !full();
         at = text.find(*separator)) {
      parts.push_back(text.substr(0, at));
      text.remove_prefix(at + step);
    }
    parts.push_back(text);
  }
  YURAI_TRY(budget.spend(parts.size() * 64));
  return List(parts.begin(), parts.end());
}

/// A text or one of several.
Result<bool> matches(const Value* pattern, const auto& matched) {
  if (pattern != nullptr && pattern->text() != nullptr) return bool{matched(*pattern->text())};
  if (pattern == nullptr || pattern->list() == nullptr) return wrong("a text is needed");
  for (const Value& item : *pattern->list()) {
    if (item.text() != nullptr && matched(*item.text())) return true;
  }
  return false;
}

constexpr std::string_view kTextMethods[] = {
    "strip",   "lstrip", "rstrip",   "lower",   "upper",        "capitalize",  "title",
    "split",   "rsplit", "endswith", "isdigit", "join",         "startswith",  "splitlines",
    "replace", "find",   "rfind",    "count",   "removeprefix", "removesuffix"};

}  // namespace

bool is_text_method(std::string_view name) {
  return std::ranges::find(kTextMethods, name) != std::end(kTextMethods);
}

Result<Value> text_method(const std::string& name, const std::string& text,
                          const Arguments& arguments, Budget& budget) {
  YURAI_TRY(budget.spend(2 * text.size()));
  const Value* first = arguments.find(0, "");
  const std::string* word = text_or_null(first);
  if (name == "strip") return strip(text, kLeft | kRight, word);
  if (name == "lstrip") return strip(text, kLeft, word);
  if (name == "rstrip") return strip(text, kRight, word);
  if (name == "lower") return lower(text);
  if (name == "upper") return upper(text);
  if (name == "capitalize") return capitalize(text);
  if (name == "title") return title(text);
  if (name == "splitlines") return split_lines(text);
  if (name == "split" || name == "rsplit") {
    YURAI_ASSIGN(List parts,
                 split(text, text_or_null(arguments.find(0, "sep")),
                       integer_or(arguments.find(1, "maxsplit"), -1), name[0] == 'r', budget));
    return parts;
  }
  if (name == "startswith") {
    YURAI_ASSIGN(const bool found,
                 matches(first, [&](const auto& s) { return text.starts_with(s); }));
    return found;
  }
  if (name == "endswith") {
    YURAI_ASSIGN(const bool found,
                 matches(first, [&](const auto& s) { return text.ends_with(s); }));
    return found;
  }
  if (name == "isdigit") {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  }
  if (name == "join") {
    if (first == nullptr) return wrong("join needs a list");
    YURAI_ASSIGN(const List list, items_of(*first, budget));
    YURAI_ASSIGN(std::string joined, join(list, text, budget));
    return joined;
  }
  if (word == nullptr) return wrong(fmt::format("'{}' needs a text", name));
  YURAI_TRY(budget.spend(text.size() * (word->size() / 16)));
  if (name == "replace") {
    const std::string* to = text_or_null(arguments.find(1, "new"));
    if (to == nullptr) return wrong("replace needs two texts");
    YURAI_ASSIGN(std::string replaced,
                 replace(text, *word, *to, integer_or(arguments.find(2, "count"), -1), budget));
    return replaced;
  }
  if (name == "find" || name == "rfind") {
    const size_t at = name == "find" ? text.find(*word) : text.rfind(*word);
    return at == text.npos ? int64_t{-1} : static_cast<int64_t>(count_chars(text.substr(0, at)));
  }
  if (name == "count") {
    int64_t found = 0;
    if (word->empty()) return static_cast<int64_t>(count_chars(text) + 1);
    for (size_t at = text.find(*word); at != text.npos; at = text.find(*word, at + word->size()))
      ++found;
    return found;
  }
  if (name == "removeprefix") {
    return text.starts_with(*word) ? text.substr(word->size()) : text;
  }
  if (name == "removesuffix") {
    return text.ends_with(*word) ? text.substr(0, text.size() - word->size()) : text;
  }
  return unsupported("method", name, Value(text));
}

}  // namespace yurai::jinja

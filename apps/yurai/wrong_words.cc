#include "apps/yurai/wrong_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "apps/yurai/cli.h"

namespace yurai::cli {
namespace {

/// Letters to insert, remove or exchange (Levenshtein).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string describe(std::string_view what, std::string_view word,
                     const std::vector<std::string>& known, const CLI::App& at) {
  std::string path = at.get_name();
  for (const CLI::App* above = at.get_parent(); above != nullptr; above = above->get_parent()) {
    path = above->get_name() + " " + path;
  }
  std::string text = fmt::format(fmt::runtime(tr("no {} '{}'", "{}「{}」はありません")), what,
                                 for_terminal(word.substr(0, 100)));
  const auto nearest =
      std::min_element(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
        return distance(word, a) < distance(word, b);
      });
  if (nearest != known.end() && distance(word, *nearest) <= 1 + nearest->size() / 3) {
    text += fmt::format(fmt::runtime(tr("; did you mean '{}'?", "。「{}」でしょうか")), *nearest);
  }
  return text + fmt::format(fmt::runtime(tr(" (see {} --help)", "（{} --help）")), path);
}

}  // namespace

std::string wrong_word(const CLI::App& app, std::span<const char* const> words) {
  const CLI::App* verb = &app;
  for (const std::string_view word : words) {
    if (word == "--") break;
    if (word.size() > 1 && word.starts_with('-')) {
      const std::string name(word.substr(0, word.find('=')));
      if (name.starts_with("--") && verb->get_option_no_throw(name) == nullptr) {
        std::vector<std::string> known;
        for (const CLI::Option* option : verb->get_options()) {
          for (const std::string& other : option->get_lnames()) known.push_back("--" + other);
        }
        return describe(tr("option", "オプション"), name, known, *verb);
      }
      continue;
    }
    const auto verbs =  // groups of options are subcommands without a name
        verb->get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); });
    if (verbs.empty()) continue;  // an argument
    const auto named = [&](const CLI::App* one) { return one->get_name() == word; };
    const auto found = std::find_if(verbs.begin(), verbs.end(), named);
    if (found == verbs.end()) {
      std::vector<std::string> known;
      for (const CLI::App* one : verbs) known.push_back(one->get_name());
      return describe(tr("verb", "動詞"), word, known, *verb);
    }
    verb = *found;
  }
  return {};
}

}  // namespace yurai::cli

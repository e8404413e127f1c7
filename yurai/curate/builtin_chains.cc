#include "yurai/curate/chain.h"

namespace yurai {
namespace {

constexpr BuiltinChain kChains[] = {
    {.name = "ja_cc",
     .toml = R"(
[[filter]]
name = "domain"
allow = ["biz", "cc", "com", "info", "jp", "me", "net", "org", "site", "tokyo", "tv", "work", "xyz"]
refuse_prefixes = ["https://ja.wikipedia.org/"]
[[filter]]
name = "not_empty"
[[filter]]
name = "japanese"
[[filter]]
name = "words"
as = "ads"
list = "ja_advertisement_keywords.txt"
katakana_alone = false
max = 10
[[filter]]
name = "words"
as = "adult"
list = "ja_adult_keywords.txt"
max = 3
[[filter]]
name = "words"
as = "discrimination"
list = "ja_discrimination_keywords.txt"
max = 3
[[filter]]
name = "words"
as = "violence"
list = "ja_violence_keywords.txt"
max = 3
[[filter]]
name = "kuten"
min = 4
[[filter]]
name = "zlib_ratio"
min = 0.30
max = 0.70
[[filter]]
name = "ja_lines"
[[filter]]
name = "not_empty"
as = "not_empty_after"
)",
     .english = "Japanese web text as llm-jp-corpus v1 filters it; needs its word lists (--words)",
     .japanese = "llm-jp-corpus v1 と同じ日本語ウェブ文書のフィルター（単語リストが要る）"},
    {.name = "ja_cc_strict",
     .toml = R"(
[[filter]]
chain = "ja_cc"
[change.adult]
max = 2
[change.discrimination]
max = 2
[change.violence]
max = 2
[change.kuten]
min = 12.5
[change.zlib_ratio]
min = 0.375
)",
     .english = "The same with --strict",
     .japanese = "同じく --strict"},
    {.name = "ja_wiki",
     .toml = R"(
[[filter]]
name = "not_empty"
[[filter]]
name = "wiki_footnotes"
[[filter]]
name = "empty_parentheses"
[[filter]]
name = "not_empty"
as = "not_empty_after"
)",
     .english = "Wikipedia as llm-jp-corpus v1 edits it",
     .japanese = "llm-jp-corpus v1 と同じ Wikipedia の整形"},
    {.name = "gopher_quality",
     .toml = R"(
[[filter]]
name = "word_count"
[[filter]]
name = "mean_word_length"
[[filter]]
name = "hash_ratio"
[[filter]]
name = "ellipsis_ratio"
[[filter]]
name = "bullet_line_share"
[[filter]]
name = "ellipsis_line_share"
[[filter]]
name = "alphabetic_word_share"
[[filter]]
name = "stop_words"
)",
     .english = "Gopher's quality rules, for English",
     .japanese = "Gopher の品質規則（英語向け）"},
    {.name = "gopher_repetition",
     .toml = R"(
[[filter]]
name = "duplicate_line_share"
[[filter]]
name = "duplicate_paragraph_share"
[[filter]]
name = "duplicate_line_char_share"
[[filter]]
name = "duplicate_paragraph_char_share"
[[filter]]
name = "top_2gram_share"
[[filter]]
name = "top_3gram_share"
[[filter]]
name = "top_4gram_share"
[[filter]]
name = "duplicate_5gram_share"
[[filter]]
name = "duplicate_6gram_share"
[[filter]]
name = "duplicate_7gram_share"
[[filter]]
name = "duplicate_8gram_share"
[[filter]]
name = "duplicate_9gram_share"
[[filter]]
name = "duplicate_10gram_share"
)",
     .english = "Gopher's repetition rules",
     .japanese = "Gopher の繰り返し規則"},
    {.name = "c4",
     .toml = R"(
[[filter]]
name = "lorem_ipsum"
[[filter]]
name = "curly_brackets"
[[filter]]
name = "c4_lines"
[[filter]]
name = "sentences"
)",
     .english = "C4's rules",
     .japanese = "C4 の規則"},
    {.name = "fineweb",
     .toml = R"(
[[filter]]
chain = "gopher_repetition"
[[filter]]
chain = "gopher_quality"
[[filter]]
name = "line_punctuation_share"
[[filter]]
name = "short_line_share"
[[filter]]
name = "newline_ratio"
[change.duplicate_line_char_share]
max = 0.01
)",
     .english = "Gopher's and FineWeb's rules, for English",
     .japanese = "Gopher と FineWeb の規則（英語向け）"},
    {.name = "ja_quality",
     .toml = R"(
[[filter]]
name = "not_empty"
[[filter]]
name = "length"
[[filter]]
name = "language"
[[filter]]
name = "hiragana_share"
[[filter]]
name = "ja_punctuation_share"
[[filter]]
name = "kuten"
[[filter]]
name = "mean_line_length"
[[filter]]
name = "link_share"
[[filter]]
name = "bullet_line_share"
[[filter]]
name = "ellipsis_line_share"
max = 0.2
[[filter]]
name = "duplicate_line_share"
[[filter]]
name = "duplicate_10gram_share"
[[filter]]
name = "zlib_ratio"
[[filter]]
name = "pii"
)",
     .english = "Japanese prose: no word lists needed; personal information is masked",
     .japanese = "日本語の文章向け（単語リスト不要、個人情報は伏せる）"},
    {.name = "basic",
     .toml = R"(
[[filter]]
name = "not_empty"
[[filter]]
name = "length"
)",
     .english = "Neither empty nor very short or long",
     .japanese = "空・極端に短い・極端に長い文書を除く"},
};

}  // namespace

std::span<const BuiltinChain> builtin_chains() { return kChains; }

}  // namespace yurai

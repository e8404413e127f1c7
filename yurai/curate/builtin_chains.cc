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

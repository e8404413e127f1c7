#include "yurai/curate/chain.h"

#include <gmock/gmock.h>

#include "yurai/curate/decisions.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string error_of(std::string_view toml) {
  const auto chain = Chain::parse(toml, "c", {}, {});
  return chain ? "made" : chain.error().message;
}

TEST(Chain, KeepsADocumentWithinAllBoundsAndNamesTheFirstStepThatRefuses) {
  const Chain chain = Chain::parse(R"(
      [[filter]]
      name = "not_empty"
      [[filter]]
      name = "length"
      min = 2
      max = 3)",
                                   "c", {}, {})
                          .value();
  const auto dropped_by = [&](std::string text, bool all) {
    return chain.decide({.text = std::move(text)}, all).dropped_by;
  };
  for (const bool all : {false, true}) {
    EXPECT_EQ(dropped_by("あい", all), std::nullopt);
    EXPECT_EQ(dropped_by("あいう", all), std::nullopt);
    EXPECT_EQ(dropped_by("あ", all), 1u);
    EXPECT_EQ(dropped_by("あいうえ", all), 1u);
    EXPECT_EQ(dropped_by(" \u3000\n", all), 0u);
  }
  EXPECT_FALSE(chain.decide({.text = ""}, false).steps[1].ran);
  EXPECT_EQ(chain.decide({.text = ""}, true).steps[1].value, 0);
}

TEST(Chain, ShowsOfADroppedTextWhatTheStepSaw) {
  const Chain chain =
      Chain::parse("[[filter]]\nname='pii'\nmask=true\n[[filter]]\nname='length'\n", "c", {}, {})
          .value();
  const Document document{.text = "連絡は taro@example.jp まで。"};
  for (const bool all : {false, true}) {
    const DecisionRow row = make_decision_row(document, chain, chain.decide(document, all));
    ASSERT_EQ(row.dropped_by, 1u);
    ASSERT_FALSE(row.excerpts.empty());
    for (const Excerpt& excerpt : row.excerpts) {
      EXPECT_THAT(excerpt.before + excerpt.match + excerpt.after, Not(HasSubstr("taro")));
    }
  }
}

TEST(Chain, NamesWhatIsWrongBeforeAnyWork) {
  EXPECT_THAT(error_of("[[filter]]\nname = \"nope\""),
              HasSubstr("there is no filter 'nope'; there are not_empty, length"));
  EXPECT_THAT(error_of("[[filter]]\nname = \"length\"\nmin = 5\nmax = 4"),
              HasSubstr("min 5 is above max 4"));
  EXPECT_THAT(error_of("[[filter]]\nname = \"length\"\nmin = \"x\""),
              HasSubstr("'min' must be a number"));
  EXPECT_THAT(error_of("[[filter]]\nname = \"length\"\nmin = nan"),
              HasSubstr("'min' must be a number"));
  EXPECT_THAT(error_of("[[filter]]\nname = \"length\"\nlenght = 4"),
              HasSubstr("filter 'length' has no option 'lenght'; it has name, as, min, max"));
  EXPECT_THAT(error_of("[[filter]]\nname = \"length\"\n[[filter]]\nname = \"length\""),
              HasSubstr("two steps are called 'length'"));
  EXPECT_THAT(error_of("[[filter]\nname"), HasSubstr("chain 'c', line 1, column"));
  EXPECT_THAT(error_of("\n[[filter\uff08"), HasSubstr("line 2, column 9:"));
  EXPECT_THAT(error_of("x = '''a''''' \u3042"), HasSubstr("line 1, column 15:"));
  EXPECT_THAT(error_of("# \u3042\nx = \"\\\"\u3042\""), HasSubstr("'x'"));
  EXPECT_THAT(error_of("[[["), HasSubstr("chain 'c', line 1, column 3"));
  EXPECT_THAT(error_of("filters = 1"), HasSubstr("'filters' is unknown"));
  EXPECT_THAT(error_of("filter = []"), HasSubstr("has no [[filter]] table"));
  EXPECT_THAT(error_of("[[filter]]\nchain = \"nope\""),
              HasSubstr("name one of ja_cc, ja_cc_strict"));
  EXPECT_THAT(Chain::load("no/such.toml", {}).error().message,
              HasSubstr("neither a TOML file nor a built-in chain (ja_cc, "));
}

TEST(Chain, EveryBuiltInChainWithoutWordListsCanBeMade) {
  for (const BuiltinChain& builtin : builtin_chains()) {
    const auto chain = Chain::load(std::string(builtin.name), {});
    if (!chain) {
      EXPECT_THAT(chain.error().message, HasSubstr("--words DIR")) << builtin.name;
    }
  }
}

}  // namespace
}  // namespace yurai

#include "yurai/lm/symbol_stream.h"

#include <gtest/gtest.h>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

GeneratedSymbol symbol(std::string text) {
  GeneratedSymbol out;
  out.text = std::move(text);
  return out;
}

TEST(SymbolStream, HoldsBackWhatAStopStringMayTakeBack) {
  const std::vector<std::string> stops = {"END"};
  std::string handed_out;
  const LanguageModel::OnSymbol on_symbol = [&](const GeneratedSymbol& s) {
    handed_out += s.text;
    return true;
  };
  SymbolStream stream(stops, on_symbol);
  EXPECT_TRUE(*stream.add(symbol("猫は")));
  EXPECT_EQ(handed_out, "猫は");
  EXPECT_TRUE(*stream.add(symbol(" E")));
  EXPECT_EQ(handed_out, "猫は");
  EXPECT_FALSE(*stream.add(symbol("ND。")));
  const auto generation = stream.finish();
  EXPECT_EQ(generation->text, "猫は ");
  EXPECT_EQ(handed_out, "猫は ");
  EXPECT_EQ(generation->finish_reason, "stop");
  EXPECT_EQ(generation->symbols.size(), 2U);
}

TEST(SymbolStream, GivesWhatASearchOfTheWholeTextGives) {
  SplitMix64 random(testing::test_seed());
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> stops;
    for (uint64_t i = random.below(3); i > 0; --i) {
      std::string stop;
      for (uint64_t j = 1 + random.below(3); j > 0; --j) stop += random.below(2) ? "あ" : "b";
      stops.push_back(stop);
    }
    std::string handed_out;
    const LanguageModel::OnSymbol on_symbol = [&](const GeneratedSymbol& s) {
      handed_out += s.text;
      return true;
    };
    SymbolStream stream(stops, on_symbol);
    std::string all;
    bool goes_on = true;
    for (int i = 0; i < 6 && goes_on; ++i) {
      std::string text;
      for (uint64_t j = 1 + random.below(3); j > 0; --j) text += random.below(2) ? "あ" : "b";
      all += text;
      goes_on = *stream.add(symbol(text));
    }
    // The stop string that ends first, and of those that end there the longest.
    size_t end = std::string::npos;
    size_t begin = all.size();
    for (const std::string& stop : stops) {
      const size_t at = all.find(stop);
      if (at == all.npos) continue;
      const size_t stop_end = at + stop.size();
      if (stop_end < end || (stop_end == end && at < begin)) {
        end = stop_end;
        begin = at;
      }
    }
    const auto generation = stream.finish();
    EXPECT_EQ(generation->text, all.substr(0, begin)) << all;
    EXPECT_EQ(handed_out, generation->text);
    EXPECT_EQ(generation->finish_reason, begin < all.size() ? "stop" : "length");
    std::string joined;
    for (const GeneratedSymbol& s : generation->symbols) joined += s.text;
    EXPECT_EQ(joined, generation->text);
  }
}

TEST(SymbolStream, EndsWithADocumentAndWhenTheCallerLeaves) {
  const LanguageModel::OnSymbol none;
  SymbolStream ended({}, none);
  EXPECT_TRUE(*ended.add(symbol("a")));
  EXPECT_FALSE(*ended.add(symbol("")));
  EXPECT_EQ(ended.finish()->finish_reason, "stop");
  const LanguageModel::OnSymbol leave = [](const GeneratedSymbol&) { return false; };
  SymbolStream left({}, leave);
  EXPECT_EQ(left.add(symbol("a")).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace yurai

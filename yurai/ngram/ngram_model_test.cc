#include "yurai/ngram/ngram_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/lm/sampler.h"
#include "yurai/ngram/small_index.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using yurai::testing::is_point;
using yurai::testing::naive_count;
using yurai::testing::naive_next;
using yurai::testing::SmallIndex;
using yurai::testing::test_seed;

const std::vector<std::string> kCats = {"吾輩は猫である。", "吾輩は犬である。", "吾輩は猫である。",
                                        ""};

GenerateRequest continuing(std::string prompt, double temperature = 1, uint64_t seed = 0) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.temperature = temperature;
  request.seed = seed;
  return request;
}

/// What the model says to do, done by looking everywhere at every step. Of `word` points the text
/// before the last empty context is forgotten, as its documentation says.
Generation naive_generate(const std::vector<std::string>& documents, PointMode points,
                          const GenerateRequest& request, const NgramOptions& options) {
  const Sampler sampler = Sampler::make(request.temperature).value();
  SplitMix64 random(request.seed);
  Generation generation{.text = "", .finish_reason = "length", .symbols = {}};
  std::string text = request.prompt;
  while (generation.symbols.size() < request.max_chars) {
    std::string context;
    for (size_t at = 0; at < text.size(); ++at) {
      if (!begins_char(text[at]) || !is_point(text, at, points)) continue;
      const std::string suffix = text.substr(at);
      if (count_chars(suffix) > options.max_context_chars) continue;
      if (naive_count(documents, suffix, points) < options.min_count) continue;
      context = suffix;
      break;
    }
    if (context.empty()) text.clear();
    const auto next = naive_next(documents, context, points);
    std::vector<uint64_t> counts;
    uint64_t sum = 0;
    for (const NextSymbol& symbol : next) sum += counts.emplace_back(symbol.count);
    const NextSymbol& drawn = next[sampler.draw(counts, random)];
    generation.symbols.push_back(
        {.text = drawn.text,
         .probability = static_cast<double>(drawn.count) / static_cast<double>(sum),
         .context_chars = count_chars(context),
         .context_count = sum,
         .count = drawn.count});
    if (drawn.text.empty()) {
      generation.finish_reason = "stop";
      break;
    }
    text += drawn.text;
    generation.text += drawn.text;
  }
  return generation;
}

TEST(NgramModel, GeneratesWhatCountingEverywhereGives) {
  std::mt19937_64 random(test_seed());
  const std::vector<std::string> alphabet = {"a", "b", " ", "は", "猫", "\n", "😀"};
  for (int round = 0; round < 30; ++round) {
    const auto random_text = [&](size_t max_chars) {
      const size_t num_symbols = 1 + random() % alphabet.size();
      std::string text;
      for (size_t n = random() % (max_chars + 1); n > 0; --n)
        text += alphabet[random() % num_symbols];
      return text;
    };
    std::vector<std::string> documents(1 + random() % 6);
    for (std::string& document : documents) document = random_text(60);
    documents.push_back(documents.front());
    const PointMode points = round % 2 == 0 ? PointMode::kChar : PointMode::kWord;
    const SmallIndex index(documents, points);
    for (int i = 0; i < 12; ++i) {
      const NgramOptions options{.max_context_chars = random() % 8, .min_count = 1 + random() % 3};
      GenerateRequest request =
          continuing(random_text(12), static_cast<double>(i % 4) * 0.5, random());
      request.max_chars = 40;
      const auto got = NgramModel(*index, options).generate(request, {});
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_EQ(to_json(*got), to_json(naive_generate(documents, points, request, options)))
          << "round " << round << ", prompt '" << request.prompt << "'";
    }
  }
}

TEST(NgramModel, UsesTheLongestContextThatWasSeenOftenEnough) {
  const SmallIndex index(kCats);
  const auto text = NgramModel(*index).generate(continuing("昔々、吾輩は", 0), {});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->text, "猫である。");
  EXPECT_EQ(text->finish_reason, "stop");
  EXPECT_EQ(dump_json(to_json(*text)["symbols"][0]),
            R"({"text":"猫","probability":0.6666666666666666,"context_chars":3,)"
            R"("context_count":3,"count":2})");
  EXPECT_EQ(dump_json(to_json(*text)["symbols"][5]),
            R"({"text":"","probability":1.0,"context_chars":8,"context_count":2,"count":2})");
}

TEST(NgramModel, TakesTheSmallestCodePointOfEquallyProbableSymbols) {
  const SmallIndex index({"xb", "xa", "x", "x猫"});
  EXPECT_EQ(NgramModel(*index).generate(continuing("x", 0), {}).value().text, "");  // the end
  const SmallIndex without_end({"xb", "x猫", "xa"});
  EXPECT_EQ(NgramModel(*without_end).generate(continuing("x", 0), {}).value().symbols[0].text, "a");
}

TEST(NgramModel, GivesTheSameTextForTheSameSeed) {
  const SmallIndex index(kCats);
  const NgramModel model(*index);
  const auto text = [&](uint64_t seed) {
    return model.generate(continuing("吾輩", 1, seed), {}).value().text;
  };
  EXPECT_EQ(text(7), text(7));
  std::set<std::string> texts;
  for (uint64_t seed = 0; seed < 40; ++seed) texts.insert(text(seed));
  EXPECT_GT(texts.size(), 3u);
}

TEST(NgramModel, EndsAtItsLengthOrBeforeAStopString) {
  const SmallIndex index(kCats);
  const NgramModel model(*index);
  GenerateRequest request = continuing("吾輩", 0);
  request.max_chars = 3;
  EXPECT_EQ(model.generate(request, {}).value().text, "は猫で");
  EXPECT_EQ(model.generate(request, {}).value().finish_reason, "length");
  request.max_chars = 0;
  EXPECT_EQ(model.generate(request, {}).value().text, "");
  request.max_chars = 100;
  for (const std::vector<std::string>& stop :
       std::vector<std::vector<std::string>>{{"ある"}, {"猫であx", "ある。", "ある"}}) {
    request.stop = stop;
    std::string heard;
    const auto stopped = model.generate(request, [&](const GeneratedSymbol& symbol) {
      heard += symbol.text;
      return true;
    });
    EXPECT_EQ(stopped->text, "は猫で");
    EXPECT_EQ(stopped->finish_reason, "stop");
    EXPECT_EQ(stopped->symbols.size(), 3u);
    EXPECT_EQ(heard, "は猫で");
  }
  // What was held back for a stop string that did not come is heard after all.
  request.stop = {"。 ", "ある!"};
  std::vector<std::string> heard;
  const auto ended = model.generate(request, [&](const GeneratedSymbol& symbol) {
    heard.push_back(symbol.text);
    return true;
  });
  EXPECT_EQ(ended->text, "は猫である。");
  EXPECT_THAT(heard, ElementsAre("は", "猫", "で", "あ", "る", "。", ""));
}

TEST(NgramModel, ContinuesTheLastUserMessage) {
  const SmallIndex index(kCats);
  const NgramModel model(*index);
  GenerateRequest request = continuing("ignored", 0);
  request.messages = {{"user", "x"}, {"user", "吾輩は"}, {"assistant", "y"}};
  EXPECT_EQ(model.generate(request, {}).value().text, "猫である。");
  request.messages = {{"system", "x"}};
  EXPECT_EQ(model.generate(request, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST(NgramModel, GoesOnWhereACorpusHasNothingLikeThePrompt) {
  const SmallIndex index(kCats);
  const auto text = NgramModel(*index).generate(continuing("zzz", 0), {});
  EXPECT_EQ(text.value().symbols.at(0).context_chars, 0u);
  // 24 characters and four ends of documents.
  EXPECT_EQ(text.value().symbols.at(0).context_count, 28u);
}

TEST(NgramModel, ReadsWhatFollowsAWordBorderAsAWord) {
  // Over word points only "cat" can go on after "c": "a" alone begins no word.
  const SmallIndex index({"cat cat cat"}, PointMode::kWord);
  const auto text = NgramModel(*index).generate(continuing("zzzc", 0), {});
  EXPECT_EQ(text.value().symbols.at(0).context_chars, 0u);
  EXPECT_THAT(text.value().text, HasSubstr("cat"));
}

TEST(NgramModel, StopsWhenTheCallerHasHeardEnough) {
  const SmallIndex index(kCats);
  int heard = 0;
  const auto text = NgramModel(*index).generate(
      continuing("吾輩"), [&](const GeneratedSymbol&) { return ++heard < 3; });
  EXPECT_EQ(text.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(heard, 3);
}

TEST(NgramModel, RefusesRequestsThatMakeNoSense) {
  const SmallIndex index(kCats);
  const NgramModel model(*index);
  const auto invalid_utf8 = model.generate(continuing("吾\xE7"), {});
  EXPECT_EQ(invalid_utf8.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(invalid_utf8.error().message, HasSubstr("byte 3"));
  EXPECT_EQ(model.generate(continuing("吾", -1), {}).error().code, ErrorCode::kInvalidArgument);
  GenerateRequest empty_stop = continuing("吾");
  empty_stop.stop = {""};
  EXPECT_EQ(model.generate(empty_stop, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST(NgramModel, SaysThatACorpusWithoutDocumentsHasNothingToSay) {
  const SmallIndex index({});
  EXPECT_EQ(NgramModel(*index).generate(continuing(""), {}).error().code, ErrorCode::kNotFound);
}

TEST(NgramModel, EndsAtOnceWhereEveryDocumentIsEmpty) {
  const SmallIndex index({"", ""});
  const auto text = NgramModel(*index).generate(continuing("x"), {});
  EXPECT_EQ(dump_json(to_json(text.value())),
            R"({"text":"","finish_reason":"stop","symbols":[{"text":"","probability":1.0,)"
            R"("context_chars":0,"context_count":2,"count":2}]})");
}

}  // namespace
}  // namespace yurai

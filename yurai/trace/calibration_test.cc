#include "yurai/trace/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "yurai/base/testing.h"
#include "yurai/index/testing.h"
#include "yurai/trace/elsewhere.h"
#include "yurai/trace/passages.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;
using testing::test_seed;

/// A source whose spans' scores fall off exponentially from `rate` per 10,000 characters.
SourceSample sample_of(std::mt19937_64& random, double rate, double slope, uint64_t characters) {
  SourceSample sample;
  sample.characters = characters;
  const auto spans = static_cast<size_t>(rate * static_cast<double>(characters) / 10'000);
  for (size_t i = 0; i < spans; ++i) {
    const double uniform = (static_cast<double>(random() % 1'000'000) + 1) / 1'000'001;
    sample.scores.push_back(-std::log(uniform) / slope);
  }
  return sample;
}

TEST(FitCurve, FindsTheRateThatSourcesShare) {
  std::mt19937_64 random(test_seed());
  std::vector<SourceSample> sources;
  for (int i = 0; i < 12; ++i) sources.push_back(sample_of(random, 500, 0.2, 200'000));
  const ScriptCurve curve = fit_curve(Script::kCjk, sources);
  EXPECT_EQ(curve.sources, 12u);
  EXPECT_EQ(curve.characters, 2'400'000u);
  for (const CurvePoint& point : curve.points) {
    EXPECT_LE(point.low, point.chance_per_10k);
    EXPECT_GE(point.high, point.chance_per_10k);
    if (point.score < 5 || point.score > 25) continue;
    const double truth = 500 * std::exp(-0.2 * point.score);
    EXPECT_NEAR(std::log(point.chance_per_10k / truth), 0, 0.3) << point.score;
  }
}

TEST(FitCurve, NeverRisesAndNeverReachesZero) {
  std::mt19937_64 random(test_seed() + 1);
  for (const size_t num_sources : {0, 1, 2, 5}) {
    std::vector<SourceSample> sources;
    for (size_t i = 0; i < num_sources; ++i) {
      sources.push_back(sample_of(random, 100, 0.3, 5'000));
    }
    const ScriptCurve curve = fit_curve(Script::kOther, sources);
    for (size_t i = 0; i < curve.points.size(); ++i) {
      EXPECT_GT(curve.points[i].chance_per_10k, 0);
      if (i > 0) {
        EXPECT_LE(curve.points[i].chance_per_10k, curve.points[i - 1].chance_per_10k);
      }
    }
  }
}

TEST(FitCurve, SaysTheDefaultWhereNothingWasMeasured) {
  const ScriptCurve curve = fit_curve(Script::kCjk, {});
  for (const CurvePoint& point : curve.points) {
    EXPECT_NEAR(point.chance_per_10k, default_chance(Script::kCjk, point.score), 1e-9);
    if (point.chance_per_10k < 1000) {
      EXPECT_GT(point.high, 3 * point.chance_per_10k);
    }
  }
}

TEST(Calibration, ReadsWhatItWroteAndInterpolates) {
  Calibration calibration;
  calibration.left_out = "source";
  calibration.passages_drawn = 7;
  for (const Script script : kScripts) {
    calibration.curves[static_cast<size_t>(script)] = fit_curve(script, {});
  }
  const std::string bytes = dump_json(to_json(calibration));
  const Calibration again = parse_calibration(bytes).value();
  EXPECT_EQ(dump_json(to_json(again)), bytes);
  for (const Script script : kScripts) {
    for (const double score : {-10.0, -3.0, 0.0, 17.3, 36.0, 58.0, 149.9, 150.0, 170.0, 400.0}) {
      EXPECT_NEAR(std::log(again.chance_per_10k(script, score)),
                  std::log(default_chance(script, score)), 0.05)
          << score;
    }
  }
  EXPECT_GT(again.chance_per_10k(Script::kCjk, 300), 0);
}

TEST(Calibration, FallsBeyondTheLastPointEvenWhereAnOddSpanWasSeen) {
  SourceSample source;
  source.characters = 20'000;
  source.scores = {3, 7, 12, 500};
  Calibration calibration;
  for (const Script script : kScripts) {
    calibration.curves[static_cast<size_t>(script)] = fit_curve(script, {source});
  }
  for (const Script script : kScripts) {
    EXPECT_LT(calibration.chance_per_10k(script, 600), 1e-8);
  }
}

TEST(Calibration, RefusesOtherJson) {
  for (
      const std::string_view bytes :
      {"", "{}", "[]", R"({"version":2})", R"({"version":1,"classes":[]})",
       R"({"version":1,"passages_drawn":1,"passages_related":0,"left_out":"source","classes":[1,2]})"}) {
    EXPECT_FALSE(parse_calibration(bytes)) << bytes;
  }
}

TEST(DrawPassages, SpreadsOverSourcesAndLeavesOutWhatHoldsTheSame) {
  const TemporaryDirectory directory;
  std::vector<Document> documents;
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 40; ++i) {
    documents.push_back({.id = std::to_string(i),
                         .text = testing::random_text(random, testing::kJapanese, 900),
                         .source = i < 30 ? "large" : "small"});
  }
  const Corpus corpus = testing::write_corpus(directory / "corpus", documents).value();
  const PassageSample sample = draw_passages(corpus).value();
  EXPECT_FALSE(sample.by_document);
  EXPECT_EQ(sample.num_sources, 2u);
  size_t of_small = 0;
  for (const SampledPassage& passage : sample.passages) {
    EXPECT_NE(documents[passage.document].text.find(passage.text), std::string::npos);
    if (passage.source == 1) ++of_small;
  }
  EXPECT_GT(of_small, 0u);
  EXPECT_NE(sample.group_of_document[0], sample.group_of_document[35]);

  for (Document& document : documents) document.source = "only";
  const Corpus one = testing::write_corpus(directory / "one", documents).value();
  const PassageSample by_document = draw_passages(one).value();
  EXPECT_TRUE(by_document.by_document);
  EXPECT_NE(by_document.group_of_document[by_document.passages[0].document],
            by_document.group_of_document[by_document.passages[1].document]);
}

TEST(Elsewhere, FindsTheLongestMatchOutsideOfItsGroupAsANaiveScanDoes) {
  std::mt19937_64 random(test_seed() + 3);
  for (int round = 0; round < 5; ++round) {
    const TemporaryDirectory directory;
    std::vector<std::string> texts;
    for (int i = 0; i < 9; ++i) {
      texts.push_back(testing::random_text(random, testing::kJapanese, 60));
      if (i % 3 == 0) texts.back() = texts.front() + texts.back();
    }
    const CorpusIndex index = testing::write_index_of(directory / "of", texts).value();
    std::vector<uint32_t> groups;
    for (size_t i = 0; i < texts.size(); ++i) groups.push_back(static_cast<uint32_t>(i % 4));
    for (uint32_t group = 0; group < 4; ++group) {
      Elsewhere elsewhere(index, groups, group, false);
      const std::string& text = texts[group];
      for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
        const std::string rest = text.substr(at);
        size_t longest = 0;
        for (size_t size = 0; size <= rest.size(); ++size) {
          if (size < rest.size() && !begins_char(rest[size])) continue;
          uint64_t count = 0;
          for (size_t d = 0; d < texts.size(); ++d) {
            if (groups[d] == group) continue;
            for (size_t p = texts[d].find(rest.substr(0, size)); p != std::string::npos && size > 0;
                 p = texts[d].find(rest.substr(0, size), p + 1)) {
              ++count;
            }
          }
          if (count == 0) continue;
          longest = size;
          if (count < 100) {
            EXPECT_EQ(elsewhere.count(rest.substr(0, size)).value(), count);
          }
        }
        const auto match = elsewhere.longest_match(rest).value();
        ASSERT_TRUE(match);
        EXPECT_EQ(match->size_bytes, longest);
        if (longest > 0) {
          EXPECT_NE(texts[match->document].find(rest.substr(0, longest)), std::string::npos);
          EXPECT_NE(groups[match->document], group);
        }
      }
    }
  }
}

}  // namespace
}  // namespace yurai

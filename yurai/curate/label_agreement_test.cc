#include "yurai/curate/label_agreement.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

/// One string an annotator, one character a unit, '.' for a label that is missing.
std::vector<UnitLabels> units(const std::vector<std::string>& annotators) {
  std::vector<UnitLabels> out(annotators[0].size());
  for (const std::string& labels : annotators) {
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != '.')
        out[i].push_back(static_cast<size_t>(labels[i] - (labels[i] >= 'a' ? 'a' : '0')));
    }
  }
  return out;
}

double alpha(const std::vector<std::string>& annotators, LabelScale scale) {
  return krippendorff_alpha(units(annotators), scale)->alpha;
}

// K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): examples A, B and C.
TEST(LabelAgreement, GivesThePublishedAlphaOfTwoObserversAndBinaryData) {
  EXPECT_NEAR(alpha({"0100000010", "1110010000"}, LabelScale::kNominal), 0.095, 0.0005);
}

TEST(LabelAgreement, GivesThePublishedAlphaOfTwoObserversAndNominalData) {
  EXPECT_NEAR(alpha({"aabbdcccedda", "babbbccceddd"}, LabelScale::kNominal), 0.692, 0.0005);
}

TEST(LabelAgreement, GivesThePublishedAlphasOfFourObserversWithMissingData) {
  const std::vector<std::string> data = {"123321412...", "1233224125.3", ".3332342251.",
                                         "12332441251."};
  EXPECT_NEAR(alpha(data, LabelScale::kNominal), 0.743, 0.0005);
  EXPECT_NEAR(alpha(data, LabelScale::kOrdinal), 0.815, 0.0005);
  const Agreement agreement = krippendorff_alpha(units(data), LabelScale::kNominal).value();
  EXPECT_EQ(agreement.units, 11U);
  EXPECT_EQ(agreement.labels, 40U);
  EXPECT_LT(agreement.low, agreement.alpha);
  EXPECT_GT(agreement.high, agreement.alpha);
}

TEST(LabelAgreement, IsOneWhenAllAgreeAndAboutZeroByChance) {
  EXPECT_EQ(alpha({"0120", "0120"}, LabelScale::kNominal), 1);
  EXPECT_EQ(alpha({"0120", "0120"}, LabelScale::kOrdinal), 1);
  EXPECT_EQ(alpha({"1111", "1111"}, LabelScale::kNominal), 1);
  std::mt19937_64 random(testing::test_seed());
  std::vector<UnitLabels> by_chance(5'000);
  for (UnitLabels& unit : by_chance) unit = {random() % 3, random() % 3};
  EXPECT_NEAR(krippendorff_alpha(by_chance, LabelScale::kNominal)->alpha, 0, 0.06);
}

TEST(LabelAgreement, NeedsADocumentWithTwoLabels) {
  EXPECT_FALSE(krippendorff_alpha({{0}, {1}, {}}, LabelScale::kNominal));
}

}  // namespace
}  // namespace yurai

#include "yurai/curate/fasttext_model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/fasttext_format.h"
#include "yurai/curate/fasttext_testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::SmallFastText;
using testing::TemporaryDirectory;

const std::string kTexts[] = {"日本語のはなし\nあいう",
                              "an english sentence",
                              "",
                              "\n",
                              "日 abc",
                              std::string("a\0b", 3),
                              "__label__ja",
                              std::string(5000, 'x')};

std::vector<SmallFastText> kinds() {
  using fasttext::loss_name;
  return {{loss_name::hs},
          {loss_name::ns},
          {loss_name::ova},
          {loss_name::softmax},
          {loss_name::softmax, true},
          {loss_name::hs, true}};
}

class FastTextModelTest : public ::testing::Test {
 protected:
  std::string train(const SmallFastText& how) {
    testing::train_fasttext(dir_ / "model", how);
    return read_file(dir_ / "model").value();
  }
  Result<FastTextModel> open(const std::string& bytes) {
    std::ofstream(dir_ / "changed", std::ios::binary) << bytes;
    return FastTextModel::open(dir_ / "changed");
  }
  TemporaryDirectory dir_;
};

TEST_F(FastTextModelTest, SaysWhatTheLibrarySaysOfEveryKindOfModel) {
  for (const SmallFastText& how : kinds()) {
    const std::string bytes = train(how);
    const FastTextModel model = FastTextModel::open(dir_ / "model").value();
    EXPECT_EQ(model.file().sha256, sha256_hex(bytes));
    EXPECT_THAT(model.labels(), ::testing::UnorderedElementsAre("ja", "en"));
    fasttext::FastText library;
    library.loadModel(dir_ / "model");
    for (const std::string& text : kTexts) {
      std::string line = text;
      std::replace(line.begin(), line.end(), '\n', ' ');
      std::istringstream in(line + "\n");
      std::vector<std::pair<fasttext::real, std::string>> predictions;
      library.predictLine(in, predictions, 2, 0);
      ASSERT_EQ(predictions.size(), 2u);
      for (const auto& [probability, label] : predictions) {
        const int number = model.find_label(label.substr(9)).value();
        EXPECT_NEAR(model.probability(text, number).value(), std::min(1.0f, probability), 1e-6);
      }
    }
    EXPECT_GT(model.probability("日本語のはなし", model.find_label("ja").value()).value(), 0.9);
    EXPECT_LT(model.probability("an english word", model.find_label("ja").value()).value(), 0.1);
  }
}

TEST_F(FastTextModelTest, NamesTheLabelsItHas) {
  train({});
  const FastTextModel model = FastTextModel::open(dir_ / "model").value();
  EXPECT_THAT(model.find_label("xx").error().message, HasSubstr("no label 'xx'; it has 2 labels:"));
}

TEST_F(FastTextModelTest, RefusesEveryModelThatIsCutShortOrGoesOn) {
  for (const bool quantise : {false, true}) {
    const std::string bytes = train({.quantise = quantise});
    for (size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_FALSE(check_fasttext_model(std::string_view(bytes).substr(0, size))) << size;
    }
    ASSERT_TRUE(check_fasttext_model(bytes));
    EXPECT_THAT(open(bytes + "x").error().message, HasSubstr("the file goes on"));
    EXPECT_THAT(open(bytes.substr(0, bytes.size() / 2)).error().message,
                HasSubstr("fetch or save the model again"));
  }
}

TEST_F(FastTextModelTest, WithstandsFlippedBits) {
  std::mt19937_64 random(testing::test_seed());
  for (const SmallFastText& how : kinds()) {
    const std::string whole = train(how);
    int refused = 0;
    for (int round = 0; round < 40; ++round) {
      std::string bytes = whole;
      // Half of them into the arguments and the dictionary, where lengths and kinds stand.
      const size_t at = random() % (round % 2 == 0 ? bytes.size() : size_t{200});
      bytes[at] ^= static_cast<char>(1 << random() % 8);
      const auto model = open(bytes);
      refused += model ? 0 : 1;
      if (!model) continue;
      for (const std::string& text : kTexts) {
        const auto probability = model->probability(text, 0);
        EXPECT_TRUE(probability.value_or(0) >= 0 && probability.value_or(0) <= 1);
      }
    }
    EXPECT_GT(refused, 5);
  }
}

TEST_F(FastTextModelTest, RefusesWhatTheLibraryWouldCrashOn) {
  const std::string bytes = train({.loss = fasttext::loss_name::hs});
  const auto refuses = [&](size_t at, auto value, const std::string& why) {
    std::string changed = bytes;
    std::memcpy(changed.data() + at, &value, sizeof value);
    const auto checked = check_fasttext_model(changed);
    ASSERT_FALSE(checked) << why;
    EXPECT_THAT(checked.error().message, HasSubstr(why));
  };
  // The arguments are twelve 4-byte numbers and one of 8 after magic and version.
  refuses(0, int32_t{1}, "the magic number of a fastText model");
  refuses(4, int32_t{13}, "the version");
  refuses(8, int32_t{5}, "columns of the input");
  refuses(32, int32_t{9}, "the loss");
  refuses(36, int32_t{1}, "3 is a classifier");
  refuses(40, int32_t{0}, "bucket is 0");
  refuses(40, int32_t{301}, "rows of the input");
  refuses(48, int32_t{1'000'000}, "maxn");
  const size_t dictionary = 64;
  refuses(dictionary, int32_t{-1}, "the dictionary's size");
  refuses(dictionary + 8, int32_t{1}, "do not add up");
  refuses(dictionary + 20, int64_t{0}, "a pruned dictionary without");
  const size_t last = bytes.size() - sizeof(float);
  refuses(last, std::nanf(""), "the output holds nan");
  refuses(last, INFINITY, "the output holds inf");
}

TEST_F(FastTextModelTest, IsAStepOfAChain) {
  train({.quantise = true});
  const std::string toml = "[[filter]]\nname = 'language'\nmodel = 'model'\nlang = 'ja'\n";
  const Chain chain = Chain::parse(toml, "c", dir_.path(), {}).value();
  EXPECT_TRUE(chain.decide({.text = "日本語のはなし"}, false).kept());
  EXPECT_FALSE(chain.decide({.text = "an english word"}, false).kept());
  ASSERT_EQ(chain.inputs().size(), 1u);
  EXPECT_EQ(chain.inputs()[0].sha256, sha256_hex(read_file(dir_ / "model").value()));
  EXPECT_THAT(Chain::parse("[[filter]]\nname = 'language'\nmodel = 'model'\nlang = 'xx'\n", "c",
                           dir_.path(), {})
                  .error()
                  .message,
              HasSubstr("step 'language': option 'lang' the model has no label 'xx'"));
  EXPECT_THAT(Chain::parse("[[filter]]\nname = 'language'\nmodel = 'no'\n", "c", dir_.path(), {})
                  .error()
                  .message,
              HasSubstr("option 'model'"));
}

}  // namespace
}  // namespace yurai

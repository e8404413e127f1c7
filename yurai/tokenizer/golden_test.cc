#include <gtest/gtest.h>
#include <sentencepiece_processor.h>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/utf8.h"
#include "yurai/tokenizer/testing.h"

/// Real tokenizers against 20,011 lines as the public libraries read them.
namespace yurai {
namespace {

namespace fs = std::filesystem;

class GoldenTokenizer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    dir_ = testing::test_data() / "tokenizers";
    if (!fs::exists(dir_ / "golden/lines.jsonl.zst")) {
      GTEST_SKIP() << "no golden tokens in " << dir_ << "; set YURAI_TEST_DATA";
    }
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    testing::for_each_line(dir_ / "golden/lines.jsonl.zst", [&](std::string_view line) {
      out.push_back(Json::parse(line).get<std::string>());
    });
    return out;
  }

  fs::path dir_;
};

using JsonGolden = GoldenTokenizer;
using ModelGolden = GoldenTokenizer;

/// [begin, end) in characters.
std::vector<std::pair<size_t, size_t>> in_characters(const std::string& text,
                                                     const std::vector<Token>& tokens) {
  std::vector<std::pair<size_t, size_t>> out;
  const std::string_view view = text;
  for (const Token& token : tokens) {
    out.emplace_back(count_chars(view.substr(0, token.byte_begin)),
                     count_chars(view.substr(0, token.byte_end)));
  }
  return out;
}

TEST_P(JsonGolden, GivesIdsOffsetsAndTextOfTheRustLibrary) {
  const auto tokenizer = testing::open_shared_json(GetParam());
  const std::vector<std::string> texts = lines();
  size_t number = 0;
  size_t num_offsets = 0;
  size_t num_wrong = 0;
  const fs::path answers = dir_ / "golden" / (std::string(GetParam()) + ".jsonl.zst");
  testing::for_each_line(answers, [&](std::string_view line) {
    const std::string& text = texts.at(number++);
    const Json golden = Json::parse(line);
    const auto tokens = tokenizer->encode(text);
    ASSERT_TRUE(tokens) << tokens.error().message;
    const std::vector<uint32_t> ids = ids_of(*tokens);
    const auto decoded = tokenizer->decode(ids);
    ASSERT_TRUE(decoded) << decoded.error().message;
    bool right = ids == golden["ids"].get<std::vector<uint32_t>>();
    right = right &&
            *decoded == (golden["decoded_equal"] ? text : golden["decoded"].get<std::string>());
    if (golden.contains("offsets")) {
      ++num_offsets;
      const auto expected = golden["offsets"].get<std::vector<std::pair<size_t, size_t>>>();
      right = right && in_characters(text, *tokens) == expected;
    }
    const auto with_special = tokenizer->encode(text, {.add_special = true});
    right = right && with_special->size() - tokens->size() == golden["special"].get<size_t>();
    if (!right && ++num_wrong <= 5) {
      ADD_FAILURE() << "line " << number << ": " << text.substr(0, 200) << "\nexpected "
                    << line.substr(0, 400) << "\ngot " << Json(ids).dump().substr(0, 400);
    }
  });
  EXPECT_EQ(num_wrong, 0U);
  EXPECT_EQ(number, 20'011U);
  EXPECT_EQ(num_offsets, 2'000U);
}

INSTANTIATE_TEST_SUITE_P(Shared, JsonGolden,
                         ::testing::Values("gpt-neox-20b", "llm-jp-ver2.2-60k"));

TEST_P(ModelGolden, GivesIdsOffsetsAndTextOfSentencePiece) {
  const fs::path file = dir_ / (std::string(GetParam()) + ".spm.model");
  const auto tokenizer = Tokenizer::open(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  sentencepiece::SentencePieceProcessor library;
  ASSERT_TRUE(library.Load(file.string()).ok());
  ASSERT_EQ((*tokenizer)->vocabulary_size(), static_cast<uint32_t>(library.GetPieceSize()));
  for (const std::string& text : lines()) {
    const auto tokens = (*tokenizer)->encode(text);
    ASSERT_TRUE(tokens) << tokens.error().message;
    sentencepiece::ImmutableSentencePieceText expected;
    ASSERT_TRUE(library.Encode(text, expected.mutable_proto()).ok());
    ASSERT_EQ(tokens->size(), expected.pieces_size()) << text;
    std::vector<int> ids;
    for (size_t i = 0; i < tokens->size(); ++i) {
      const auto piece = expected.pieces(static_cast<int>(i));
      ASSERT_EQ((*tokens)[i], (Token{piece.id(), piece.begin(), piece.end()})) << text;
      ids.push_back(static_cast<int>(piece.id()));
    }
    std::string decoded;
    ASSERT_TRUE(library.Decode(ids, &decoded).ok());
    ASSERT_EQ((*tokenizer)->decode(ids_of(*tokens)).value(), decoded);
  }
}

INSTANTIATE_TEST_SUITE_P(Shared, ModelGolden,
                         ::testing::Values("llm-jp-ver1-cc100-50k", "llm-jp-ver2.2-60k",
                                           "llm-jp-ver3.0b1-100k", "llm-jp-ver3.1-100k",
                                           "llm-jp-ver4.0a1"));

}  // namespace
}  // namespace yurai

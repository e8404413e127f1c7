#include "yurai/index/symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Symbols : public ::testing::Test {
 protected:
  Result<TextFile> write(std::string_view text) {
    const auto target = dir_ / ("x" + std::to_string(num_files_++));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(target, {}));
    YURAI_ASSIGN(TextFileWriter writer, TextFileWriter::create(stage));
    YURAI_TRY(writer.append(text));
    YURAI_TRY(writer.close());
    YURAI_TRY(stage.commit());
    return TextFile::open(target, text.size());
  }

  static std::vector<uint32_t> read(const TextFile& text, const Alphabet& alphabet) {
    std::vector<uint32_t> symbols(alphabet.num_symbols());
    EXPECT_TRUE(alphabet.read_symbols(text, symbols, no_progress));
    return symbols;
  }

 private:
  testing::TemporaryDirectory dir_;
  int num_files_ = 0;
};

TEST_F(Symbols, NumberCharactersInByteOrderAndSeparatorsAfterThem) {
  const TextFile text = write(
                            "\xff"
                            "ba\xff"
                            "a\xff")
                            .value();
  const Alphabet alphabet = Alphabet::scan(text, no_progress).value();
  EXPECT_EQ(alphabet.num_characters(), 3u);
  EXPECT_EQ(alphabet.num_separators(), 3u);
  EXPECT_THAT(read(text, alphabet), ElementsAre(2, 1, 0, 3, 0, 4));
}

TEST_F(Symbols, KnowTheBytesOfEachCharacter) {
  const TextFile text = write("aé猫𠮷\xff").value();
  const Alphabet alphabet = Alphabet::scan(text, no_progress).value();
  ASSERT_EQ(alphabet.num_distinct(), 4u);
  const uint32_t expected[] = {0x61000000, 0xC3A90000, 0xE78CAB00, 0xF0A0AEB7, 0xFF000000};
  const uint32_t sizes[] = {1, 2, 3, 4, 1};
  for (uint32_t symbol = 0; symbol < 5; ++symbol) {
    EXPECT_EQ(alphabet.bytes(symbol), expected[symbol]);
    EXPECT_EQ(Alphabet::num_bytes(alphabet.bytes(symbol)), sizes[symbol]);
  }
}

TEST_F(Symbols, ReadCharactersAcrossBlocks) {
  std::string bytes = "\xff";
  for (int i = 0; i < 800000; ++i) bytes += i % 5 == 0 ? "a" : "猫";  // over a megabyte
  bytes += "\xff";
  const TextFile text = write(bytes).value();
  const Alphabet alphabet = Alphabet::scan(text, no_progress).value();
  EXPECT_EQ(alphabet.num_characters(), 800000u);
  const std::vector<uint32_t> symbols = read(text, alphabet);
  for (size_t i = 0; i < 800000; ++i) ASSERT_EQ(symbols[i + 1], i % 5 == 0 ? 0u : 1u);
}

TEST_F(Symbols, NameTheByteThatIsNotUtf8) {
  for (const std::string_view bad : {"\xff"
                                     "ab\xc0\xff",
                                     "\xff"
                                     "ab\xe7\x8c",
                                     "\xff"
                                     "ab\x80\xff"}) {
    const TextFile text = write(bad).value();
    const auto alphabet = Alphabet::scan(text, no_progress);
    ASSERT_FALSE(alphabet);
    EXPECT_EQ(alphabet.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(alphabet.error().message, HasSubstr("byte 3 is not UTF-8"));
  }
}

TEST(WordCharacter, IsALetterADigitOrAnUnderscore) {
  for (uint32_t c = 0; c < 256; ++c) {
    const bool expected = c < 128 && (std::isalnum(static_cast<int>(c)) != 0 || c == '_');
    EXPECT_EQ(is_word_character(c << 24), expected) << c;
  }
}

}  // namespace
}  // namespace yurai

#include "yurai/corpus/line_reader.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;

struct Expected {
  std::string bytes;
  uint64_t byte;
  bool too_long;
};

/// The lines of a text, the slow way.
std::vector<Expected> split(const std::string& text, size_t max_line_bytes) {
  std::vector<Expected> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const bool too_long = line.size() > max_line_bytes;
    lines.push_back({too_long ? "" : line, begin, too_long});
    begin = end + 1;
  }
  return lines;
}

void expect_lines(const std::string& text, size_t max_line_bytes) {
  static const TemporaryDirectory dir;
  std::ofstream(dir / "input", std::ios::binary | std::ios::trunc) << text;
  InputFile file = InputFile::open(dir / "input", Compression::kNone).value();
  LineReader reader(file, max_line_bytes);
  Line line;
  uint64_t number = 0;
  for (const Expected& expected : split(text, max_line_bytes)) {
    ASSERT_TRUE(reader.next(line).value());
    ASSERT_EQ(line.number, ++number);
    ASSERT_EQ(line.byte, expected.byte);
    ASSERT_EQ(line.too_long, expected.too_long);
    ASSERT_TRUE(line.bytes == expected.bytes) << number;
  }
  EXPECT_FALSE(reader.next(line).value());

  InputFile again = InputFile::open(dir / "input", Compression::kNone).value();
  LineReader whole(again, max_line_bytes);
  ASSERT_TRUE(whole.rest(line));
  EXPECT_EQ(line.too_long, text.size() > max_line_bytes);
  EXPECT_TRUE(line.too_long || line.bytes == text);
}

TEST(LineReader, SplitsLinesAndSkipsThoseThatAreTooLong) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("\r\n"), std::string("a"),
        std::string("a\r\n\nb\r"), std::string("a\rb\n")}) {
    expect_lines(text, 100);
  }
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 30; ++round) {
    std::string text;
    const size_t max_line_bytes = 1 + random() % 3'000'000;
    for (size_t i = random() % 20; i > 0; --i) {
      const size_t longest = std::vector<size_t>{3, 100, 70'000, 4'000'000}[random() % 4];
      text += std::string(random() % longest, static_cast<char>('a' + random() % 26));
      text += std::vector<std::string>{"\n", "\r\n", "\n\n"}[random() % 3];
    }
    text += std::string(random() % 3, 'z');
    expect_lines(text, max_line_bytes);
  }
}

TEST(LineReader, TakesALineOfExactlyTheLimit) {
  for (const size_t size : {99, 100, 101, 1 << 20, (1 << 20) + 1, (1 << 20) - 1}) {
    for (const std::string end : {"", "\n", "\r\n"}) {
      expect_lines(std::string(size, 'x') + end + "y", 100);
      expect_lines(std::string(size, 'x') + end + "y", 1 << 20);
    }
  }
}

}  // namespace
}  // namespace yurai

#include "yurai/model/safetensors.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "yurai/base/json.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

using testing::FailingDisk;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

constexpr DType kAll[] = {DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kI64,
                          DType::kI32, DType::kI16, DType::kI8,  DType::kU8,   DType::kBool};

/// The bytes of a file with this header and so much data.
std::string file_of(std::string_view header, std::string_view data) {
  const uint64_t size = header.size();
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
  return bytes.append(header).append(data);
}

class Safetensors : public ::testing::Test {
 protected:
  Result<SafetensorsFile> open(std::string_view bytes) {
    EXPECT_TRUE(write_file(dir_ / "x.safetensors", bytes));
    return SafetensorsFile::open(dir_ / "x.safetensors");
  }
  std::string written(std::span<const TensorSource> tensors,
                      const std::map<std::string, std::string>& metadata = {}) {
    auto file = posix_disk().create(dir_ / "w").value();
    EXPECT_TRUE(write_safetensors(*file, tensors, metadata));
    EXPECT_TRUE(file->close());
    return read_file(dir_ / "w").value();
  }
  void refuses(std::string_view bytes, std::string_view words) {
    const auto file = open(bytes);
    ASSERT_FALSE(file) << words;
    EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(file.error().message, HasSubstr(std::string(words)));
    EXPECT_THAT(file.error().message, HasSubstr("x.safetensors"));
  }
  static std::string bytes_of(const SafetensorsFile& file, const TensorEntry& entry) {
    std::string bytes(entry.byte_end - entry.byte_begin, '\0');
    EXPECT_TRUE(file.read(entry, bytes));
    return bytes;
  }

  TemporaryDirectory dir_;
};

TEST_F(Safetensors, EveryDtypeComesBackAsItWasWritten) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> bytes;
  std::vector<TensorSource> tensors;
  for (const DType dtype : kAll) {
    bytes.emplace_back(6 * size_bytes(dtype), '\0');
    for (char& c : bytes.back()) c = static_cast<char>(random());
    EXPECT_EQ(parse_dtype(dtype_name(dtype)).value(), dtype);
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    tensors.push_back({fmt::format("重み.{}", i), kAll[i], {2, 3}, bytes[i]});
  }
  tensors.push_back({"scalar", DType::kF32, {}, std::string_view("\0\0\x80?", 4)});
  tensors.push_back({"none", DType::kF32, {4, 0}, ""});
  tensors.push_back({"neither", DType::kI8, {0}, ""});
  const auto file = open(written(tensors, {{"format", "pt"}, {"由来", "\"\n"}}));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->metadata(),
            (std::map<std::string, std::string>{{"format", "pt"}, {"由来", "\"\n"}}));
  ASSERT_EQ(file->tensors().size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorEntry& entry = file->tensors()[i];
    EXPECT_EQ(entry.name, tensors[i].name);
    EXPECT_EQ(entry.dtype, tensors[i].dtype);
    EXPECT_EQ(entry.shape, tensors[i].shape);
    EXPECT_EQ(bytes_of(*file, entry), tensors[i].bytes);
  }
  EXPECT_EQ(file->tensors()[0].byte_begin % 8, 0U);
  EXPECT_FALSE(parse_dtype("F8_E4M3"));
}

TEST_F(Safetensors, AnEmptyFileOfTensorsIsOne) {
  const auto file = open(written({}));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->tensors().empty());
}

TEST_F(Safetensors, HalfPrecisionIsExactForEveryValue) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    for (const bool bf16 : {true, false}) {
      const int mantissa_bits = bf16 ? 7 : 10;
      const int bias = bf16 ? 127 : 15;
      const int exponent = static_cast<int>((bits & 0x7FFF) >> mantissa_bits);
      const double fraction =
          static_cast<double>(bits & ((1U << mantissa_bits) - 1)) / (1 << mantissa_bits);
      double expected = exponent == 0 ? std::pow(2, 1 - bias) * fraction
                                      : std::pow(2, exponent - bias) * (1 + fraction);
      if (exponent == 2 * bias + 1) {
        expected = fraction == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
      }
      if (bits >= 0x8000) expected = -expected;
      const float value = bf16 ? bf16_to_f32(half) : f16_to_f32(half);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(value)) << bits;
        continue;
      }
      ASSERT_EQ(static_cast<double>(value), expected) << bits;
      ASSERT_EQ(std::signbit(value), std::signbit(expected)) << bits;
      if (bf16) {
        ASSERT_EQ(f32_to_bf16(value), half);
      }
    }
  }
}

/// Of the two neighbours the nearer, in doubles; between them the even one.
uint16_t naive_bf16(float value) {
  if (std::isnan(value)) return 0x7FC0;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto down = static_cast<uint16_t>(bits >> 16);
  const auto up = static_cast<uint16_t>(down + 1);
  if (std::isinf(value)) return down;
  const auto magnitude = [](uint16_t half) {  // what follows the largest is 2^128
    return (half & 0x7FFF) == 0x7F80 ? std::pow(2.0, 128)
                                     : std::fabs(static_cast<double>(bf16_to_f32(half)));
  };
  const double to_down = std::fabs(static_cast<double>(value)) - magnitude(down);
  const double to_up = magnitude(up) - std::fabs(static_cast<double>(value));
  if (to_down == to_up) return down % 2 == 0 ? down : up;
  return to_down < to_up ? down : up;
}

TEST_F(Safetensors, RoundsToTheNearestBf16) {
  std::mt19937 random(static_cast<uint32_t>(testing::test_seed()));
  for (uint32_t high = 0; high < 65536; ++high) {
    for (const uint32_t low :
         {0U, 1U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU, static_cast<uint32_t>(random() & 0xFFFF)}) {
      const auto value = std::bit_cast<float>(high << 16 | low);
      ASSERT_EQ(f32_to_bf16(value), naive_bf16(value)) << std::hex << (high << 16 | low);
    }
  }
}

TEST_F(Safetensors, ReadsWeightsAsFloats) {
  std::vector<uint16_t> halves(3'000'000);  // more than a piece
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i * 31 % 0x7C00);
  const std::string_view bytes(reinterpret_cast<const char*>(halves.data()), 2 * halves.size());
  const std::vector<TensorSource> tensors = {{"a", DType::kBF16, {3000, 1000}, bytes},
                                             {"b", DType::kF16, {halves.size()}, bytes},
                                             {"c", DType::kF32, {1}, {"\0\0\x80?", 4}},
                                             {"d", DType::kI16, {halves.size()}, bytes}};
  const auto file = open(written(tensors));
  ASSERT_TRUE(file) << file.error().message;
  std::vector<float> values(halves.size());
  ASSERT_TRUE(file->read_f32(file->tensors()[0], values));
  for (size_t i = 0; i < halves.size(); ++i) ASSERT_EQ(values[i], bf16_to_f32(halves[i]));
  ASSERT_TRUE(file->read_f32(file->tensors()[1], values));
  for (size_t i = 0; i < halves.size(); ++i) ASSERT_EQ(values[i], f16_to_f32(halves[i]));
  float one = 0;
  ASSERT_TRUE(file->read_f32(file->tensors()[2], {&one, 1}));
  EXPECT_EQ(one, 1);
  const auto integers = file->read_f32(file->tensors()[3], values);
  ASSERT_FALSE(integers);
  EXPECT_THAT(integers.error().message, HasSubstr("tensor 'd' is I16"));
}

TEST_F(Safetensors, TruncatedAnywhereIsAnError) {
  const std::string bytes = written(std::vector<TensorSource>{
      {"a", DType::kF32, {2}, "12345678"}, {"b", DType::kBF16, {3, 1}, "abcdef"}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(open(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(open(bytes + "x"));
}

TEST_F(Safetensors, AFlippedBitIsAnErrorOrChangesNamesOnly) {
  const std::string bytes =
      written(std::vector<TensorSource>{{"a", DType::kF32, {2}, "12345678"},
                                        {"b.weight", DType::kI16, {1, 3}, "abcdef"}},
              {{"format", "pt"}});
  const size_t data = bytes.size() - 14;
  size_t opened = 0;
  for (size_t bit = 0; bit < 8 * data; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto file = open(flipped);
    if (!file) continue;
    ++opened;
    ASSERT_EQ(file->tensors().size(), 2U) << bit;
    EXPECT_EQ(file->tensors()[0].dtype, DType::kF32);
    EXPECT_EQ(file->tensors()[1].dtype, DType::kI16);
    EXPECT_EQ(file->tensors()[1].shape, (std::vector<uint64_t>{1, 3}));
    EXPECT_EQ(bytes_of(*file, file->tensors()[0]), "12345678");
    EXPECT_EQ(bytes_of(*file, file->tensors()[1]), "abcdef");
  }
  EXPECT_GT(opened, 10U);  // names and metadata
}

TEST_F(Safetensors, ALyingHeaderIsRefusedBeforeMemoryIsTaken) {
  for (const uint64_t size :
       {uint64_t{3}, uint64_t{1} << 32, uint64_t{100'000'001}, std::numeric_limits<uint64_t>::max(),
        std::numeric_limits<uint64_t>::max() - 7}) {
    std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
    refuses(bytes + "{}", "a header of");
  }
  refuses("", "too short");
  refuses("1234567", "too short");
  refuses(file_of("", ""), "no JSON object");
  refuses(file_of("[]", ""), "no JSON object");
  refuses(file_of("{\"a\":", ""), "no JSON object");
  refuses(file_of("{} {}", ""), "no JSON object");
  refuses(file_of(std::string(100'000, '['), ""), "no JSON object");
  refuses(file_of("{\"\xff\":1}", ""), "no JSON object");
  refuses(file_of(R"({"__metadata__":[]})", ""), "__metadata__");
  refuses(file_of(R"({"__metadata__":{"a":1}})", ""), "__metadata__");
}

std::string entry(std::string_view dtype, std::string_view shape, std::string_view range) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":{}}})", dtype, shape, range);
}

TEST_F(Safetensors, AnEntryThatDoesNotFitIsNamed) {
  const auto one = [&](std::string_view value) {
    return file_of(fmt::format(R"({{"w\u001b":{}}})", value), "12345678");
  };
  ASSERT_TRUE(open(one(entry("F32", "[2]", "[0,8]"))));
  refuses(one(entry("F31", "[2]", "[0,8]")), "tensor 'w\\u001b': unknown dtype 'F31'");
  refuses(one(entry("F32", "[3]", "[0,8]")), "F32 [3] takes 12 bytes, its data_offsets have 8");
  refuses(one(entry("F32", "[-2]", "[0,8]")), "no number");
  refuses(one(entry("F32", "[2.0]", "[0,8]")), "no number");
  refuses(one(entry("F32", "2", "[0,8]")), "no shape");
  refuses(one(entry("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]")), "too many dimensions");
  refuses(one(entry("F32", "[4294967296,4294967296]", "[0,8]")), "beyond 64 bits");
  refuses(one(entry("U8", "[4294967296,4294967296,0]", "[0,0]")), "beyond 64 bits");
  // 2^62 floats are 2^64 bytes: none, were it not looked at.
  refuses(one(entry("F32", "[4611686018427387904]", "[0,0]")), "beyond 64 bits");
  refuses(one(entry("F32", "[4611686018427387906]", "[0,8]")), "beyond 64 bits");
  refuses(one(entry("F32", "[2]", "[8,0]")), "[begin, end]");
  refuses(one(entry("F32", "[2]", "[0]")), "[begin, end]");
  refuses(one(entry("F32", "[2]", "[0,8,16]")), "[begin, end]");
  refuses(one(entry("F32", "[2]", "[-8,0]")), "[begin, end]");
  refuses(one(entry("F32", "[2]", "[18446744073709551608,18446744073709551616]")), "");
  refuses(one(entry("F32", "[2]", "\"0-8\"")), "no data_offsets");
  refuses(one("1"), "no dtype");
  refuses(one("{}"), "no dtype");
  refuses(one("null"), "no dtype");
}

TEST_F(Safetensors, OverlapsGapsAndWhatLiesBeyondTheFileAreRefused) {
  const auto two = [&](std::string_view a, std::string_view b) {
    return file_of(
        fmt::format(R"({{"a":{},"b":{}}})", entry("U8", "[4]", a), entry("U8", "[4]", b)),
        "12345678");
  };
  ASSERT_TRUE(open(two("[4,8]", "[0,4]")));  // in any order
  refuses(two("[0,4]", "[0,4]"), "'b' begins at byte 0 of the data, not at 4");
  refuses(two("[0,4]", "[3,7]"), "'b' begins at byte 3 of the data, not at 4");
  refuses(two("[0,4]", "[5,9]"), "'b' begins at byte 5");
  refuses(two("[1,5]", "[5,9]"), "'a' begins at byte 1");
  refuses(file_of(fmt::format(R"({{"a":{}}})", entry("U8", "[9]", "[0,9]")), "12345678"),
          "ends at byte 9 of 8");
  refuses(file_of(fmt::format(R"({{"a":{}}})", entry("U8", "[7]", "[0,7]")), "12345678"),
          "1 bytes belong to no tensor");
  refuses(file_of("{}", "12345678"), "8 bytes belong to no tensor");
  refuses(file_of(fmt::format(R"({{"a":{0},"a":{0}}})", entry("U8", "[0]", "[0,0]")), ""),
          "stands there twice");
}

TEST_F(Safetensors, TakesManyThousandTensors) {
  std::vector<TensorSource> tensors;
  for (int i = 0; i < 20'000; ++i) {
    tensors.push_back({fmt::format("layers.{}.w", i), DType::kU8, {1}, "x"});
  }
  const auto file = open(written(tensors));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 20'000U);
  EXPECT_EQ(file->tensors()[12'345].name, "layers.12345.w");
}

TEST_F(Safetensors, AFileThatShrinksUnderAReaderIsAnError) {
  const auto file = open(written(std::vector<TensorSource>{{"a", DType::kF32, {2}, "12345678"}}));
  ASSERT_TRUE(file);
  std::filesystem::resize_file(dir_ / "x.safetensors", 30);
  std::string bytes(8, '\0');
  EXPECT_FALSE(file->read(file->tensors()[0], bytes));
  std::vector<float> values(2);
  EXPECT_FALSE(file->read_f32(file->tensors()[0], values));
}

TEST_F(Safetensors, AFullDiskIsAnErrorWhateverIsBeingWritten) {
  const std::vector<TensorSource> tensors = {{"a", DType::kF32, {2}, "12345678"},
                                             {"b", DType::kU8, {1}, "x"}};
  for (uint64_t fail_at = 0;; ++fail_at) {
    FailingDisk disk(fail_at);
    const auto wrote = [&]() -> Result<void> {
      YURAI_ASSIGN(const auto file, disk.create(dir_ / "f"));
      YURAI_TRY(write_safetensors(*file, tensors));
      return file->close();
    }();
    if (wrote) {
      EXPECT_GE(fail_at, 6U);
      break;
    }
    EXPECT_EQ(wrote.error().code, ErrorCode::kIo);
  }
}

TEST(QuantizeRow, SaysThatAValueIsNoFiniteNumber) {
  std::vector<float> row = {1, -2, 0.5F, 3};
  std::vector<int8_t> out(row.size());
  EXPECT_EQ(quantize_row(row, out), 3.0F / 127);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (size_t i = 0; i < row.size(); ++i) {
      std::vector<float> damaged = row;
      damaged[i] = bad;
      EXPECT_TRUE(std::isnan(quantize_row(damaged, out))) << i;
    }
  }
}

}  // namespace
}  // namespace yurai

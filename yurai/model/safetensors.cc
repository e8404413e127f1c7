#include "yurai/model/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "yurai/base/json.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the format's bytes are

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // as the format's own library has it
constexpr size_t kMaxDimensions = 8;

struct DTypeName {
  DType dtype;
  std::string_view name;
  uint64_t bytes;
};
constexpr DTypeName kDTypes[] = {
    {DType::kF64, "F64", 8},   {DType::kF32, "F32", 4}, {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2}, {DType::kI64, "I64", 8}, {DType::kI32, "I32", 4},
    {DType::kI16, "I16", 2},   {DType::kI8, "I8", 1},   {DType::kU8, "U8", 1},
    {DType::kBool, "BOOL", 1},
};

const DTypeName& find(DType dtype) { return *std::ranges::find(kDTypes, dtype, &DTypeName::dtype); }

tl::unexpected<Error> corrupt(const std::filesystem::path& path, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("{}: {}; fetch or write the file again",
                                               for_terminal(path.string()), what));
}

/// One entry of the header; byte ranges as they stand there.
Result<TensorEntry> parse_entry(std::string_view name, simdjson::dom::element value) {
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("tensor '{}': {}", for_terminal(name), what));
  };
  TensorEntry entry;
  entry.name = name;
  std::string_view dtype;
  simdjson::dom::array shape;
  simdjson::dom::array range;
  if (value["dtype"].get(dtype) != simdjson::SUCCESS) return bad("no dtype");
  if (value["shape"].get(shape) != simdjson::SUCCESS) return bad("no shape");
  if (value["data_offsets"].get(range) != simdjson::SUCCESS) return bad("no data_offsets");
  auto parsed = parse_dtype(dtype);
  if (!parsed) return bad(parsed.error().message);
  entry.dtype = *parsed;
  if (shape.size() > kMaxDimensions) return bad("too many dimensions");
  uint64_t bytes = size_bytes(entry.dtype);
  for (const simdjson::dom::element item : shape) {
    uint64_t size = 0;
    if (item.get(size) != simdjson::SUCCESS) return bad("a dimension that is no number");
    if (__builtin_mul_overflow(bytes, size, &bytes)) return bad("a shape beyond 64 bits");
    entry.shape.push_back(size);
  }
  uint64_t offsets[2];
  if (range.size() != 2 || range.at(0).get(offsets[0]) != simdjson::SUCCESS ||
      range.at(1).get(offsets[1]) != simdjson::SUCCESS || offsets[0] > offsets[1]) {
    return bad("data_offsets must be [begin, end]");
  }
  if (offsets[1] - offsets[0] != bytes) {
    return bad(fmt::format("{} {} takes {} bytes, its data_offsets have {}",
                           dtype_name(entry.dtype), shape_text(entry.shape), bytes,
                           offsets[1] - offsets[0]));
  }
  entry.byte_begin = offsets[0];
  entry.byte_end = offsets[1];
  return entry;
}

}  // namespace

uint64_t size_bytes(DType dtype) { return find(dtype).bytes; }
std::string_view dtype_name(DType dtype) { return find(dtype).name; }

Result<DType> parse_dtype(std::string_view name) {
  const auto* found = std::ranges::find(kDTypes, name, &DTypeName::name);
  if (found == std::end(kDTypes)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("unknown dtype '{}'", for_terminal(name)));
  }
  return found->dtype;
}

std::string shape_text(std::span<const uint64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  YURAI_ASSIGN(ReadableFile opened, ReadableFile::open(path));
  SafetensorsFile file(std::move(opened));
  const uint64_t size = file.file_.size_bytes();
  uint64_t header_bytes = 0;
  if (size < sizeof header_bytes) return corrupt(path, "too short for a safetensors file");
  YURAI_TRY(
      file.file_.read_exactly(0, {reinterpret_cast<char*>(&header_bytes), sizeof header_bytes}));
  if (header_bytes > kMaxHeaderBytes || header_bytes > size - sizeof header_bytes) {
    return corrupt(path, fmt::format("a header of {} bytes in a file of {}", header_bytes, size));
  }
  std::string header(header_bytes + simdjson::SIMDJSON_PADDING, '\0');
  YURAI_TRY(file.file_.read_exactly(sizeof header_bytes, {header.data(), header_bytes}));
  const std::string_view json(header.data(), header_bytes);
  if (auto parsed = file.parse_header(json, sizeof header_bytes + header_bytes); !parsed) {
    return corrupt(path, parsed.error().message);
  }
  return file;
}

Result<void> SafetensorsFile::parse_header(std::string_view json, uint64_t data_begin) {
  const auto bad = [](std::string what) { return fail(ErrorCode::kCorrupt, std::move(what)); };
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  // The bytes are padded by the caller.
  if (const auto error = parser.parse(json.data(), json.size(), false).get(header)) {
    return bad(fmt::format("its header is no JSON object ({})", simdjson::error_message(error)));
  }
  std::set<std::string_view> names;
  for (const auto [name, value] : header) {
    if (name == "__metadata__") {
      simdjson::dom::object pairs;
      if (value.get(pairs) != simdjson::SUCCESS) return bad("__metadata__ is no object");
      for (const auto [key, text] : pairs) {
        std::string_view words;
        if (text.get(words) != simdjson::SUCCESS) return bad("__metadata__ is not text by text");
        metadata_.emplace(key, words);
      }
      continue;
    }
    if (!names.insert(name).second) {
      return bad(fmt::format("tensor '{}' stands there twice", for_terminal(name)));
    }
    YURAI_ASSIGN(TensorEntry entry, parse_entry(name, value));
    tensors_.push_back(std::move(entry));
  }
  std::ranges::sort(tensors_, [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.byte_begin, a.byte_end) < std::pair(b.byte_begin, b.byte_end);
  });
  uint64_t end = 0;
  const uint64_t data_bytes = file_.size_bytes() - data_begin;
  for (TensorEntry& entry : tensors_) {
    if (entry.byte_begin != end) {
      return bad(fmt::format("tensor '{}' begins at byte {} of the data, not at {}",
                             for_terminal(entry.name), entry.byte_begin, end));
    }
    end = entry.byte_end;
    if (end > data_bytes) {
      return bad(fmt::format("tensor '{}' ends at byte {} of {}", for_terminal(entry.name), end,
                             data_bytes));
    }
    entry.byte_begin += data_begin;
    entry.byte_end += data_begin;
  }
  if (end != data_bytes) return bad(fmt::format("{} bytes belong to no tensor", data_bytes - end));
  return {};
}

Result<void> SafetensorsFile::read(const TensorEntry& entry, std::span<char> out,
                                   uint64_t offset) const {
  const uint64_t size = entry.byte_end - entry.byte_begin;
  YURAI_CHECK(offset <= size && out.size() <= size - offset);
  return file_.read_exactly(entry.byte_begin + offset, out);
}

Result<void> SafetensorsFile::read_f32(const TensorEntry& entry, std::span<float> out) const {
  YURAI_CHECK(out.size() == entry.num_values());
  if (entry.dtype == DType::kF32) {
    return read(entry, {reinterpret_cast<char*>(out.data()), out.size_bytes()});
  }
  if (entry.dtype != DType::kBF16 && entry.dtype != DType::kF16) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: tensor '{}' is {}; weights are read from F32, BF16 and F16",
                            for_terminal(path().string()), for_terminal(entry.name),
                            dtype_name(entry.dtype)));
  }
  const auto convert = entry.dtype == DType::kBF16 ? bf16_to_f32 : f16_to_f32;
  std::vector<uint16_t> piece(std::min<uint64_t>(out.size(), 1 << 20));
  for (size_t at = 0; at < out.size(); at += piece.size()) {
    const size_t count = std::min(piece.size(), out.size() - at);
    YURAI_TRY(file_.read_exactly(entry.byte_begin + 2 * at,
                                 {reinterpret_cast<char*>(piece.data()), 2 * count}));
    std::transform(piece.begin(), piece.begin() + static_cast<ptrdiff_t>(count),
                   out.begin() + static_cast<ptrdiff_t>(at), convert);
  }
  return {};
}

Result<void> write_safetensors(WritableFile& file, std::span<const TensorSource> tensors,
                               const std::map<std::string, std::string>& metadata) {
  // Objects keep members in a list; a big model has many thousands: the header is joined as text.
  std::string header = "{";
  if (!metadata.empty()) {
    header += fmt::format("\"__metadata__\":{}", dump_json(Json(metadata)));
  }
  uint64_t end = 0;
  for (const TensorSource& tensor : tensors) {
    const Json entry = {{"dtype", dtype_name(tensor.dtype)},
                        {"shape", tensor.shape},
                        {"data_offsets", {end, end + tensor.bytes.size()}}};
    if (header.size() > 1) header += ',';
    header += fmt::format("{}:{}", dump_json(Json(tensor.name)), dump_json(entry));
    end += tensor.bytes.size();
  }
  header += '}';
  header.append((8 - header.size() % 8) % 8, ' ');  // the data begins aligned
  const uint64_t header_bytes = header.size();
  YURAI_TRY(file.append({reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes}));
  YURAI_TRY(file.append(header));
  for (const TensorSource& tensor : tensors) YURAI_TRY(file.append(tensor.bytes));
  return {};
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t f32_to_bf16(float value) {
  if (std::isnan(value)) return 0x7FC0;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float f16_to_f32(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10) & 0x1F;
  const int mantissa = bits & 0x3FF;
  if (exponent == 0x1F) {
    return mantissa != 0 ? std::nanf("") : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa | 0x400), exponent - 25);
}

float quantize_row(std::span<const float> row, std::span<int8_t> out) {
  float largest = 0;
  float sum = 0;  // of zeros, unless a value is no finite number
  for (const float value : row) {
    largest = std::max(largest, std::abs(value));
    sum += value * 0;
  }
  if (std::isnan(sum)) return std::numeric_limits<float>::quiet_NaN();
  const float scale = largest / 127;
  const float inverse = scale > 1e-30F ? 1 / scale : 0;
  // Adding 1.5 · 2^23 leaves no place for a fraction: rounds to nearest, ties to even.
  constexpr float kNoFraction = 12582912.0F;
  for (size_t i = 0; i < row.size(); ++i) {
    out[i] = static_cast<int8_t>((row[i] * inverse + kNoFraction) - kNoFraction);
  }
  return inverse == 0 ? 0 : scale;
}

}  // namespace yurai

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"

/// Tensors in a file, as public model folders hold them: a JSON header (name, dtype, shape, byte
/// range of each), then their bytes. https://huggingface.co/docs/safetensors
///
///     YURAI_ASSIGN(const auto file, SafetensorsFile::open("model.safetensors"));
///     for (const TensorEntry& entry : file.tensors()) …
///     YURAI_TRY(file.read_f32(entry, values));
namespace yurai {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

uint64_t size_bytes(DType dtype);
/// "F32", as the format names it.
std::string_view dtype_name(DType dtype);
/// kInvalidArgument: a name that we do not know.
Result<DType> parse_dtype(std::string_view name);

/// "[257, 48]".
std::string shape_text(std::span<const uint64_t> shape);

struct TensorEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;
  uint64_t byte_begin = 0;  ///< in the file
  uint64_t byte_end = 0;

  uint64_t num_values() const { return (byte_end - byte_begin) / size_bytes(dtype); }
};

/// Immutable and thread-safe.
class SafetensorsFile {
 public:
  /// kCorrupt, before memory is taken, where the header lies: its length, JSON, a dtype, a shape
  /// that does not fit its bytes, ranges that overlap, leave gaps or end beyond the file.
  static Result<SafetensorsFile> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  uint64_t size_bytes() const { return file_.size_bytes(); }
  /// In the order of their bytes.
  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  /// The header's "__metadata__".
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Bytes of a tensor, from its byte `offset` on: as many as `out` has and no more than it has.
  Result<void> read(const TensorEntry& entry, std::span<char> out, uint64_t offset = 0) const;
  /// The values of a floating-point tensor as f32; `out` has num_values() of them.
  Result<void> read_f32(const TensorEntry& entry, std::span<float> out) const;

 private:
  explicit SafetensorsFile(ReadableFile file) : file_(std::move(file)) {}
  Result<void> parse_header(std::string_view json, uint64_t data_begin);

  ReadableFile file_;
  std::vector<TensorEntry> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A tensor to be written: `bytes` are asked for when their turn comes.
struct TensorSource {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;
  std::string_view bytes;
};

/// Writes a file of tensors, in this order. `metadata` is text by text.
Result<void> write_safetensors(WritableFile& file, std::span<const TensorSource> tensors,
                               const std::map<std::string, std::string>& metadata = {});

float bf16_to_f32(uint16_t bits);
/// Rounds to nearest, ties to even.
uint16_t f32_to_bf16(float value);
float f16_to_f32(uint16_t bits);
/// A row in int8: value = scale · q, q from -127 to 127, rounded to nearest. Returns the scale;
/// NaN: the row holds a value that is no finite number.
float quantize_row(std::span<const float> row, std::span<int8_t> out);

}  // namespace yurai

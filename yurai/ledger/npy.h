#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "yurai/base/result.h"

namespace yurai {

/// A NumPy array file of integers in one or two dimensions, whole in memory.
///
///     YURAI_ASSIGN(const NpyArray array, NpyArray::open("x_sample_idx.npy"));
///     array.at(3, 1);
class NpyArray {
 public:
  /// `.npy` versions 1 to 3, little-endian int32, uint32, int64 or uint64, in C order; else
  /// kInvalidArgument that names what is there.
  static Result<NpyArray> open(const std::filesystem::path& path);

  uint64_t rows() const { return rows_; }
  uint64_t columns() const { return columns_; }  ///< 1 for one dimension
  /// row < rows(), column < columns(); a negative number comes out above 2^63.
  uint64_t at(uint64_t row, uint64_t column = 0) const;
  const std::string& bytes() const { return bytes_; }  ///< of the file

 private:
  Result<void> parse();

  std::string bytes_;
  uint64_t data_at_ = 0;
  uint64_t rows_ = 0;
  uint64_t columns_ = 1;
  uint64_t item_bytes_ = 0;
  bool is_signed_ = false;
};

}  // namespace yurai

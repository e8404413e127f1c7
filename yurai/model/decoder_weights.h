#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/model/model_folder.h"

/// A model's weights as kernels.h wants them: matrices in panels, vectors padded.
namespace yurai {

/// What matrices are kept as. Norms, biases and routers stay f32.
enum class WeightType { kF32, kBf16, kInt8 };

std::string_view weight_type_name(WeightType type);  ///< "f32", "bf16", "int8"
/// kInvalidArgument: none of these.
Result<WeightType> parse_weight_type(std::string_view name);

/// A row in int8: value = scale · q, q from -127 to 127, rounded to nearest. Returns the scale.
float quantize_row(std::span<const float> row, std::span<int8_t> out);

/// Zeroed memory in huge pages, where the system gives them: a large matrix is read faster.
class LargeMemory {
 public:
  LargeMemory() = default;
  /// kResourceExhausted: there is not so much. What is not touched costs nothing.
  static Result<LargeMemory> allocate(size_t size_bytes);
  LargeMemory(LargeMemory&& other) noexcept { *this = std::move(other); }
  LargeMemory& operator=(LargeMemory&& other) noexcept;
  ~LargeMemory();
  /// The next `size_bytes`, aligned to 64.
  void* take(size_t size_bytes);
  size_t used_bytes() const { return used_; }

 private:
  char* begin_ = nullptr;
  size_t size_ = 0;
  size_t used_ = 0;
};

struct PanelMatrix {
  WeightType type = WeightType::kF32;
  size_t rows = 0;
  size_t columns = 0;
  size_t padded_columns = 0;  ///< to a multiple of 4 in int8
  void* panels = nullptr;
  float* scales = nullptr;      ///< int8: of each row
  int32_t* row_sums = nullptr;  ///< int8
  size_t num_panels() const;
  /// One row as f32: an embedding.
  void read_row(size_t row, float* out) const;
};

struct DecoderMlp {
  PanelMatrix gate_up;  ///< gate's rows, then up's
  float* gate_up_bias = nullptr;
  PanelMatrix down;
  float* down_bias = nullptr;
};

/// Null: there is none.
struct DecoderLayer {
  float* attention_norm = nullptr;
  PanelMatrix qkv;
  float* qkv_bias = nullptr;
  float* q_norm = nullptr;
  float* k_norm = nullptr;
  PanelMatrix out;
  float* out_bias = nullptr;
  float* mlp_norm = nullptr;
  PanelMatrix router;  ///< no rows: a dense layer
  std::vector<DecoderMlp> mlps;
};

struct DecoderWeights {
  PanelMatrix embedding;
  std::vector<DecoderLayer> layers;
  float* norm = nullptr;
  PanelMatrix head;  ///< the embedding's where they are tied
  LargeMemory memory;

  /// Reads a folder's weights. Those that are int8 there are taken as they are; kInvalidArgument
  /// where another type was asked for.
  static Result<DecoderWeights> load(const ModelFolder& folder, WeightType type);
};

}  // namespace yurai

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "yurai/base/large_array.h"
#include "yurai/base/result.h"
#include "yurai/model/model_folder.h"

/// A model's weights as kernels.h wants them: matrices in panels, vectors padded.
namespace yurai {

/// What matrices are kept as. Norms, biases and routers stay f32.
enum class WeightType { kF32, kBf16, kInt8 };

std::string_view weight_type_name(WeightType type);  ///< "f32", "bf16", "int8"
/// kInvalidArgument: none of these.
Result<WeightType> parse_weight_type(std::string_view name);

/// Memory that is handed out front to back, zeroed.
struct WeightArena {
  LargeArray<char> memory;
  size_t used_bytes = 0;
  /// The next `size_bytes`, aligned to 64.
  void* take(size_t size_bytes);
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
  WeightArena arena;
  PanelMatrix embedding{};
  std::vector<DecoderLayer> layers{};
  float* norm = nullptr;
  PanelMatrix head{};  ///< the embedding's where they are tied

  /// Reads a folder's weights. Those that are int8 there are taken as they are; kInvalidArgument
  /// where another type was asked for.
  static Result<DecoderWeights> load(const ModelFolder& folder, WeightType type);
};

}  // namespace yurai

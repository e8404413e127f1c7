#include "yurai/model/decoder_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "yurai/base/terminal.h"
#include "yurai/model/kernels.h"

namespace yurai {
namespace {

constexpr std::array<std::string_view, 3> kTypeNames = {"f32", "bf16", "int8"};

size_t value_bytes(WeightType type) {
  return type == WeightType::kF32 ? 4 : type == WeightType::kBf16 ? 2 : 1;
}

/// Rows of f32 to their places in the panels, from `first_row` on.
void pack(PanelMatrix& matrix, size_t first_row, std::span<const float> values) {
  const size_t rows = values.size() / matrix.columns;
  for (size_t i = 0; i < rows; ++i) {
    const std::span<const float> row = values.subspan(i * matrix.columns, matrix.columns);
    const size_t at = first_row + i;
    const size_t begin = at / kLanes * kLanes * matrix.padded_columns;
    const size_t lane = at % kLanes;
    if (matrix.type == WeightType::kF32) {
      auto* out = static_cast<float*>(matrix.panels) + begin + lane;
      for (size_t k = 0; k < row.size(); ++k) out[k * kLanes] = row[k];
    } else if (matrix.type == WeightType::kBf16) {
      auto* out = static_cast<uint16_t*>(matrix.panels) + begin + lane;
      for (size_t k = 0; k < row.size(); ++k) out[k * kLanes] = f32_to_bf16(row[k]);
    }
  }
}

void pack_int8(PanelMatrix& matrix, size_t row, std::span<const int8_t> values, float scale) {
  auto* out = static_cast<int8_t*>(matrix.panels) + row / kLanes * kLanes * matrix.padded_columns +
              row % kLanes * 4;
  int32_t sum = 0;
  for (size_t k = 0; k < values.size(); ++k) {
    out[k / 4 * 4 * kLanes + k % 4] = values[k];
    sum += values[k];
  }
  matrix.scales[row] = scale;
  matrix.row_sums[row] = sum;
}

/// Memory of all weights, and a little more for what is rounded up.
size_t size_of(const ModelConfig& config, WeightType type) {
  size_t size = 0;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const size_t rows = round_up(parameter.shape[0], kLanes) + kLanes;
    const size_t columns = parameter.shape.size() == 2 ? round_up(parameter.shape[1], 4) : 1;
    const bool small = columns == 1 || parameter.name.ends_with(".gate.weight");
    size += rows * columns * value_bytes(small ? WeightType::kF32 : type) + 8 * rows + 256;
  }
  return size;
}

/// Takes weights in the order of parameter_shapes().
class Loader {
 public:
  Loader(const ModelFolder& folder, WeightType type, WeightArena& arena)
      : folder_(folder), type_(type), arena_(arena) {}

  /// The next `count` matrices of one width, one under the other.
  Result<PanelMatrix> matrix(size_t count = 1) { return matrix_of(type_, count); }
  Result<PanelMatrix> matrix_of(WeightType type, size_t count = 1) {
    PanelMatrix matrix;
    matrix.type = type;
    matrix.columns = next(0).shape[1];
    matrix.padded_columns =
        type == WeightType::kInt8 ? round_up(matrix.columns, 4) : matrix.columns;
    for (size_t i = 0; i < count; ++i) matrix.rows += next(i).shape[0];
    const size_t padded_rows = matrix.num_panels() * kLanes;
    matrix.panels = arena_.take(padded_rows * matrix.padded_columns * value_bytes(type));
    if (type == WeightType::kInt8) {
      matrix.scales = static_cast<float*>(arena_.take(padded_rows * sizeof(float)));
      matrix.row_sums = static_cast<int32_t*>(arena_.take(padded_rows * sizeof(int32_t)));
    }
    size_t row = 0;
    for (size_t i = 0; i < count; ++i, ++next_) {
      YURAI_TRY(read_matrix(next(0), matrix, row));
      row += next(0).shape[0];
    }
    return matrix;
  }

  Result<float*> vector(size_t count = 1) {
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) size += next(i).shape[0];
    auto* values = static_cast<float*>(arena_.take(round_up(size, kLanes) * sizeof(float)));
    size_t at = 0;
    for (size_t i = 0; i < count; ++i, ++next_) {
      YURAI_TRY(folder_.read_f32(next(0).name, {values + at, next(0).shape[0]}));
      at += next(0).shape[0];
    }
    return values;
  }

 private:
  const ParameterShape& next(size_t ahead) const { return folder_.parameters()[next_ + ahead]; }

  Result<void> read_matrix(const ParameterShape& parameter, PanelMatrix& matrix, size_t row) {
    const size_t rows = parameter.shape[0];
    if (folder_.tensor(parameter.name).dtype == DType::kI8) {
      std::vector<int8_t> values(parameter.num_values());
      std::vector<float> scales(rows);
      YURAI_TRY(folder_.read_int8(parameter.name, values, scales));
      for (size_t i = 0; i < rows; ++i) {
        pack_int8(matrix, row + i, std::span(values).subspan(i * matrix.columns, matrix.columns),
                  scales[i]);
      }
      return {};
    }
    buffer_.resize(parameter.num_values());
    YURAI_TRY(folder_.read_f32(parameter.name, buffer_));
    if (matrix.type != WeightType::kInt8) {
      pack(matrix, row, buffer_);
      return {};
    }
    std::vector<int8_t> values(matrix.columns);
    for (size_t i = 0; i < rows; ++i) {
      const float scale =
          quantize_row(std::span(buffer_).subspan(i * matrix.columns, matrix.columns), values);
      if (std::isnan(scale)) return folder_.not_finite(parameter.name);
      pack_int8(matrix, row + i, values, scale);
    }
    return {};
  }

  const ModelFolder& folder_;
  WeightType type_;
  WeightArena& arena_;
  size_t next_ = 0;
  std::vector<float> buffer_;
};

Result<DecoderMlp> load_mlp(Loader& loader, bool bias) {
  DecoderMlp mlp;
  YURAI_ASSIGN(mlp.gate_up, loader.matrix(2));
  if (bias) {
    YURAI_ASSIGN(mlp.gate_up_bias, loader.vector(2));
  }
  YURAI_ASSIGN(mlp.down, loader.matrix());
  if (bias) {
    YURAI_ASSIGN(mlp.down_bias, loader.vector());
  }
  return mlp;
}

Result<DecoderLayer> load_layer(Loader& loader, const ModelConfig& config, size_t number) {
  DecoderLayer layer;
  YURAI_ASSIGN(layer.attention_norm, loader.vector());
  YURAI_ASSIGN(layer.qkv, loader.matrix(3));
  if (config.attention_bias) {
    YURAI_ASSIGN(layer.qkv_bias, loader.vector(3));
  }
  if (config.is_qwen3()) {
    YURAI_ASSIGN(layer.q_norm, loader.vector());
    YURAI_ASSIGN(layer.k_norm, loader.vector());
  }
  YURAI_ASSIGN(layer.out, loader.matrix());
  if (config.attention_bias) {
    YURAI_ASSIGN(layer.out_bias, loader.vector());
  }
  YURAI_ASSIGN(layer.mlp_norm, loader.vector());
  const bool sparse = config.num_experts > 0 && config.sparse_layers[number];
  if (sparse) {
    YURAI_ASSIGN(layer.router, loader.matrix_of(WeightType::kF32));
  }
  for (uint64_t e = 0; e < (sparse ? config.num_experts : 1); ++e) {
    YURAI_ASSIGN(DecoderMlp mlp, load_mlp(loader, !sparse && config.mlp_bias));
    layer.mlps.push_back(std::move(mlp));
  }
  return layer;
}

}  // namespace

std::string_view weight_type_name(WeightType type) { return kTypeNames[static_cast<size_t>(type)]; }

Result<WeightType> parse_weight_type(std::string_view name) {
  const auto* found = std::ranges::find(kTypeNames, name);
  if (found == kTypeNames.end()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no type of weights; there are f32, bf16 and int8",
                            for_terminal(name)));
  }
  return static_cast<WeightType>(found - kTypeNames.begin());
}

void* WeightArena::take(size_t size_bytes) {
  const size_t at = used_bytes;
  used_bytes += round_up(size_bytes, 64);
  YURAI_CHECK(used_bytes <= memory.span().size());
  return memory.span().data() + at;
}

size_t PanelMatrix::num_panels() const { return round_up(rows, kLanes) / kLanes; }

void PanelMatrix::read_row(size_t row, float* out) const {
  const size_t begin = row / kLanes * kLanes * padded_columns;
  const size_t lane = row % kLanes;
  for (size_t k = 0; k < columns; ++k) {
    if (type == WeightType::kF32) {
      out[k] = static_cast<const float*>(panels)[begin + k * kLanes + lane];
    } else if (type == WeightType::kBf16) {
      out[k] = bf16_to_f32(static_cast<const uint16_t*>(panels)[begin + k * kLanes + lane]);
    } else {
      const int8_t value =
          static_cast<const int8_t*>(panels)[begin + k / 4 * 4 * kLanes + lane * 4 + k % 4];
      out[k] = scales[row] * static_cast<float>(value);
    }
  }
}

Result<DecoderWeights> DecoderWeights::load(const ModelFolder& folder, WeightType type) {
  const ModelConfig& config = folder.config();
  if (config.int8_weights && type != WeightType::kInt8) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: its weights are int8 and cannot be used as {}; use the model that "
                            "it was made from",
                            for_terminal(folder.dir().string()), weight_type_name(type)));
  }
  auto memory = LargeArray<char>::allocate(size_of(config, type));
  if (!memory) {
    return fail(ErrorCode::kResourceExhausted,
                "not enough memory for this model; use a smaller one, or smaller weights");
  }
  DecoderWeights weights{.arena = {.memory = std::move(*memory)}};
  Loader loader(folder, type, weights.arena);
  YURAI_ASSIGN(weights.embedding, loader.matrix());
  for (uint64_t l = 0; l < config.num_layers; ++l) {
    YURAI_ASSIGN(DecoderLayer layer, load_layer(loader, config, l));
    weights.layers.push_back(std::move(layer));
  }
  YURAI_ASSIGN(weights.norm, loader.vector());
  if (config.tie_embeddings) {
    weights.head = weights.embedding;
  } else {
    YURAI_ASSIGN(weights.head, loader.matrix());
  }
  return weights;
}

}  // namespace yurai

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/model/safetensors.h"

/// Looking at what a model computes inside: the same places of a Transformer and of a Decoder.
///
/// Shapes: B sequences, T tokens of each, S keys, D hidden size, H heads, K key heads, d head size,
/// V vocabulary, E experts, k of them a token.
namespace yurai {

/// Places where a pass can be looked at, in their order; each of a layer is [B, T, …]. A decoder
/// computes a text in pieces: T and the place of a token count within the piece, S is all keys so
/// far, and keys and values are those of the piece alone, [B,K,T,d].
enum class Site {
  kEmbedding,      ///< [B,T,D]
  kResidualPre,    ///< [B,T,D] what enters a layer
  kAttentionIn,    ///< [B,T,D] normalised
  kQuery,          ///< [B,H,T,d] rotated
  kKey,            ///< [B,K,S,d] rotated, with those of the cache
  kValue,          ///< [B,K,S,d]
  kAttention,      ///< [B,H,T,S] probabilities
  kHeadOut,        ///< [B,T,H·d] what the heads read, side by side
  kAttentionOut,   ///< [B,T,D] added to the residual stream
  kResidualMid,    ///< [B,T,D]
  kMlpIn,          ///< [B,T,D] normalised
  kRouterLogits,   ///< [B·T,E]
  kExpertIds,      ///< [B·T,k] i64
  kExpertWeights,  ///< [B·T,k]
  kMlpOut,         ///< [B,T,D] added to the residual stream
  kResidualPost,   ///< [B,T,D] what leaves a layer
  kFinal,          ///< [B,T,D] normalised
  kLogits,         ///< [B,T,V]
};

/// "resid_pre": as TransformerLens names them.
std::string_view site_name(Site site);
/// kInvalidArgument: a name that is none; the message lists them.
Result<Site> parse_site(std::string_view name);
/// One of a layer, not of the whole model.
bool is_layer_site(Site site);

/// Valid during the call.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape{};
  const void* data = nullptr;
  std::vector<uint64_t> strides{};  ///< of each axis, in values; empty: row-major
};
/// Its values, row-major.
std::string bytes_of(const TensorView& view);

/// Looks at a pass and changes nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual bool wants(Site site, uint64_t layer) const = 0;
  virtual void on(Site site, uint64_t layer, const TensorView& view) = 0;
};

}  // namespace yurai

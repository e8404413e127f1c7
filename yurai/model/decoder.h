#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "yurai/base/isa.h"
#include "yurai/base/result.h"
#include "yurai/model/decoder_weights.h"
#include "yurai/model/model_folder.h"
#include "yurai/model/observer.h"

/// The models for generation: the same as transformer.h computes, forward only, without LibTorch.
///
///     YURAI_ASSIGN(const auto decoder, Decoder::open(folder, {.weights = WeightType::kInt8}));
///     DecoderCache cache(*decoder);
///     YURAI_ASSIGN(std::vector<float> logits_V, decoder->add(prompt, cache));
///     YURAI_ASSIGN(logits_V, decoder->add(std::array{token}, cache));
///
/// A token's logits are the same bits however many tokens, texts and threads are computed with it,
/// and on every instruction set. docs/adr/0019
namespace yurai {

class Decoder;

/// Keys and values of a text so far. Not thread-safe.
class DecoderCache {
 public:
  explicit DecoderCache(const Decoder& decoder);
  DecoderCache(DecoderCache&&) noexcept;
  DecoderCache& operator=(DecoderCache&&) noexcept;
  ~DecoderCache();
  uint64_t length() const;  ///< in tokens

  struct State;

 private:
  friend class Decoder;
  std::unique_ptr<State> state_;
};

struct DecoderOptions {
  WeightType weights = WeightType::kF32;
  unsigned threads = 1;
  Isa isa = Isa::kScalar;  ///< choose_isa()
};

/// Thread-safe; calls at the same time wait for each other.
class Decoder {
 public:
  static Result<std::unique_ptr<Decoder>> open(const ModelFolder& folder,
                                               const DecoderOptions& options);
  ~Decoder();

  const ModelConfig& config() const;
  WeightType weights() const;
  /// Bytes that a token's pass reads: all weights but the embedding's other rows and the experts
  /// that it is not sent to.
  uint64_t bytes_per_token() const;

  /// Adds tokens to a text. The logits of the last [V], with `all` of each [T,V]. After an error
  /// the cache is of no more use. The observer sees pieces of the tokens, one after the other.
  Result<std::vector<float>> add(std::span<const int32_t> tokens, DecoderCache& cache,
                                 bool all = false, Observer* observer = nullptr) const;
  /// Adds tokens[i] to the text of caches[i], each another one: weights are read once for all.
  /// [B,V]
  Result<std::vector<float>> add_each(std::span<const int32_t> tokens,
                                      std::span<DecoderCache* const> caches) const;

  struct State;

 private:
  explicit Decoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "yurai/model/decoder.h"

/// Texts that are generated at the same time, on a thread each, take their steps together: weights
/// are read once for all of them. Each gets the bits that it would get alone.
///
///     DecoderQueue::Text text(queue, cache);
///     YURAI_ASSIGN(const std::vector<float> logits_V, text.add(token));
namespace yurai {

/// Thread-safe.
class DecoderQueue {
 public:
  /// The decoder outlives it.
  explicit DecoderQueue(const Decoder& decoder) : decoder_(decoder) {}

  /// A text between its prompt and its end. Not thread-safe.
  class Text {
   public:
    Text(DecoderQueue& queue, DecoderCache& cache);
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;
    ~Text();
    Result<std::vector<float>> add(int32_t token);

   private:
    DecoderQueue& queue_;
    DecoderCache& cache_;
  };

 private:
  struct Step {
    int32_t token = 0;
    DecoderCache* cache = nullptr;
    Result<std::vector<float>> logits{};
    bool done = false;
  };
  void take_steps(std::unique_lock<std::mutex>& lock);

  const Decoder& decoder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Step*> waiting_;
  size_t num_texts_ = 0;
  bool running_ = false;
};

}  // namespace yurai

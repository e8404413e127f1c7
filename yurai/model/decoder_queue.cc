#include "yurai/model/decoder_queue.h"

#include <algorithm>
#include <chrono>
#include <span>

namespace yurai {
namespace {

constexpr size_t kMaxSteps = 32;  ///< of one pass
/// How long a pass waits for texts that are choosing their next token: less than it takes itself.
constexpr std::chrono::microseconds kPatience{500};

}  // namespace

DecoderQueue::Text::Text(DecoderQueue& queue, DecoderCache& cache) : queue_(queue), cache_(cache) {
  const std::lock_guard lock(queue_.mutex_);
  ++queue_.num_texts_;
}

DecoderQueue::Text::~Text() {
  const std::lock_guard lock(queue_.mutex_);
  --queue_.num_texts_;
  queue_.changed_.notify_all();
}

Result<std::vector<float>> DecoderQueue::Text::add(int32_t token) {
  Step step{.token = token, .cache = &cache_};
  std::unique_lock lock(queue_.mutex_);
  queue_.waiting_.push_back(&step);
  queue_.changed_.notify_all();
  while (!step.done) {
    // Whoever finds nobody at it does the work of all.
    if (queue_.running_) {
      queue_.changed_.wait(lock);
    } else {
      queue_.take_steps(lock);
    }
  }
  return std::move(step.logits);
}

void DecoderQueue::take_steps(std::unique_lock<std::mutex>& lock) {
  running_ = true;
  changed_.wait_for(lock, kPatience,
                    [&] { return waiting_.size() >= std::min(num_texts_, kMaxSteps); });
  const auto end = waiting_.begin() + static_cast<ptrdiff_t>(std::min(waiting_.size(), kMaxSteps));
  const std::vector<Step*> steps(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  lock.unlock();
  std::vector<int32_t> tokens;
  std::vector<DecoderCache*> caches;
  for (const Step* step : steps) {
    tokens.push_back(step->token);
    caches.push_back(step->cache);
  }
  const auto logits = decoder_.add_each(tokens, caches);
  const size_t V = decoder_.config().vocabulary_size;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (logits) {
      const std::span<const float> own = std::span(*logits).subspan(i * V, V);
      steps[i]->logits = std::vector<float>(own.begin(), own.end());
    } else {
      steps[i]->logits = fail(logits.error());
    }
  }
  lock.lock();
  for (Step* step : steps) step->done = true;
  running_ = false;
  changed_.notify_all();
}

}  // namespace yurai

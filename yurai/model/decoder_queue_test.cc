#include "yurai/model/decoder_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "yurai/base/testing.h"
#include "yurai/model/testing.h"

namespace yurai {
namespace {

TEST(DecoderQueue, GivesEachTextWhatItGetsAlone) {
  testing::TemporaryDirectory dir;
  testing::write_toy_model(dir / "toy");
  const auto model = Decoder::open(ModelFolder::open(dir / "toy").value(), {.threads = 2}).value();
  DecoderQueue queue(*model);
  constexpr int kTexts = 7;
  const auto token = [](int text, int step) { return (text * 3 + step * step) % 5; };
  std::vector<std::vector<float>> together(kTexts);
  std::vector<std::thread> threads;
  for (int text = 0; text < kTexts; ++text) {
    threads.emplace_back([&, text] {
      DecoderCache cache(*model);
      DecoderQueue::Text own(queue, cache);
      for (int step = 0; step < 20 + 10 * text; ++step) {
        const auto logits = own.add(token(text, step));
        if (logits) together[static_cast<size_t>(text)] = *logits;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int text = 0; text < kTexts; ++text) {
    DecoderCache cache(*model);
    std::vector<float> alone;
    for (int step = 0; step < 20 + 10 * text; ++step) {
      const int32_t next = token(text, step);
      alone = model->add(std::span(&next, 1), cache).value();
    }
    EXPECT_EQ(together[static_cast<size_t>(text)], alone);
  }
  // A token that is none is an error of that text.
  DecoderCache cache(*model);
  DecoderQueue::Text own(queue, cache);
  EXPECT_FALSE(own.add(5));
}

}  // namespace
}  // namespace yurai

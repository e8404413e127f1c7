#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/curate/label_model.h"
#include "yurai/curate/label_set.h"

/// Scoring documents with a label model: bytes of text a second of one core. The texts are made of
/// random words of Japanese or English letters, from a fixed seed.
namespace yurai {
namespace {

std::string random_text(std::mt19937_64& random, bool japanese, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    if (japanese) {
      // Half hiragana, half of 2,000 kanji.
      const auto c = static_cast<char32_t>(random() % 2 == 0 ? 0x3041 + random() % 80
                                                             : 0x4E00 + random() % 2000);
      text += static_cast<char>(0xE0 | (c >> 12));
      text += static_cast<char>(0x80 | ((c >> 6) & 63));
      text += static_cast<char>(0x80 | (c & 63));
    } else {
      text += random() % 6 == 0 ? ' ' : static_cast<char>('a' + random() % 26);
    }
  }
  return text;
}

LabelModel train(const std::filesystem::path& dir) {
  std::mt19937_64 random(1);
  std::string csv = "text,label\n";
  for (int i = 0; i < 200; ++i) {
    csv += random_text(random, i % 4 < 2, 90) + (i % 2 == 0 ? ",toxic\n" : ",ok\n");
  }
  YURAI_CHECK(write_file(dir / "labels.csv", csv).has_value());
  StagingDirectory labels = StagingDirectory::create(dir / "labels", {}).value();
  YURAI_CHECK(import_labels({dir / "labels.csv"}, {}, labels, no_progress).has_value());
  YURAI_CHECK(labels.commit().has_value());
  StagingDirectory model = StagingDirectory::create(dir / "model", {}).value();
  YURAI_CHECK(train_label_model(LabelSet::open(dir / "labels").value(), {}, model, no_progress)
                  .has_value());
  YURAI_CHECK(model.commit().has_value());
  return LabelModel::open(dir / "model").value();
}

void BM_Score(benchmark::State& state, bool japanese) {
  const testing::TemporaryDirectory dir;
  const LabelModel model = train(dir.path());
  std::mt19937_64 random(2);
  std::vector<std::string> texts;
  for (int i = 0; i < 64; ++i) {
    texts.push_back(random_text(random, japanese, static_cast<size_t>(state.range(0))));
  }
  size_t next = 0;
  double sum = 0;
  for (auto _ : state) sum += model.score(texts[next++ % texts.size()]);
  benchmark::DoNotOptimize(sum);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_Score, japanese, true)->Arg(300)->Arg(6'000);
BENCHMARK_CAPTURE(BM_Score, english, false)->Arg(300)->Arg(6'000);

}  // namespace
}  // namespace yurai

BENCHMARK_MAIN();

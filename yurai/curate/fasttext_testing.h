#pragma once

#include <fasttext/fasttext.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace yurai::testing {

struct SmallFastText {
  fasttext::loss_name loss = fasttext::loss_name::softmax;
  bool quantise = false;
};

/// A classifier of made-up Japanese and English (labels "ja" and "en"), trained by the library and
/// saved as `path`.
inline void train_fasttext(const std::filesystem::path& path, const SmallFastText& how) {
  std::mt19937_64 random(7);
  const std::filesystem::path text = path.string() + ".txt";
  {
    const std::string kana[] = {"あ", "い", "う", "か", "の", "は", "日", "本", "語", "。"};
    std::ofstream out(text);
    for (int line = 0; line < 200; ++line) {
      out << (line % 2 == 0 ? "__label__ja " : "__label__en ");
      for (int word = 0; word < 6; ++word) {
        for (int n = 0; n < 5; ++n) {
          out << (line % 2 == 0 ? kana[random() % 10]
                                : std::string(1, static_cast<char>('a' + random() % 26)));
        }
        out << ' ';
      }
      out << '\n';
    }
  }
  fasttext::Args args;
  args.input = text;
  args.model = fasttext::model_name::sup;
  args.loss = how.loss;
  args.dim = 4;
  args.bucket = 300;
  args.minCount = 1;
  args.minn = 1;
  args.maxn = 2;
  args.epoch = 20;
  args.lr = 0.5;
  args.thread = 1;
  args.verbose = 0;
  fasttext::FastText model;
  model.train(args);
  if (how.quantise) {
    args.qnorm = true;
    args.dsub = 2;
    args.cutoff = 290;
    model.quantize(args);
  }
  model.saveModel(path);
  std::filesystem::remove(text);
}

}  // namespace yurai::testing

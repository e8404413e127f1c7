#pragma once

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus.h"

/// What benches ask of an index. YURAI_BENCH_LANG (default ja) chooses the documents that it is
/// drawn from.
namespace yurai::bench {

constexpr size_t kPassageChars = 500;

/// Words of a Zipf-like vocabulary of Chinese characters, a document every 2,000 words.
inline std::vector<std::string> made_up_texts(size_t num_words) {
  std::mt19937_64 random(1);
  std::geometric_distribution<uint64_t> rank(0.002);
  std::vector<std::string> texts;
  for (size_t i = 0; i < num_words; ++i) {
    if (i % 2000 == 0) texts.emplace_back();
    std::mt19937_64 word(rank(random));
    for (uint64_t n = 1 + word() % 3; n > 0; --n) {
      append_char(static_cast<char32_t>(0x4E00 + word() % 2000), texts.back());
    }
    texts.back() += i % 12 == 11 ? "。" : "の";
  }
  return texts;
}

/// `num_chars` neighbouring characters out of a document.
inline std::string piece(const Corpus& corpus, std::mt19937_64& random, size_t num_chars) {
  const char* wanted = std::getenv("YURAI_BENCH_LANG");
  const std::string lang = wanted == nullptr ? "ja" : wanted;
  for (int attempt = 0;; ++attempt) {
    const Document document = corpus.document(random() % corpus.num_documents()).value();
    if (attempt < 1000 && !document.lang.empty() && document.lang != lang) continue;
    if (document.text.size() < 4 * num_chars) continue;
    const size_t begin =
        char_floor(document.text, random() % (document.text.size() - 3 * num_chars));
    return std::string(first_chars(std::string_view(document.text).substr(begin), num_chars));
  }
}

/// 500 characters, in pieces of 20 from here and there.
inline std::string passage(const Corpus& corpus, std::mt19937_64& random) {
  std::string text;
  while (count_chars(text) < kPassageChars) text += piece(corpus, random, 20);
  return text;
}

}  // namespace yurai::bench

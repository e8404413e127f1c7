#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "yurai/corpus/testing.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/index_builder.h"

/// Small indexes built in code, and texts that are hard on them.
namespace yurai::testing {

/// Builds `dir`/index over the corpus `corpus_dir` and opens it.
inline Result<CorpusIndex> write_index(const std::filesystem::path& dir,
                                       const std::filesystem::path& corpus_dir,
                                       const IndexBuildOptions& options = {}) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {}));
  YURAI_TRY(build_index(corpus_dir, options, stage, no_progress));
  YURAI_TRY(stage.commit());
  return CorpusIndex::open(dir, {.folded = true});
}

/// Writes these texts as `dir`/corpus, indexes them as `dir`/index and opens it.
///
///     CorpusIndex index = write_index_of(dir.path(), {"abab", "吾輩は猫である"}).value();
inline Result<CorpusIndex> write_index_of(const std::filesystem::path& dir,
                                          const std::vector<std::string>& texts,
                                          const IndexBuildOptions& options = {}) {
  std::vector<Document> documents;
  for (const std::string& text : texts) {
    documents.push_back({.id = "d" + std::to_string(documents.size()), .text = text});
  }
  YURAI_TRY(write_corpus(dir / "corpus", documents));
  return write_index(dir / "index", dir / "corpus", options);
}

/// `num_chars` characters drawn from `alphabet`.
inline std::string random_text(std::mt19937_64& random, const std::vector<std::string>& alphabet,
                               size_t num_chars) {
  std::string text;
  for (size_t i = 0; i < num_chars; ++i) text += alphabet[random() % alphabet.size()];
  return text;
}

/// Characters that fold to one, several or none, alone or together with the one before them.
inline const std::vector<std::string> kFoldable = {
    "国", "國", "沢", "澤", "は",     "ハ", "ﾊ",          "ﾞ",  "か",     "\u3099",
    "が", "a",  "A",  "ａ", "Ａ",     "e",  "é",          "E",  "\u0301", "㌔",
    "キ", "ロ", "①",  "1",  "１",     "ß",  "s",          "。", "、",     "，",
    ",",  " ",  "　", "\n", "\u200b", "葛", "\U000E0100", "😀",  "\ufdfa"};

inline const std::vector<std::string> kTwoLetters = {"a", "b"};
inline const std::vector<std::string> kWords = {"a", "Z", "_", "7", " ", " ", ".", "~", "é", "猫"};
/// Characters that share lead bytes and those that don't, of 1 to 4 bytes.
inline const std::vector<std::string> kJapanese = {
    "は", "が", "の", "に", "猫", "犬", "。", "、",
    "ア", "a",  "1",  "\n", "é",  "𠮷", "😀",  std::string(1, '\0')};

}  // namespace yurai::testing

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/record/manifest.h"

/// A new tokenizer from corpora, as a folder: a SentencePiece model and its manifest.
/// docs/formats/tokenizer.md.
namespace yurai {

inline constexpr std::string_view kTokenizerFormat = "yurai-tokenizer";
inline constexpr uint64_t kTokenizerVersion = 1;
inline constexpr std::string_view kTokenizerModelName = "tokenizer.model";

struct TokenizerTrainOptions {
  std::string model = "unigram";  ///< or "bpe"
  uint32_t vocabulary_size = 32'000;
  /// Share of the characters of the text that become tokens; the others are written as bytes.
  double character_coverage = 0.9995;
  /// "identity" keeps every text as it is; "nfkc", "nmt_nfkc" and so on as SentencePiece has them.
  std::string normalization = "identity";
  /// Learn from about so much text: documents are drawn at random, each as likely.
  uint64_t max_bytes = 100'000'000;
  uint64_t seed = 1;
  std::vector<std::string> symbols{};  ///< always one token wherever they stand in a text
};

/// kInvalidArgument for a value out of its range.
Result<void> check_train_options(const TokenizerTrainOptions& options);

/// Learns and writes the folder, but for the commit. The same corpora and options give the same
/// bytes, on any number of processors.
Result<Manifest> train_tokenizer(const std::vector<Corpus>& corpora,
                                 const TokenizerTrainOptions& options, StagingDirectory& stage,
                                 const Progress& progress);

}  // namespace yurai

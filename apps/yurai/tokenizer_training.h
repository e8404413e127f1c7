#pragma once

#include <string>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/tokenizer/train_tokenizer.h"

/// `yurai tokenizer train`. The library that learns cannot be in one process with LibTorch, so that
/// only the program `yurai` has it (tokenizer_training_here.cc); in `yurai-models` the function
/// says where to go (tokenizer_training_elsewhere.cc).
namespace yurai::cli {

struct TokenizerTrainArguments {
  std::string out;
  std::vector<std::string> corpora;
  TokenizerTrainOptions train;
  bool force = false;
  bool json = false;
};

/// Learns a tokenizer from the corpora, writes the folder and says what it is.
Result<void> run_tokenizer_training(const TokenizerTrainArguments& arguments);

}  // namespace yurai::cli

#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/tokenizer/train_tokenizer.h"
#include "yurai/train/train_config.h"

namespace yurai {

/// train_tokenizer(): its library cannot be in one program with LibTorch's.
using LearnTokenizer = std::function<Result<Manifest>(
    const std::vector<Corpus>&, const TokenizerTrainOptions&, StagingDirectory&, const Progress&)>;

struct PrepareOptions {
  bool resume = false;  ///< go on with a run that is there
  unsigned threads = 1;
  LearnTokenizer learn_tokenizer{};  ///< for a configuration that names no tokenizer
  Disk* disk = nullptr;              ///< nullptr: posix_disk()
};

/// Makes what a run needs before its first step: the tokenizer, copied or learnt, the corpora's
/// tokens, and last run.json. Of a run that is there, compares its configuration and its corpora
/// with these. kAlreadyExists: it is there and `resume` is not asked for.
Result<void> prepare_run(const TrainConfig& config, const std::filesystem::path& run,
                         const PrepareOptions& options, const Progress& progress);

}  // namespace yurai

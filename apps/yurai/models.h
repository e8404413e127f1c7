#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "yurai/base/result.h"
#include "yurai/lm/language_model.h"
#include "yurai/model/decoder_model.h"
#include "yurai/model/safetensors.h"
#include "yurai/train/train_config.h"

/// What computes with models. Generation needs no more than the program has. LibTorch takes half a
/// second to load, so that it is linked to a program of its own, `yurai-models`, which has the same
/// commands (models_here.cc); in `yurai` training and observation go on as that program, before
/// anything was done (models_elsewhere.cc).
namespace yurai::cli {

/// A model folder, or of a run its newest checkpoint.
Result<std::filesystem::path> model_dir(const std::string& dir);

/// Opens it to generate text, on all processors. `weights`: f32, bf16 or int8; empty: as stored.
Result<std::unique_ptr<LanguageModel>> open_model(const std::string& dir,
                                                  const std::string& weights);
/// The same, as what it is.
Result<std::unique_ptr<DecoderModel>> open_transformer(const std::string& dir,
                                                       const std::string& weights);
/// --weights
void add_weights_option(CLI::App& verb, std::string& weights, CLI::Option* model);

/// The model's folder where it is a run; else empty.
std::string run_of_model(const std::string& model);
/// What to say where such a run is of another corpus than the index, or did not keep the model.
std::string run_does_not_fit();
std::string model_is_not_of_the_run();

struct TrainArguments {
  std::string config;
  std::string out;
  bool resume = false;
  unsigned threads = 0;  ///< 0: as many as there are processors
  bool mpi = false;
  bool json = false;
};

/// In `yurai` it makes what the run needs first: tokenizer and tokens, which need no model.
Result<void> run_training(const TrainArguments& arguments);
Result<TrainConfig> read_train_config(const TrainArguments& arguments);
/// As asked for, or as many as there are processors.
unsigned num_threads(unsigned wanted);

struct ObserveArguments {
  std::string model;
  std::string text;
  std::string out;
  std::string sites;  ///< names, commas between; empty: all
  bool force = false;
  bool json = false;
};

/// "tokens" [1,T], of which the others are; as long as the ids live.
TensorSource token_tensor(std::span<const int32_t> ids);
/// Writes tensors to a safetensors file, whole or not at all.
Result<void> write_observed(const std::string& file, std::span<const TensorSource> tensors,
                            const std::map<std::string, std::string>& metadata);
/// kAlreadyExists: the file is there, and is not to be replaced.
Result<void> check_observed(const std::string& file, bool force);

/// Writes what the sites of a model hold for a text to a safetensors file.
Result<void> run_observation(const ObserveArguments& arguments);

}  // namespace yurai::cli

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/model/model_folder.h"
#include "yurai/record/manifest.h"

/// Models of others become artefacts with a known origin, and plain model folders again.
///
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("model", {}));
///     YURAI_ASSIGN(const ImportedModel model, import_model("llm-jp-3-150m", {}, stage));
///     YURAI_TRY(stage.commit());
///
/// docs/formats/model.md
namespace yurai {

inline constexpr std::string_view kModelFormat = "yurai-model";
inline constexpr uint64_t kModelVersion = 1;

struct ModelImportOptions {
  std::string license;  ///< as it is to be recorded; empty: not known
  std::string source;   ///< where the folder came from, such as a URL; empty: not known
};

struct ImportedModel {
  Manifest manifest;
  std::vector<std::string> left_out;  ///< files of the folder that no model needs, by name
};

/// Copies a Hugging Face model folder (configuration, weights, tokenizer, chat template, licence)
/// into `stage` with a manifest. Reads every tensor of the copy (verify_weights) and compares the
/// copy's files with what was read.
Result<ImportedModel> import_model(const std::filesystem::path& source,
                                   const ModelImportOptions& options, StagingDirectory& stage,
                                   const Progress& progress = no_progress);

/// Proves an imported model, every byte and tensor, and copies it into `stage` as a Hugging Face
/// folder without our manifest; README.md there says where it comes from.
Result<Manifest> export_model(const std::filesystem::path& model, StagingDirectory& stage,
                              const Progress& progress = no_progress);

/// Writes a copy for generating text into `stage`: the layers' matrices in int8, each row with a
/// scale; embeddings, output layer, routers, norms and biases as they are. kInvalidArgument where
/// the source is int8 itself.
Result<Manifest> quantize_model(const std::filesystem::path& source, StagingDirectory& stage,
                                const Progress& progress = no_progress);

/// Opens a model folder; one that we wrote (a manifest of ours lies in it) is proven before it is
/// believed, every byte.
Result<ModelFolder> open_proven(const std::filesystem::path& dir);

}  // namespace yurai

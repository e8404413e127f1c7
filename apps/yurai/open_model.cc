#include <filesystem>
#include <memory>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/model/decoder_model.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {

namespace fs = std::filesystem;

std::string run_of_model(const std::string& model) {
  std::error_code ignored;
  const bool is_run =
      !model.empty() && std::filesystem::exists(std::filesystem::path(model) / kRunName, ignored);
  return is_run ? model : "";
}

Result<fs::path> model_dir(const std::string& dir) {
  if (!run_of_model(dir).empty()) return newest_checkpoint(dir);
  return fs::path(dir);
}

Result<std::unique_ptr<LanguageModel>> open_model(const std::string& dir,
                                                  const std::string& weights) {
  DecoderModel::Options options{.threads = num_threads(0)};
  if (!weights.empty()) {
    YURAI_ASSIGN(options.weights, parse_weight_type(weights));
  }
  YURAI_ASSIGN(const fs::path folder, model_dir(dir));
  YURAI_ASSIGN(auto model, DecoderModel::open(folder, options));
  return std::unique_ptr<LanguageModel>(std::move(model));
}

void add_weights_option(CLI::App& verb, std::string& weights, CLI::Option* model) {
  verb.add_option("--weights", weights,
                  tr("of a transformer: f32, bf16 or int8; less memory and time for less exact "
                     "numbers (default: int8 where they are stored so, else f32)",
                     "Transformer の重みの型。f32、bf16、int8。小さいほど速く、誤差は大きい"
                     "（既定: int8 で保存されていれば int8、ほかは f32）"))
      ->type_name("TYPE")
      ->check(checked_by(parse_weight_type))
      ->needs(model);
}

}  // namespace yurai::cli

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {

namespace fs = std::filesystem;

std::string run_of_model(const std::string& model) {
  std::error_code ignored;
  const bool is_run =
      !model.empty() && std::filesystem::exists(std::filesystem::path(model) / kRunName, ignored);
  return is_run ? model : "";
}

std::string run_does_not_fit() {
  return tr(
      "the index is not of the corpus that the run was trained on, or was changed since: "
      "traces do not say at which steps a passage was read",
      "索引が学習に使ったコーパスのものではないか、その後に変更されています。どのステップで読"
      "まれたかは示しません");
}

std::string model_is_not_of_the_run() {
  return tr(
      "the model is none that the run kept: steps are those of the run, which this model did "
      "not take",
      "このモデルは指定の学習結果のものではありません。示すステップは、その学習のものです");
}

Result<fs::path> model_dir(const std::string& dir) {
  if (!run_of_model(dir).empty()) return newest_checkpoint(dir);
  return fs::path(dir);
}

Result<std::unique_ptr<DecoderModel>> open_transformer(const std::string& dir,
                                                       const std::string& weights) {
  DecoderModel::Options options{.threads = num_threads(0)};
  if (!weights.empty()) {
    YURAI_ASSIGN(options.weights, parse_weight_type(weights));
  }
  YURAI_ASSIGN(const fs::path folder, model_dir(dir));
  return DecoderModel::open(folder, options);
}

Result<std::unique_ptr<LanguageModel>> open_model(const std::string& dir,
                                                  const std::string& weights) {
  YURAI_ASSIGN(auto model, open_transformer(dir, weights));
  return std::unique_ptr<LanguageModel>(std::move(model));
}

Result<void> check_observed(const std::string& file, bool force) {
  std::error_code ignored;
  const fs::file_status there = fs::symlink_status(file, ignored);
  if (fs::exists(there) && !fs::is_regular_file(there)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is no regular file; name another", for_terminal(file)));
  }
  const fs::path folder = fs::absolute(file, ignored).parent_path();
  if (!fs::is_directory(folder, ignored)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no folder {}; make it", for_terminal(folder.string())));
  }
  if (fs::exists(folder / "config.json", ignored)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} would lie in the folder of a model; name a file elsewhere",
                            for_terminal(file)));
  }
  if (force || !fs::exists(there)) return {};
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("{} is there already; replace it with --force", for_terminal(file)));
}

TensorSource token_tensor(std::span<const int32_t> ids) {
  return {"tokens",
          DType::kI32,
          {1, ids.size()},
          {reinterpret_cast<const char*>(ids.data()), ids.size_bytes()}};
}

Result<void> write_observed(const std::string& file, std::span<const TensorSource> tensors,
                            const std::map<std::string, std::string>& metadata) {
  const fs::path fresh = file + ".partial";  // beside it, then in its place
  YURAI_ASSIGN(auto out, posix_disk().create(fresh));
  auto written = write_safetensors(*out, tensors, metadata);
  if (written) written = out->close();
  if (written) written = posix_disk().rename(fresh, file);
  std::error_code ignored;
  if (!written) fs::remove(fresh, ignored);
  return written;
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

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/tokenizer/train_tokenizer.h"
#include "yurai/train/prepare_run.h"

namespace yurai::cli {
namespace {

constexpr std::string_view kProgram = "yurai-models";

Result<std::filesystem::path> program_with_models() {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  std::filesystem::path there = self.parent_path() / kProgram;
  if (std::filesystem::exists(there, ignored)) return there;
  return fail(
      ErrorCode::kNotFound,
      tr("this build does not train models: build it with -DYURAI_WITH_TORCH=ON (libtorch-dev)",
         "このビルドにはモデルを学習する機能がありません。-DYURAI_WITH_TORCH=ON（libtorch-"
         "dev）でビルドしてください"));
}

/// Goes on as the program that has models; returns where it cannot.
Result<void> go_on_there() {
  YURAI_ASSIGN(const std::filesystem::path there, program_with_models());
  ::execv(there.c_str(), const_cast<char* const*>(arguments_of_program()));
  return fail(io_error("start", there, errno));
}

/// Of those that mpirun or srun started: MPI itself would have to be begun in the other program.
bool is_first_process() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (const char* rank = std::getenv(name)) return std::string_view(rank) == "0";
  }
  return true;
}

}  // namespace

Result<void> run_training(const TrainArguments& arguments) {
  YURAI_TRY(program_with_models());  // before the work, not after it
  YURAI_ASSIGN(const TrainConfig config, read_train_config(arguments));
  if (arguments.mpi && !is_first_process()) return go_on_there();  // and wait there for the first
  ProgressBar bar;
  const auto prepared = prepare_run(config, arguments.out,
                                    {.resume = arguments.resume,
                                     .threads = num_threads(arguments.threads),
                                     .learn_tokenizer = train_tokenizer},
                                    bar.callback());
  bar.finish();
  YURAI_TRY(prepared);
  return go_on_there();
}
Result<void> run_observation(const ObserveArguments&) { return go_on_there(); }

}  // namespace yurai::cli

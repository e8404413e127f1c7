#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {

unsigned num_threads(unsigned wanted) {
  return wanted > 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

Result<TrainConfig> read_train_config(const TrainArguments& arguments) {
  YURAI_ASSIGN(const std::string toml, read_file(arguments.config, 1 << 20));
  return parse_train_config(toml, arguments.config,
                            std::filesystem::path(arguments.config).parent_path());
}

void add_train_command(CLI::App& app) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* verb =
      app.add_subcommand("train", tr("Train a model on corpora, with a ledger of what it read when",
                                     "コーパスでモデルを学習し、いつ何を読んだかを台帳に残す"));
  verb->add_option("CONFIG", arguments->config,
                   tr("configuration, a TOML file (docs/cli/train.md)",
                      "設定の TOML ファイル（docs/cli/train.md）"))
      ->required();
  verb->add_option("--out", arguments->out, tr("folder of the run", "学習結果のフォルダー"))
      ->type_name("RUN")
      ->required();
  verb->add_flag("--resume", arguments->resume,
                 tr("go on from the newest checkpoint", "最新のチェックポイントから続ける"));
  verb->add_option("--threads", arguments->threads,
                   tr("threads; the result is the same for any number (default: all processors)",
                      "スレッド数。結果は変わらない（既定: 全プロセッサー）"))
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--mpi", arguments->mpi,
                 tr("one of the processes that mpirun or srun started; all see the same disk",
                    "mpirun・srun で起動した 1 プロセスとして働く（ディスクは共有）"));
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] { run([&] { return run_training(*arguments); }); });
}

}  // namespace yurai::cli

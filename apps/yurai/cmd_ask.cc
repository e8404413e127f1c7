#include <fmt/format.h>

#include <memory>
#include <optional>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "apps/yurai/trace_picture.h"
#include "yurai/testbed/trained_run.h"
#include "yurai/trace/tracer.h"

namespace yurai::cli {
namespace {

struct AskArguments {
  std::string model;
  std::string weights;
  std::string index;
  std::string run;
  GenerateRequest request;
  TraceOptions trace;
  bool json = false;
};

Result<void> ask(AskArguments arguments) {
  // A run that goes on has another newest checkpoint soon.
  YURAI_ASSIGN(const std::filesystem::path folder, model_dir(arguments.model));
  YURAI_ASSIGN(const auto model, open_model(folder.string(), arguments.weights));
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(arguments.index));
  YURAI_ASSIGN(const Tracer tracer, Tracer::open(index));
  std::optional<TrainedRun> run;
  std::optional<TrainedRun::Kept> kept;
  const std::string dir = arguments.run.empty() ? run_of_model(arguments.model) : arguments.run;
  if (!dir.empty()) {
    YURAI_ASSIGN(run, TrainedRun::open(dir));
    YURAI_ASSIGN(const auto steps, run->steps_of(folder));
    if (!steps && run->inputs()) say(model_is_not_of_the_run());
    if (steps) kept = TrainedRun::Kept{model.get(), *steps};
    if (arguments.run.empty() && !run->check_corpus(index.corpus().identity())) {
      say(run_does_not_fit());
      run.reset();
    }
  }
  YURAI_ASSIGN(const Generation answer, model->generate(arguments.request, {}));
  YURAI_ASSIGN(Trace trace, tracer.trace(answer.text, arguments.trace));
  if (run) YURAI_TRY(run->add_exposures(trace, kept));
  if (arguments.json) {
    return print_json(
        {{"model", model->id()}, {"answer", to_json(answer)}, {"trace", to_json(trace)}});
  }
  return print(trace_for_person(trace));
}

}  // namespace

void add_ask_command(CLI::App& app) {
  auto arguments = std::make_shared<AskArguments>();
  arguments->request.temperature = 0;
  CLI::App* verb = app.add_subcommand(
      "ask", tr("Ask a model, and trace its answer to documents and training steps",
                "モデルに聞き、答えを文書と学習ステップまでたどる"));
  verb->add_option("TEXT", arguments->request.prompt,
                   tr("the question, or the text to continue", "質問、または続きを作る文章"))
      ->required();
  CLI::Option* model =
      verb->add_option("--model", arguments->model,
                       tr("folder of a model, or of a run", "モデルか学習結果のフォルダー"))
          ->type_name("DIR")
          ->required();
  add_weights_option(*verb, arguments->weights, model);
  verb->add_option("--index", arguments->index, tr("folder of an index", "索引のフォルダー"))
      ->type_name("DIR")
      ->required();
  verb->add_option(
          "--run", arguments->run,
          tr("the run, or the ledger, that says when a passage was read (default: the model, if "
             "it is a run)",
             "いつ読まれたかを調べる学習結果か台帳（既定: モデルが学習結果ならそれ）"))
      ->type_name("DIR");
  verb->add_option("--max-tokens,--max-chars", arguments->request.max_chars,
                   tr("at most so many tokens", "最大のトークン数"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--temperature", arguments->request.temperature,
                   tr("0: the most probable token; 1: by probability",
                      "0 は最も確率の高いトークン、1 は確率どおり"))
      ->type_name("T")
      ->capture_default_str();
  verb->add_option("--seed", arguments->request.seed,
                   tr("the same seed gives the same text", "同じ値なら同じ文章になる"))
      ->check(checked_by(parse_count))
      ->type_name("S")
      ->capture_default_str();
  verb->add_option("--max-chance", arguments->trace.max_chance,
                   tr("as of 'yurai trace'", "「yurai trace」と同じ"))
      ->type_name("X")
      ->capture_default_str();
  verb->add_option("--max-documents", arguments->trace.max_documents,
                   tr("show at most so many documents a span", "一致ごとに示す文書の数の上限"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] { run([&] { return ask(*arguments); }); });
}

}  // namespace yurai::cli

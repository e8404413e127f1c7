#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/lm/remote_model.h"
#include "yurai/model/recorder.h"
#include "yurai/ngram/ngram_model.h"

namespace yurai::cli {
namespace {

struct GenerateArguments {
  std::string index;
  std::string upstream;
  std::string model;
  std::string weights;
  std::string api_key_env;
  bool complete = false;
  NgramOptions ngram;
  GenerateRequest request;
  std::string observe;  ///< a file
  std::string sites;
  bool force = false;
  bool json = false;
};

/// How it went, for a person.
std::string summary(const Generation& generation) {
  std::string text =
      fmt::format(fmt::runtime(tr("{} symbols, finish_reason {}", "{} 記号、finish_reason {}")),
                  generation.symbols.size(), generation.finish_reason);
  uint64_t context_chars = 0;
  for (const GeneratedSymbol& symbol : generation.symbols) {
    context_chars += symbol.context_chars.value_or(0);
  }
  if (context_chars > 0) {
    text += fmt::format(
        fmt::runtime(tr("; {:.1f} characters of context on average", "; 文脈は平均 {:.1f} 文字")),
        static_cast<double>(context_chars) / static_cast<double>(generation.symbols.size()));
  }
  return for_terminal(text);
}

/// Generates, showing the text as it comes unless JSON is asked for.
Result<void> show(const LanguageModel& model, const GenerateRequest& request, bool json) {
  if (json) {
    YURAI_ASSIGN(const Generation generation, model.generate(request, {}));
    return print_json(to_json(generation));
  }
  // A pipe gets the text as it is, so that `yurai trace -` reads the bytes that were generated.
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (terminal && request.messages.empty()) {
    const std::string prompt = for_terminal(request.prompt, true);
    YURAI_TRY(print(colour() ? "\x1b[1m" + prompt + "\x1b[0m" : prompt));
  }
  Result<void> printed;
  const auto on_symbol = [&](const GeneratedSymbol& symbol) {
    printed = print(terminal ? for_terminal(symbol.text, true) : symbol.text);
    if (printed && std::fflush(stdout) != 0) {
      printed = fail(io_error("write to", "standard output", errno));
    }
    return printed.has_value();
  };
  const auto generation = model.generate(request, on_symbol);
  if (!printed) return printed;
  if (terminal) YURAI_TRY(print("\n"));
  if (!generation) return fail(generation.error());
  say(summary(*generation));
  return {};
}

/// Another model's generate(), observed.
class Observed final : public LanguageModel {
 public:
  Observed(const DecoderModel& model, Observer& observer) : model_(model), observer_(observer) {}
  std::string_view id() const override { return model_.id(); }
  Result<Generation> generate(const GenerateRequest& request,
                              const OnSymbol& on_symbol) const override {
    return model_.generate_observed(request, on_symbol, observer_, tokens);
  }
  mutable std::vector<int32_t> tokens;

 private:
  const DecoderModel& model_;
  Observer& observer_;
};

Result<void> generate_observed(const GenerateArguments& arguments) {
  YURAI_ASSIGN(std::set<Site> sites, parse_sites(arguments.sites));
  YURAI_TRY(check_observed(arguments.observe, arguments.force));
  YURAI_ASSIGN(const auto model, open_transformer(arguments.model, arguments.weights));
  Recorder recorder(std::move(sites));
  const Observed observed(*model, recorder);
  YURAI_TRY(show(observed, arguments.request, arguments.json));
  std::vector<TensorSource> tensors = recorder.tensors();
  tensors.push_back(token_tensor(observed.tokens));
  YURAI_TRY(write_observed(arguments.observe, tensors, {{"prompt", arguments.request.prompt}}));
  say(fmt::format(fmt::runtime(tr("{} tensors of {} tokens in {}",
                                  "{} 個のテンソル（{} トークン）を {} に書いた")),
                  tensors.size(), observed.tokens.size(), for_terminal(arguments.observe)));
  return {};
}

Result<void> generate(GenerateArguments arguments) {
  if (!arguments.index.empty()) {
    YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(arguments.index));
    return show(NgramModel(index, arguments.ngram), arguments.request, arguments.json);
  }
  if (!arguments.observe.empty()) return generate_observed(arguments);
  if (arguments.upstream.empty()) {
    YURAI_ASSIGN(const auto model, open_model(arguments.model, arguments.weights));
    return show(*model, arguments.request, arguments.json);
  }
  RemoteModelOptions options;
  options.base_url = arguments.upstream;
  options.model = arguments.model;
  if (!arguments.api_key_env.empty()) {
    YURAI_ASSIGN(options.api_key, api_key_from_environment(arguments.api_key_env));
  }
  if (!arguments.complete) {
    arguments.request.messages = {{"user", arguments.request.prompt}};
  }
  YURAI_ASSIGN(const auto model, RemoteModel::open(std::move(options)));
  return show(*model, arguments.request, arguments.json);
}

/// For the parser: what is wrong with a temperature, or nothing.
std::string temperature(const std::string& text) {
  double value = -1;
  const bool is_number = CLI::detail::lexical_cast(text, value);
  return is_number && value >= 0 && std::isfinite(value)
             ? ""
             : tr("write a number >= 0", "0 以上の数を書いてください");
}

}  // namespace

void add_generate_command(CLI::App& app) {
  auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* verb = app.add_subcommand(
      "generate",
      tr("Continue a text with the n-gram model of an index or a transformer, or ask a remote "
         "model",
         "索引の n-gram モデルや Transformer で文章の続きを作る。または外部のモデルに聞く"));
  auto* sources = verb->add_option_group(tr("model", "モデル"));
  CLI::Option* index = sources
                           ->add_option("--index", arguments->index,
                                        tr("folder of an index: the n-gram model",
                                           "索引のフォルダー（n-gram モデル）"))
                           ->type_name("DIR");
  CLI::Option* upstream =
      sources
          ->add_option("--upstream", arguments->upstream,
                       tr("address of an OpenAI-compatible API", "OpenAI 互換 API のアドレス"))
          ->type_name("URL");
  CLI::Option* folder =
      sources
          ->add_option(
              "--model", arguments->model,
              tr("folder of a transformer (Hugging Face's layout), or of a run: its newest "
                 "checkpoint; with --upstream the name of its model (default: the first "
                 "that it lists)",
                 "Transformer のフォルダー（Hugging Face "
                 "形式）。学習結果なら最新のチェックポイント。"
                 "--upstream と使うときは外部のモデルの名前（既定: 一覧の最初のもの）"))
          ->type_name("DIR|NAME")
          ->excludes(index);
  index->excludes(upstream);
  sources->require_option(1, 2);
  verb->add_option("--prompt", arguments->request.prompt,
                   tr("the text to continue; for an upstream, the question",
                      "続きを作る文章。外部のモデルには質問として送る"))
      ->type_name("TEXT")
      ->required();
  verb->add_option("--max-chars,--max-tokens", arguments->request.max_chars,
                   tr("at most so many characters (other models than the n-gram count tokens)",
                      "最大の文字数（n-gram 以外のモデルではトークン数）"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--deterministic")
      ->description(tr("the same bits on any number of threads, alone or beside other requests: as "
                       "always, said in words",
                       "スレッド数やほかの要求によらず同じ結果にする（常にそうなっている）"));
  verb->add_option("--seed", arguments->request.seed,
                   tr("the same seed gives the same text", "同じ値なら同じ文章になる"))
      ->check(checked_by(parse_count))
      ->type_name("S")
      ->capture_default_str();
  verb->add_option("--temperature", arguments->request.temperature,
                   tr("0: the most probable symbol; 1: by probability; more: flatter",
                      "0 は最も確率の高い記号、1 は確率どおり、大きいほど平らになる"))
      ->type_name("T")
      ->check(temperature)
      ->capture_default_str();
  verb->add_option("--stop", arguments->request.stop,
                   tr("end before this text (may be repeated)", "この文字列の前で終える（複数可）"))
      ->type_name("S")
      ->allow_extra_args(false);
  TokenFilter& filter = arguments->request.filter;
  verb->add_option("--top-k", filter.top_k,
                   tr("of the so many most probable tokens (0: of all)",
                      "確率の高い順にこの数のトークンから選ぶ（0 は全部）"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->needs(folder)
      ->capture_default_str();
  verb->add_option("--top-p", filter.top_p,
                   tr("of the fewest tokens whose probabilities add up to this",
                      "確率の合計がこの値になる最少のトークンから選ぶ"))
      ->needs(folder)
      ->type_name("P")
      ->capture_default_str();
  verb->add_option("--min-p", filter.min_p,
                   tr("of tokens at least so probable, relative to the most probable",
                      "最も確率の高いトークンとの比がこの値以上のものから選ぶ"))
      ->needs(folder)
      ->type_name("P")
      ->capture_default_str();
  verb->add_option("--repetition-penalty", filter.repetition_penalty,
                   tr("above 1: what is in the text becomes less likely",
                      "1 より大きいと、すでに出たトークンが出にくくなる"))
      ->needs(folder)
      ->type_name("R")
      ->capture_default_str();
  add_weights_option(*verb, arguments->weights, folder);
  CLI::Option* observe =
      verb->add_option("--observe", arguments->observe,
                       tr("of a transformer: write what it computes inside for each token that it "
                          "reads to this safetensors file (docs/cli/model.md)",
                          "Transformer が読んだ各トークンについて、内部の値をこの safetensors "
                          "ファイルに書く（docs/cli/model.md）"))
          ->type_name("FILE")
          ->needs(folder)
          ->excludes(upstream);
  verb->add_option("--sites", arguments->sites,
                   tr("which, commas between, such as resid_post,attn_probs (default: all)",
                      "観測点。コンマで区切る（例: resid_post,attn_probs。既定: 全部）"))
      ->type_name("NAMES")
      ->needs(observe);
  verb->add_flag("--force", arguments->force,
                 tr("replace the file of --observe if it exists",
                    "--observe のファイルがあれば置き換える"))
      ->needs(observe);
  verb->add_option("--max-context", arguments->ngram.max_context_chars,
                   tr("longest context, in characters", "文脈の最大の文字数"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->needs(index)
      ->capture_default_str();
  verb->add_option("--min-count", arguments->ngram.min_count,
                   tr("a context must occur so often", "文脈に必要な出現回数"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->needs(index)
      ->capture_default_str();
  verb->add_option(
          "--api-key-env", arguments->api_key_env,
          tr("environment variable that holds the API key", "API キーの入った環境変数の名前"))
      ->type_name("VAR")
      ->needs(upstream);
  verb->add_flag(
          "--complete", arguments->complete,
          tr("let the upstream continue the prompt (/v1/completions) instead of answering it",
             "質問に答えさせず、文章の続きを作らせる（/v1/completions）"))
      ->needs(upstream);
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] { run([&] { return generate(*arguments); }); });
}

}  // namespace yurai::cli

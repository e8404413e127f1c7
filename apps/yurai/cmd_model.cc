#include "apps/yurai/cmd_model.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_model_loss.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/license.h"
#include "yurai/model/model_facts.h"
#include "yurai/model/model_folder.h"
#include "yurai/model/model_import.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

// ---- info ----

/// Of the tokenizer beside the weights; null where there is none.
Json tokenizer_json(const fs::path& dir) {
  auto tokenizer = Tokenizer::open(dir);
  if (!tokenizer && tokenizer.error().code == ErrorCode::kNotFound) return nullptr;
  if (!tokenizer) return {{"error", tokenizer.error().message}};
  return {{"kind", (*tokenizer)->facts().kind},
          {"tokenizer_sha256", (*tokenizer)->facts().sha256},
          {"vocabulary_size", (*tokenizer)->vocabulary_size()}};
}

/// What import recorded; null where the folder is no artefact of ours.
Result<Json> recorded(const fs::path& dir) {
  std::error_code ignored;
  if (!fs::exists(dir / kManifestName, ignored)) return Json(nullptr);
  auto manifest = read_manifest(dir);
  // Of some other program: no concern of ours. A model of ours that was changed is one.
  if (!manifest) {
    YURAI_ASSIGN(const std::string text, read_file(dir / kManifestName, 64 << 20));
    if (text.find(kModelFormat) == text.npos) return Json(nullptr);
    return fail(std::move(manifest).error());
  }
  if (manifest->format != kModelFormat) return Json(nullptr);
  const auto fact = [&](const char* key) { return manifest->facts.value(key, Json()); };
  return Json{{"license", fact("license")},
              {"source", fact("source")},
              {"weights_sha256", fact("weights_sha256")}};
}

/// Where the training of a run's checkpoint stood, or of the one that a folder of ours was made
/// from; null of any other folder.
Result<Json> trained(const fs::path& dir) {
  const auto manifest = read_manifest(dir);
  if (!manifest) return Json(nullptr);
  const auto checkpoint = checkpoint_behind(*manifest);
  if (!checkpoint) return Json(nullptr);
  return Json{{"checkpoint", fmt::format("step-{}", checkpoint->steps)},
              {"steps", checkpoint->steps},
              {"ledger_head", checkpoint->ledger_head}};
}

std::string megabytes(const Json& bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes.get<uint64_t>()) / 1e6);
}

std::string known(const Json& text) {
  return text.is_string() ? for_terminal(text.get<std::string>()) : tr("not known", "不明");
}

using Rows = std::vector<std::vector<std::string>>;

void add_shape(const Json& facts, Rows& rows) {
  const auto number = [](const Json& value) { return grouped(value.get<uint64_t>()); };
  const Json& parameters = facts["parameters"];
  rows.push_back({tr("architecture", "構造"), facts["architecture"]});
  rows.push_back({tr("parameters", "パラメーター数"), number(parameters["total"])});
  rows.push_back({tr("  active a token", "  1 トークンあたり"), number(parameters["active"])});
  for (const auto& [key, name] : {std::pair("embedding", tr("  embedding", "  埋め込み")),
                                  {"attention", tr("  attention", "  注意機構")},
                                  {"mlp", "  MLP"},
                                  {"router", tr("  router", "  ルーター")},
                                  {"norm", tr("  norms", "  正規化")}}) {
    rows.push_back({name, number(parameters[key])});
  }
  rows.push_back({tr("layers", "層"), number(facts["num_layers"])});
  rows.push_back({tr("hidden size", "隠れ次元"), number(facts["hidden_size"])});
  rows.push_back(
      {tr("heads", "ヘッド"), fmt::format(fmt::runtime(tr("{}, each of {} dimensions; {} for keys",
                                                          "{}（各 {} 次元、キーは {}）")),
                                          number(facts["num_heads"]), number(facts["head_size"]),
                                          number(facts["num_kv_heads"]))});
  if (const Json& experts = facts["experts"]; !experts.is_null()) {
    rows.push_back(
        {tr("experts", "エキスパート"),
         fmt::format(
             fmt::runtime(tr("{}, {} a token, in {} layers", "{}（1 トークンに {}、{} 層）")),
             number(experts["num_experts"]), number(experts["experts_per_token"]),
             number(experts["num_sparse_layers"]))});
  }
  rows.push_back({tr("vocabulary", "語彙"), number(facts["vocabulary_size"])});
  rows.push_back({tr("context length", "文脈長"), number(facts["context_length"])});
  if (const Json& rope = facts["rope_scaling"]; !rope.is_null()) {
    rows.push_back({tr("rope scaling", "RoPE の拡張"),
                    fmt::format(fmt::runtime(tr("{}, ×{} of {}", "{}（{} 倍、もとは {}）")),
                                rope["kind"].get<std::string>(), rope["factor"].get<double>(),
                                number(rope["original_context_length"]))});
  }
  if (const Json& window = facts["sliding_window"]; !window.is_null()) {
    rows.push_back({tr("sliding window", "注意の窓"), number(window)});
  }
}

Result<void> print_facts(const Json& facts) {
  Rows rows;
  add_shape(facts, rows);
  for (const auto& [dtype, sums] : facts["dtypes"].items()) {
    rows.push_back({dtype, fmt::format(fmt::runtime(tr("{} tensors, {}", "テンソル {} 個、{}")),
                                       grouped(sums["num_tensors"].get<uint64_t>()),
                                       megabytes(sums["bytes"]))});
  }
  if (facts["quantization"].is_string()) {
    rows.push_back({tr("quantised", "量子化"), tr("int8, a scale a row", "int8、行ごとに係数")});
  }
  const Json& files = facts["weight_files"];
  rows.push_back({tr("weight files", "重みのファイル"),
                  fmt::format("{}, {}", files.size(), megabytes(facts["bytes"]))});
  const Json& memory = facts["memory_bytes"];
  rows.push_back({tr("memory needed", "必要なメモリ"),
                  fmt::format("f32 {}, bf16 {}, int8 {}", megabytes(memory["f32"]),
                              megabytes(memory["bf16"]), megabytes(memory["int8"]))});
  rows.push_back({tr("  and a token of context", "  文脈 1 トークンごと"),
                  fmt::format(fmt::runtime(tr("{} bytes", "{} バイト")),
                              grouped(memory["kv_cache_per_token"].get<uint64_t>()))});
  if (const Json& tokenizer = facts["tokenizer"]; tokenizer.contains("error")) {
    rows.push_back(
        {tr("tokenizer", "トークナイザー"), for_terminal(tokenizer["error"].get<std::string>())});
  } else if (!tokenizer.is_null()) {
    rows.push_back({tr("tokenizer", "トークナイザー"),
                    fmt::format(fmt::runtime(tr("{}, {} tokens", "{}、{} トークン")),
                                tokenizer["kind"].get<std::string>(),
                                grouped(tokenizer["vocabulary_size"].get<uint64_t>()))});
  }
  if (const Json& origin = facts["recorded"]; !origin.is_null()) {
    rows.push_back({tr("licence", "ライセンス"), known(origin["license"])});
    rows.push_back({tr("source", "出典"), known(origin["source"])});
    rows.push_back(
        {tr("SHA-256 of the weights", "重みの SHA-256"), known(origin["weights_sha256"])});
  }
  if (const Json& run = facts["trained"]; !run.is_null()) {
    rows.push_back({tr("trained here", "ここで学習"),
                    fmt::format(fmt::runtime(tr("{} steps ({})", "{} ステップ（{}）")),
                                grouped(run["steps"].get<uint64_t>()), known(run["checkpoint"]))});
    rows.push_back(
        {tr("chain head of the ledger", "台帳の連鎖ハッシュ"), known(run["ledger_head"])});
  }
  return print(table(rows, 2));
}

Result<void> info(const std::string& given, bool json) {
  YURAI_ASSIGN(const fs::path dir, model_dir(given));
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(dir));
  Json facts = facts_json(folder);
  facts["tokenizer"] = tokenizer_json(dir);
  YURAI_ASSIGN(facts["recorded"], recorded(dir));
  YURAI_ASSIGN(facts["trained"], trained(dir));
  return json ? print_json(facts) : print_facts(facts);
}

void add_info(CLI::App& model) {
  struct Arguments {
    std::string dir;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = model.add_subcommand(
      "info", tr("What a model is: parameters, dtypes, context, memory; from headers alone",
                 "モデルの素性（パラメーター数、型、文脈長、必要なメモリ）をヘッダーだけから示す"));
  verb->add_option("DIR", arguments->dir,
                   tr("A Hugging Face model folder, what import made of it, or a run",
                      "Hugging Face のモデルフォルダー、import したもの、または学習結果"))
      ->required();
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return info(arguments->dir, arguments->json); }); });
}

// ---- import ----

struct CopyArguments {
  std::string from;
  std::string out;
  ModelImportOptions import;
  bool force = false;
  bool json = false;
};

Result<void> import(const CopyArguments& arguments) {
  ModelImportOptions options = arguments.import;
  options.license = normalize_license(options.license).name;
  YURAI_ASSIGN(const fs::path from, model_dir(arguments.from));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(arguments.out, {.force = arguments.force}));
  ProgressBar bar;
  auto imported = import_model(from, options, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const ImportedModel model, std::move(imported));
  YURAI_TRY(stage.commit());
  for (const std::string& name : model.left_out) {
    say(fmt::format(fmt::runtime(tr("left out: {}", "取り込まなかったもの: {}")),
                    for_terminal(name)));
  }
  if (arguments.json) {
    Json facts = model.manifest.facts;
    facts["left_out"] = model.left_out;
    return print_json(facts);
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {}, {} parameters, every tensor read and proven\n",
                      "{}: {}、パラメーター {} 個。全テンソルを読んで確かめた\n")),
      for_terminal(arguments.out), model.manifest.facts["architecture"].get<std::string>(),
      grouped(model.manifest.facts["parameters"]["total"].get<uint64_t>()))));
  if (!options.license.empty()) return {};
  return print(tr("The licence is not recorded; --license says it\n",
                  "ライセンスは記録されていない。--license で指定できる\n"));
}

void add_import(CLI::App& model) {
  auto arguments = std::make_shared<CopyArguments>();
  CLI::App* verb = model.add_subcommand(
      "import", tr("Copy a Hugging Face model folder, every tensor proven, with its origin",
                   "Hugging Face のモデルフォルダーを、全テンソルを確かめ素性を記録して取り込む"));
  verb->add_option("SRC", arguments->from,
                   tr("A Hugging Face model folder, or a run: its newest checkpoint",
                      "Hugging Face のモデルフォルダー、または学習結果（最新のチェックポイント）"))
      ->required();
  verb->add_option("OUT", arguments->out, tr("Folder of the model", "モデルのフォルダー"))
      ->required();
  verb->add_option("--license", arguments->import.license,
                   tr("Its licence, recorded as a fact; SPDX where it can be",
                      "ライセンス。記録に残す（SPDX で表せるときは SPDX）"))
      ->type_name("NAME");
  verb->add_option("--source", arguments->import.source,
                   tr("Where it came from, such as a URL; recorded as a fact",
                      "出典（URL など）。記録に残す"))
      ->type_name("TEXT");
  verb->add_flag("--force", arguments->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return import(*arguments); }); });
}

// ---- export ----

Result<void> export_to(const CopyArguments& arguments) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(arguments.out, {}));
  ProgressBar bar;
  auto exported = export_model(arguments.from, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(exported));
  YURAI_TRY(stage.commit());
  if (arguments.json) return print_json(manifest.facts);
  return print(fmt::format(
      fmt::runtime(
          tr("{}: a Hugging Face model folder, every tensor as it was; complete README.md\n",
             "{}: Hugging Face のモデルフォルダー。全テンソルはもとのまま。README.md は"
             "書き足してほしい\n")),
      for_terminal(arguments.out)));
}

void add_export(CLI::App& model) {
  auto arguments = std::make_shared<CopyArguments>();
  CLI::App* verb = model.add_subcommand(
      "export", tr("A plain Hugging Face model folder again, proven, with a stub of a model card",
                   "検証したうえで、モデルカードのひな形とともに Hugging Face のフォルダーに戻す"));
  verb->add_option("MODEL", arguments->from, tr("What import made", "import したモデル"))
      ->required();
  verb->add_option("OUT", arguments->out, tr("The new folder", "新しいフォルダー"))->required();
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return export_to(*arguments); }); });
}

// ---- quantize ----

Result<void> quantize(const CopyArguments& arguments) {
  YURAI_ASSIGN(const fs::path from, model_dir(arguments.from));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(arguments.out, {.force = arguments.force}));
  ProgressBar bar;
  auto quantized = quantize_model(from, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(quantized));
  YURAI_TRY(stage.commit());
  if (arguments.json) return print_json(manifest.facts);
  return print(fmt::format(fmt::runtime(tr("{}: int8 weights, {}; for generate, ask and serve\n",
                                           "{}: int8 の重み、{}。generate、ask、serve で使える\n")),
                           for_terminal(arguments.out), megabytes(manifest.facts["bytes"])));
}

void add_quantize(CLI::App& model) {
  struct Arguments : CopyArguments {
    std::string weights = "int8";
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      model.add_subcommand("quantize", tr("A copy with smaller weights, for generating text",
                                          "重みを小さくした、文章生成用の複製を作る"));
  verb->add_option("MODEL", arguments->from,
                   tr("Folder of a model, or of a run", "モデルか学習結果のフォルダー"))
      ->required();
  verb->add_option("--out", arguments->out, tr("The new folder", "新しいフォルダー"))
      ->type_name("DIR")
      ->required();
  verb->add_option(
          "--weights", arguments->weights,
          tr("int8: a byte a weight, a scale a row", "int8（重みは 1 バイト、行ごとに係数）"))
      ->type_name("TYPE")
      ->check(CLI::IsMember({"int8"}))
      ->capture_default_str();
  verb->add_flag("--force", arguments->force,
                 tr("Replace DIR if it exists", "DIR があれば置き換える"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return quantize(*arguments); }); });
}

// ---- observe ----

void add_observe(CLI::App& model) {
  auto arguments = std::make_shared<ObserveArguments>();
  CLI::App* verb = model.add_subcommand(
      "observe", tr("What a model computes inside for a text, as a file of tensors",
                    "文章を読んだときのモデルの内部の値を、テンソルのファイルに書く"));
  verb->add_option("MODEL", arguments->model,
                   tr("Folder of a model, or of a run", "モデルか学習結果のフォルダー"))
      ->required();
  verb->add_option("TEXT", arguments->text, tr("The text", "文章"))->required();
  verb->add_option("--out", arguments->out,
                   tr("The safetensors file to write", "書き出す safetensors ファイル"))
      ->type_name("FILE")
      ->required();
  verb->add_option("--sites", arguments->sites,
                   tr("Which, commas between, such as resid_post,attn_probs (default: all)",
                      "観測点。コンマで区切る（例: resid_post,attn_probs。既定: 全部）"))
      ->type_name("NAMES");
  verb->add_flag("--force", arguments->force,
                 tr("Replace FILE if it exists", "FILE があれば置き換える"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return run_observation(*arguments); }); });
}

}  // namespace

void add_model_commands(CLI::App& app) {
  CLI::App* model = app.add_subcommand(
      "model",
      tr("Transformers in Hugging Face's format: look at, import, export, quantize, observe, "
         "measure",
         "Hugging Face 形式のモデルを調べ、取り込み、書き出し、小さくし、観測し、測る"));
  model->require_subcommand(1);
  add_info(*model);
  add_import(*model);
  add_export(*model);
  add_quantize(*model);
  add_observe(*model);
  add_model_loss(*model);
}

}  // namespace yurai::cli

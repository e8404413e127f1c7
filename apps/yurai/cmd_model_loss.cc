#include "apps/yurai/cmd_model_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "apps/yurai/said_rejects.h"
#include "yurai/base/progress.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/model/text_loss.h"

namespace yurai::cli {
namespace {

struct LossArguments {
  std::string model;
  std::vector<std::string> inputs;
  std::vector<std::string> weights;
  uint64_t context = 0;  ///< 0: as long as the model was made for
  uint64_t max_documents = 0;
  bool json = false;
};

/// The first of the documents of corpora, of files and of folders of them.
Result<std::vector<std::string>> read_texts(const LossArguments& arguments,
                                            const Progress& progress, SaidRejects& rejects) {
  std::vector<std::string> texts;
  const auto enough = [&] {
    return arguments.max_documents > 0 && texts.size() >= arguments.max_documents;
  };
  for (const std::string& input : arguments.inputs) {
    YURAI_ASSIGN(const bool corpus_dir, is_corpus(input));
    if (corpus_dir) {
      YURAI_ASSIGN(const Corpus corpus, Corpus::open(input));
      for (uint64_t number = 0; number < corpus.num_documents() && !enough(); ++number) {
        YURAI_ASSIGN(Document document, corpus.document(number));
        texts.push_back(std::move(document.text));
        progress("read", corpus.text_range(number).end, corpus.text().size_bytes());
      }
      continue;
    }
    YURAI_ASSIGN(const InputList list, list_inputs({input}));
    for (const InputEntry& entry : list.files) {
      YURAI_ASSIGN(const auto reader, DocumentReader::open(entry, {}));
      InputRecord record;
      while (!enough()) {
        YURAI_ASSIGN(const bool more, reader->next(record));
        if (!more) break;
        if (record.kind == InputRecord::Kind::kDocument) {
          texts.push_back(std::move(record.document.text));
        } else {
          rejects.add({entry.name, record.number, record.byte, record.reason, reader->unit()});
        }
        progress("read", reader->stored_bytes_read(), entry.bytes);
      }
    }
  }
  return texts;
}

/// Of all texts, with one type of weights.
struct Measured {
  std::string weights;
  uint64_t context = 0;
  std::vector<double> tokens{}, bytes{}, nats{};  ///< of each text
};

Result<Measured> measure(const LossArguments& arguments, const std::string& weights,
                         const std::vector<std::string>& texts, const Progress& progress) {
  YURAI_ASSIGN(const auto model, open_transformer(arguments.model, weights));
  const uint64_t longest = model->config().max_positions;
  if (arguments.context > longest) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the model was made for a context of {} tokens, not {}; give --context "
                            "a smaller number",
                            longest, arguments.context));
  }
  Measured out{.weights = std::string(weight_type_name(model->weights())),
               .context = arguments.context > 0 ? arguments.context : longest};
  uint64_t bytes = 0;
  uint64_t all_bytes = 0;
  for (const std::string& text : texts) all_bytes += text.size();
  for (const std::string& text : texts) {
    YURAI_ASSIGN(const TextLoss loss, text_loss(*model, model->tokenizer(), text, out.context));
    progress(out.weights, bytes += text.size(), all_bytes);
    if (loss.tokens == 0) continue;
    out.tokens.push_back(static_cast<double>(loss.tokens));
    out.bytes.push_back(static_cast<double>(loss.bytes));
    out.nats.push_back(loss.nats);
  }
  if (out.tokens.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "the inputs have no text of which a token could be predicted");
  }
  return out;
}

/// Of each text: what it costs beyond what it costs the first.
std::vector<double> difference(const Measured& first, const Measured& other) {
  std::vector<double> nats(other.nats.size());
  std::ranges::transform(other.nats, first.nats, nats.begin(), std::minus());
  return nats;
}

Json or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

uint64_t sum(const std::vector<double>& numbers) {
  double all = 0;
  for (const double number : numbers) all += number;
  return static_cast<uint64_t>(all);
}

Json to_json(const std::vector<Measured>& all) {
  const Measured& first = all[0];
  Json weights = Json::array();
  for (const Measured& each : all) {
    const MeanOfTexts nats = mean_of_texts(each.nats, each.tokens);
    const MeanOfTexts of_bytes = mean_of_texts(each.nats, each.bytes);
    Json row = {{"weights", each.weights},
                {"nats_per_token", nats.mean},
                {"nats_per_token_error", or_null(nats.error)},
                {"bits_per_byte", of_bytes.mean / std::numbers::ln2},
                {"bits_per_byte_error", nullptr},
                {"perplexity", std::exp(nats.mean)},
                {"perplexity_low", nullptr},
                {"perplexity_high", nullptr},
                {"difference_nats", nullptr},
                {"difference_error", nullptr}};
    if (nats.error) {
      row["bits_per_byte_error"] = *of_bytes.error / std::numbers::ln2;
      row["perplexity_low"] = std::exp(nats.mean - *nats.error);
      row["perplexity_high"] = std::exp(nats.mean + *nats.error);
    }
    if (&each != &first) {
      const MeanOfTexts more = mean_of_texts(difference(first, each), each.tokens);
      row["difference_nats"] = more.mean;
      row["difference_error"] = or_null(more.error);
    }
    weights.push_back(std::move(row));
  }
  return {{"documents", first.tokens.size()},
          {"tokens", sum(first.tokens)},
          {"bytes", sum(first.bytes)},
          {"context", first.context},
          {"weights", std::move(weights)}};
}

/// "3.214 ± 0.012"
std::string with_error(const Json& value, const Json& error, int digits) {
  const std::string number = fmt::format("{:.{}f}", value.get<double>(), digits);
  return error.is_null() ? number
                         : fmt::format("{} ± {:.{}f}", number, error.get<double>(), digits);
}

Result<void> print_losses(const Json& losses) {
  std::vector<std::vector<std::string>> rows = {
      {tr("weights", "重み"), tr("nats a token", "ナット/トークン"),
       tr("bits a byte", "ビット/バイト"), tr("perplexity", "パープレキシティ"),
       tr("more than the first, nats", "先頭との差（ナット）")}};
  for (const Json& row : losses["weights"]) {
    std::string perplexity = fmt::format("{:.2f}", row["perplexity"].get<double>());
    if (!row["perplexity_low"].is_null()) {
      perplexity += fmt::format(" ({:.2f}–{:.2f})", row["perplexity_low"].get<double>(),
                                row["perplexity_high"].get<double>());
    }
    rows.push_back({row["weights"],
                    with_error(row["nats_per_token"], row["nats_per_token_error"], 4),
                    with_error(row["bits_per_byte"], row["bits_per_byte_error"], 4), perplexity,
                    row["difference_nats"].is_null()
                        ? "–"
                        : with_error(row["difference_nats"], row["difference_error"], 6)});
  }
  YURAI_TRY(print(table(rows, 1)));
  say(fmt::format(
      fmt::runtime(tr("{} documents, {} tokens, {} bytes; ± and ranges: 95 %, over documents",
                      "{} 文書、{} トークン、{} バイト。± と範囲は文書についての 95 % 信頼区間")),
      grouped(losses["documents"].get<uint64_t>()), grouped(losses["tokens"].get<uint64_t>()),
      grouped(losses["bytes"].get<uint64_t>())));
  return {};
}

Result<void> loss(const LossArguments& arguments) {
  SaidRejects rejects;
  ProgressBar bar;
  auto texts = read_texts(arguments, bar.callback(), rejects);
  bar.finish();
  YURAI_TRY(texts);
  rejects.say_count();
  std::vector<Measured> all;
  const std::vector<std::string> as_stored = {""};
  for (const std::string& weights : arguments.weights.empty() ? as_stored : arguments.weights) {
    auto measured = measure(arguments, weights, *texts, bar.callback());
    bar.finish();
    YURAI_ASSIGN(Measured one, std::move(measured));
    all.push_back(std::move(one));
  }
  const Json losses = to_json(all);
  return arguments.json ? print_json(losses) : print_losses(losses);
}

}  // namespace

void add_model_loss(CLI::App& model) {
  auto arguments = std::make_shared<LossArguments>();
  CLI::App* verb = model.add_subcommand(
      "loss", tr("How well a model predicts documents: nats a token, bits a byte, perplexity",
                 "文書をどれだけよく予測するか（ナット/トークン、ビット/バイト、"
                 "パープレキシティ）を測る"));
  verb->add_option("MODEL", arguments->model,
                   tr("Folder of a model, or of a run", "モデルか学習結果のフォルダー"))
      ->required();
  verb->add_option("INPUT", arguments->inputs,
                   tr("Documents: corpora, files or folders of them, as corpus build reads them",
                      "文書。コーパス、または corpus build が読むファイルやフォルダー"))
      ->required();
  verb->add_option("--weights", arguments->weights,
                   tr("f32, bf16 or int8; several, commas between, are compared document by "
                      "document (default: as stored)",
                      "f32、bf16、int8。コンマで区切って複数書くと文書ごとに比べる（既定: "
                      "保存されている型）"))
      ->type_name("TYPES")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(checked_by(parse_weight_type));
  verb->add_option("--context", arguments->context,
                   tr("longest context in tokens; longer documents are read in pieces (default: "
                      "the model's)",
                      "文脈の最大のトークン数。長い文書は分けて読む（既定: モデルの文脈長）"))
      ->check(checked_by(parse_count))
      ->type_name("N");
  verb->add_option("--max-documents", arguments->max_documents,
                   tr("the first N documents (0: all)", "先頭の N 文書だけ（0 は全部）"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return loss(*arguments); }); });
}

}  // namespace yurai::cli

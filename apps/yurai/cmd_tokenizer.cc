#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/tokenizer/train_tokenizer.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

/// "-" is the standard input.
Result<std::string> read_text(const std::string& file) {
  return file == "-" ? read_standard_input(kMaxTokenizerTextBytes)
                     : read_file(file, kMaxTokenizerTextBytes);
}

Json json_or_null(const std::optional<uint32_t>& id) { return id ? Json(*id) : Json(nullptr); }

// ---- train ----

struct TrainArguments {
  std::string out;
  std::vector<std::string> corpora;
  TokenizerTrainOptions train;
  bool force = false;
  bool json = false;
};

Result<void> train(const TrainArguments& arguments) {
  YURAI_TRY(check_train_options(arguments.train));
  std::vector<Corpus> corpora;
  for (const std::string& dir : arguments.corpora) {
    YURAI_ASSIGN(Corpus corpus, Corpus::open(dir));
    corpora.push_back(std::move(corpus));
  }
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(arguments.out, {.force = arguments.force}));
  ProgressBar bar;
  auto trained = train_tokenizer(corpora, arguments.train, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(trained));
  YURAI_TRY(stage.commit());
  if (arguments.json) return print_json(manifest.facts);
  const auto fact = [&](const char* name) { return grouped(manifest.facts[name].get<uint64_t>()); };
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {} tokens, learnt from {} documents ({} bytes)\n",
                      "{}: 語彙 {} トークン。文書 {} 件（{} バイト）から学習した\n")),
      for_terminal(arguments.out), fact("vocabulary_size"), fact("documents"), fact("bytes"))));
  return print(fmt::format(fmt::runtime(tr("Next: yurai tokenizer encode {} TEXT\n",
                                           "次は: yurai tokenizer encode {} TEXT\n")),
                           for_terminal(arguments.out)));
}

void add_train(CLI::App& tokenizer) {
  auto arguments = std::make_shared<TrainArguments>();
  TokenizerTrainOptions& options = arguments->train;
  CLI::App* verb = tokenizer.add_subcommand(
      "train", tr("A new SentencePiece tokenizer from corpora",
                  "コーパスから新しい SentencePiece トークナイザーを学習する"));
  verb->add_option("OUT", arguments->out,
                   tr("Folder of the new tokenizer", "新しいトークナイザーのフォルダー"))
      ->required();
  verb->add_option("CORPUS", arguments->corpora, tr("Corpora", "コーパス"))->required();
  verb->add_option("--model", options.model, tr("unigram or bpe", "unigram か bpe"))
      ->capture_default_str();
  verb->add_option("--vocabulary", options.vocabulary_size,
                   tr("Number of tokens", "語彙のトークン数"))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--character-coverage", options.character_coverage,
                   tr("Share of the text's characters that become tokens; others become bytes",
                      "トークンにする文字の割合。残りはバイトで表す"))
      ->capture_default_str();
  verb->add_option("--normalization", options.normalization,
                   tr("identity (texts come back as they were), nfkc, nfkc_cf, nmt_nfkc, "
                      "nmt_nfkc_cf",
                      "identity（文章がそのまま戻る）、nfkc、nfkc_cf、nmt_nfkc、nmt_nfkc_cf"))
      ->capture_default_str();
  verb->add_option("--symbol", options.symbols,
                   tr("A text that is always one token (may be repeated)",
                      "常に 1 トークンにする文字列（複数可）"))
      ->type_name("TEXT")
      ->allow_extra_args(false);
  verb->add_option_function<std::string>(
          "--max-bytes",
          [&options](const std::string& text) { options.max_bytes = *parse_bytes(text); },
          tr("Learn from about so much text, drawn at random (default: 100000000)",
             "学習に使う文章の量の目安。無作為に選ぶ（既定: 100000000）"))
      ->type_name("SIZE")
      ->check(checked_by(parse_bytes));
  verb->add_option("--seed", options.seed, tr("Seed of the draw", "無作為抽出の種"))
      ->type_name("S")
      ->capture_default_str();
  verb->add_flag("--force", arguments->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return train(*arguments); }); });
}

// ---- encode ----

struct EncodeArguments {
  std::string tokenizer;
  std::string text;
  std::string file;
  EncodeOptions encode;
  bool json = false;
};

Result<void> encode(const EncodeArguments& arguments) {
  YURAI_ASSIGN(const auto tokenizer, Tokenizer::open(arguments.tokenizer));
  std::string text = arguments.text;
  if (!arguments.file.empty()) {
    YURAI_ASSIGN(text, read_text(arguments.file));
  }
  YURAI_ASSIGN(const std::vector<Token> tokens, tokenizer->encode(text, arguments.encode));
  if (arguments.json) {
    Json list = Json::array();
    for (const Token& token : tokens) {
      list.push_back({{"id", token.id},
                      {"byte_begin", token.byte_begin},
                      {"byte_end", token.byte_end},
                      {"piece", tokenizer->piece(token.id).value_or("")}});
    }
    return print_json({{"tokenizer_sha256", tokenizer->facts().sha256}, {"tokens", list}});
  }
  std::vector<std::vector<std::string>> rows = {{tr("piece", "語片"), "id", tr("bytes", "バイト")}};
  for (const Token& token : tokens) {
    rows.push_back({for_terminal(tokenizer->piece(token.id).value_or("")), std::to_string(token.id),
                    fmt::format("{}–{}", token.byte_begin, token.byte_end)});
  }
  YURAI_TRY(print(table(rows, 1)));
  say(fmt::format(fmt::runtime(tr("{} tokens for {} bytes", "{} トークン（{} バイト）")),
                  tokens.size(), text.size()));
  return {};
}

void add_encode(CLI::App& tokenizer) {
  auto arguments = std::make_shared<EncodeArguments>();
  CLI::App* verb =
      tokenizer.add_subcommand("encode", tr("Tokens of a text, with their byte ranges",
                                            "文章のトークンと、それぞれのバイト範囲を示す"));
  verb->add_option(
          "TOKENIZER", arguments->tokenizer,
          tr("tokenizer.json, a .model, or a folder", "tokenizer.json、.model、フォルダー"))
      ->required();
  auto* source = verb->add_option_group(tr("text", "文章"));
  source->add_option("TEXT", arguments->text, tr("The text", "文章"));
  source->add_option(
      "--file", arguments->file,
      tr("Read it from a file; - is the standard input", "ファイルから読む（- は標準入力）"));
  source->require_option(1);
  verb->add_flag("--special", arguments->encode.add_special,
                 tr("Add what the tokenizer adds to each text, such as <s>",
                    "トークナイザーが付け足すもの（<s> など）を加える"));
  verb->add_flag("!--plain", arguments->encode.match_special,
                 tr("Text such as </s> is plain text, not a special token",
                    "</s> のような文字列を特別なトークンとせず、ただの文章とみなす"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return encode(*arguments); }); });
}

// ---- decode ----

struct DecodeArguments {
  std::string tokenizer;
  std::vector<std::string> ids;
  DecodeOptions decode;
  bool json = false;
};

/// Numbers with white space or commas between, so that a JSON list may be pasted.
Result<std::vector<uint32_t>> parse_ids(std::string_view text) {
  constexpr std::string_view kBetween = " \t\r\n,[]";
  std::vector<uint32_t> ids;
  for (size_t at = text.find_first_not_of(kBetween); at != text.npos;
       at = text.find_first_not_of(kBetween, at)) {
    const size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    uint32_t id = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, id);
    if (error != std::errc() || stop != text.data() + end) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is no token id",
                              for_terminal(text.substr(at, std::min<size_t>(end - at, 40)))));
    }
    ids.push_back(id);
    at = end;
  }
  return ids;
}

Result<void> decode(const DecodeArguments& arguments) {
  YURAI_ASSIGN(const auto tokenizer, Tokenizer::open(arguments.tokenizer));
  std::string written;
  if (arguments.ids == std::vector<std::string>{"-"}) {
    YURAI_ASSIGN(written, read_text("-"));
  } else {
    for (const std::string& id : arguments.ids) written += id + " ";
  }
  YURAI_ASSIGN(const std::vector<uint32_t> ids, parse_ids(written));
  YURAI_ASSIGN(const std::string text, tokenizer->decode(ids, arguments.decode));
  if (arguments.json) return print_json({{"text", text}});
  return print(for_terminal(text, true) + "\n");
}

void add_decode(CLI::App& tokenizer) {
  auto arguments = std::make_shared<DecodeArguments>();
  CLI::App* verb =
      tokenizer.add_subcommand("decode", tr("The text of token ids", "トークン ID から文章に戻す"));
  verb->add_option(
          "TOKENIZER", arguments->tokenizer,
          tr("tokenizer.json, a .model, or a folder", "tokenizer.json、.model、フォルダー"))
      ->required();
  verb->add_option("ID", arguments->ids,
                   tr("Ids; - reads them from the standard input", "ID（- は標準入力から読む）"))
      ->required();
  verb->add_flag("--skip-special", arguments->decode.skip_special,
                 tr("Leave special tokens out", "特別なトークンを除く"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return decode(*arguments); }); });
}

// ---- info ----

Result<void> info(const std::string& path, bool json) {
  YURAI_ASSIGN(const auto tokenizer, Tokenizer::open(path));
  const TokenizerFacts& facts = tokenizer->facts();
  if (json) {
    Json special = Json::array();
    for (const SpecialToken& token : facts.special) {
      special.push_back({{"id", token.id}, {"text", token.text}});
    }
    return print_json({{"kind", facts.kind},
                       {"tokenizer_sha256", facts.sha256},
                       {"vocabulary_size", tokenizer->vocabulary_size()},
                       {"unknown", json_or_null(facts.unknown)},
                       {"begin", json_or_null(facts.begin)},
                       {"end", json_or_null(facts.end)},
                       {"padding", json_or_null(facts.padding)},
                       {"special", special}});
  }
  std::vector<std::vector<std::string>> rows = {
      {tr("kind", "種類"), facts.kind},
      {"SHA-256", facts.sha256},
      {tr("tokens", "語彙"), grouped(tokenizer->vocabulary_size())}};
  const auto add_role = [&](std::string name, const std::optional<uint32_t>& id) {
    if (!id) return;
    rows.push_back({std::move(name),
                    fmt::format("{} {}", *id, for_terminal(tokenizer->piece(*id).value_or("")))});
  };
  add_role(tr("unknown", "未知語"), facts.unknown);
  add_role(tr("begin", "始まり"), facts.begin);
  add_role(tr("end", "終わり"), facts.end);
  add_role(tr("padding", "詰め物"), facts.padding);
  for (const SpecialToken& token : facts.special) {
    rows.push_back(
        {tr("special", "特別"), fmt::format("{} {}", token.id, for_terminal(token.text))});
  }
  return print(table(rows, 2));
}

void add_info(CLI::App& tokenizer) {
  struct Arguments {
    std::string path;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = tokenizer.add_subcommand(
      "info", tr("What a tokenizer is: kind, hash, vocabulary, special tokens",
                 "トークナイザーの種類、ハッシュ、語彙、特別なトークンを示す"));
  verb->add_option(
          "TOKENIZER", arguments->path,
          tr("tokenizer.json, a .model, or a folder", "tokenizer.json、.model、フォルダー"))
      ->required();
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return info(arguments->path, arguments->json); }); });
}

}  // namespace

void add_tokenizer_commands(CLI::App& app) {
  CLI::App* tokenizer = app.add_subcommand(
      "tokenizer", tr("Text to tokens and back; a new tokenizer from corpora",
                      "文章とトークンの変換、コーパスからのトークナイザーの学習"));
  tokenizer->require_subcommand(1);
  add_train(*tokenizer);
  add_encode(*tokenizer);
  add_decode(*tokenizer);
  add_info(*tokenizer);
}

}  // namespace yurai::cli

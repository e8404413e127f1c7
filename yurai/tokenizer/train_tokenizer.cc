#include "yurai/tokenizer/train_tokenizer.h"

#include <fmt/format.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <unordered_map>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/tokenizer/tokenizer.h"

namespace yurai {
namespace {

constexpr size_t kMaxSentenceBytes = 4096;  // longer ones the trainer leaves out: they are cut
constexpr std::array<std::string_view, 5> kNormalizations = {"identity", "nfkc", "nfkc_cf",
                                                             "nmt_nfkc", "nmt_nfkc_cf"};
/// The trainer adds up what each thread found, and sums are rounded: always the same number.
constexpr std::string_view kThreads = "16";

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// The lines of the documents that are drawn, for the trainer.
class LineIterator final : public sentencepiece::SentenceIterator {
 public:
  LineIterator(const std::vector<Corpus>& corpora, const TokenizerTrainOptions& options,
               const Progress& progress)
      : corpora_(corpora), seed_(options.seed), progress_(progress) {
    for (const Corpus& corpus : corpora) total_bytes_ += corpus.identity().bytes;
    share_ = total_bytes_ == 0
                 ? 1
                 : static_cast<double>(options.max_bytes) / static_cast<double>(total_bytes_);
    Next();
  }

  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override {
    // The error itself is kept in `failure`, with its code.
    return failure_ ? sentencepiece::util::Status(sentencepiece::util::StatusCode::kDataLoss, "")
                    : sentencepiece::util::Status();
  }
  void Next() override {
    do {
      if (at_ >= text_.size() && !next_document()) {
        done_ = true;
        return;
      }
      take_line();
    } while (line_.empty());
    ++num_lines_;
    num_bytes_ += line_.size();
  }

  const std::optional<Error>& failure() const { return failure_; }
  uint64_t num_documents() const { return num_documents_; }
  uint64_t num_lines() const { return num_lines_; }
  uint64_t num_bytes() const { return num_bytes_; }

 private:
  bool is_drawn() const {
    const std::string key =
        fmt::format("{}:{}", corpora_[corpus_].identity().corpus_sha256, document_);
    return share_ >= 1 || std::ldexp(static_cast<double>(xxh3(key, seed_)), -64) < share_;
  }

  /// False at the end, and where a document cannot be read.
  bool next_document() {
    for (; corpus_ < corpora_.size(); ++corpus_, document_ = 0) {
      for (; document_ < corpora_[corpus_].num_documents(); ++document_) {
        if (!is_drawn()) continue;
        auto document = corpora_[corpus_].document(document_);
        if (!document) {
          failure_ = std::move(document).error();
          return false;
        }
        text_ = std::move(document->text);
        at_ = 0;
        ++num_documents_;
        ++document_;
        progress_("read", num_bytes_, 0);
        return true;
      }
    }
    return false;
  }

  void take_line() {
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    size_t cut = end;
    if (end - at_ > kMaxSentenceBytes) cut = char_floor(text_, at_ + kMaxSentenceBytes);
    line_ = text_.substr(at_, cut - at_);
    at_ = cut == end ? end + 1 : cut;
  }

  const std::vector<Corpus>& corpora_;
  uint64_t seed_;
  const Progress& progress_;
  uint64_t total_bytes_ = 0;
  double share_ = 1;
  size_t corpus_ = 0;
  uint64_t document_ = 0;
  std::string text_;
  size_t at_ = 0;
  std::string line_;
  bool done_ = false;
  std::optional<Error> failure_;
  uint64_t num_documents_ = 0;
  uint64_t num_lines_ = 0;
  uint64_t num_bytes_ = 0;
};

std::unordered_map<std::string, std::string> arguments(const TokenizerTrainOptions& options) {
  std::string symbols;
  for (const std::string& symbol : options.symbols) {
    symbols += (symbols.empty() ? "" : ",") + symbol;
  }
  std::unordered_map<std::string, std::string> all = {
      {"model_type", options.model},
      {"vocab_size", std::to_string(options.vocabulary_size)},
      {"character_coverage", fmt::format("{}", options.character_coverage)},
      {"normalization_rule_name", options.normalization},
      {"num_threads", std::string(kThreads)},
      {"max_sentence_length", std::to_string(kMaxSentenceBytes)},
      // A text comes back as it was: no space is lost, other characters are bytes.
      {"byte_fallback", "true"},
      {"remove_extra_whitespaces", "false"},
      {"allow_whitespace_only_pieces", "true"},
      {"split_digits", "true"},
      {"pad_id", "3"},
      {"minloglevel", "4"}};
  if (!symbols.empty()) all.emplace("user_defined_symbols", symbols);
  return all;
}

Json configuration(const TokenizerTrainOptions& options) {
  return {{"model", options.model},
          {"vocabulary_size", options.vocabulary_size},
          {"character_coverage", options.character_coverage},
          {"normalization", options.normalization},
          {"max_bytes", options.max_bytes},
          {"seed", options.seed},
          {"symbols", options.symbols}};
}

/// The trainer's words without the place in its source.
std::string plain(std::string_view message) {
  const size_t end = message.rfind("] ");
  std::string text = for_terminal(end == message.npos ? message : message.substr(end + 2));
  return text.empty() ? "no reason given" : text;
}

Result<std::string> run_trainer(const TokenizerTrainOptions& options, LineIterator& lines) {
  std::string model;
  try {
    const auto status =
        sentencepiece::SentencePieceTrainer::Train(arguments(options), &lines, &model);
    if (lines.failure()) return fail(*lines.failure());
    if (!status.ok()) {
      return bad(fmt::format("SentencePiece: {}; another --vocabulary or more text may help",
                             plain(status.message())));
    }
  } catch (const std::exception& error) {
    return bad(fmt::format("SentencePiece: {}", for_terminal(error.what())));
  }
  return model;
}

}  // namespace

Result<void> check_train_options(const TokenizerTrainOptions& options) {
  if (options.model != "unigram" && options.model != "bpe") {
    return bad(fmt::format("a model is 'unigram' or 'bpe', not '{}'", for_terminal(options.model)));
  }
  if (std::find(kNormalizations.begin(), kNormalizations.end(), options.normalization) ==
      kNormalizations.end()) {
    return bad(fmt::format("there is no normalization '{}'; known: {}",
                           for_terminal(options.normalization), fmt::join(kNormalizations, ", ")));
  }
  // 256 bytes and 4 tokens of their own are always there.
  const size_t least = 300 + options.symbols.size();
  if (options.vocabulary_size < least || options.vocabulary_size > 1'000'000) {
    return bad(fmt::format("a vocabulary has {} to 1000000 tokens", least));
  }
  if (!(options.character_coverage >= 0.9 && options.character_coverage <= 1)) {
    return bad("character coverage is 0.9 to 1");
  }
  if (options.max_bytes == 0) return bad("there must be some text to learn from");
  for (const std::string& symbol : options.symbols) {
    if (symbol.empty() || symbol.size() > 256 || find_invalid_utf8(symbol) ||
        symbol.find_first_of(std::string_view(",\"\n\0", 4)) != symbol.npos) {
      return bad(fmt::format("'{}' cannot be a symbol", for_terminal(symbol.substr(0, 100))));
    }
  }
  return {};
}

Result<Manifest> train_tokenizer(const std::vector<Corpus>& corpora,
                                 const TokenizerTrainOptions& options, StagingDirectory& stage,
                                 const Progress& progress) {
  YURAI_TRY(check_train_options(options));
  LineIterator lines(corpora, options, progress);
  if (lines.failure()) return fail(*lines.failure());
  if (lines.done()) return bad("the corpora hold no text, or none was drawn; raise --max-bytes");
  YURAI_ASSIGN(const std::string model, run_trainer(options, lines));
  YURAI_ASSIGN(const auto tokenizer, Tokenizer::parse(model, kTokenizerModelName));
  YURAI_TRY(stage.add_file(kTokenizerModelName, model));

  Manifest manifest;
  manifest.format = kTokenizerFormat;
  manifest.format_version = kTokenizerVersion;
  for (const Corpus& corpus : corpora) {
    manifest.inputs.push_back({"corpus", corpus.identity().bytes, corpus.identity().corpus_sha256});
    add_to_lineage(manifest.lineage, corpus.manifest());
  }
  manifest.configuration = configuration(options);
  manifest.facts = {{"vocabulary_size", tokenizer->vocabulary_size()},
                    {"tokenizer_sha256", tokenizer->facts().sha256},
                    {"documents", lines.num_documents()},
                    {"lines", lines.num_lines()},
                    {"bytes", lines.num_bytes()}};
  YURAI_TRY(write_manifest(manifest, stage, progress));
  return manifest;
}

}  // namespace yurai

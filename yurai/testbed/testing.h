#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_writer.h"
#include "yurai/lm/language_model.h"
#include "yurai/record/manifest.h"
#include "yurai/train/loss_curve.h"
#include "yurai/train/prepare_run.h"
#include "yurai/train/run_inputs.h"
#include "yurai/train/testing.h"

/// For tests: a run without a trainer.
namespace yurai::testing {

/// Every token costs 3 nats.
class ThreeNats final : public LanguageModel {
 public:
  std::string_view id() const override { return "three"; }
  Result<Generation> generate(const GenerateRequest&, const OnSymbol&) const override {
    return Generation();
  }
  Result<std::vector<float>> token_nats(std::span<const int32_t> tokens,
                                        std::span<const int32_t>) const override {
    return std::vector<float>(tokens.size(), 3);
  }
};

/// Writes `dir / "run"`: `steps` steps of two sequences of 8 tokens (a byte is a token) over
/// `corpus`, a share of it kept apart, whose losses are the number of their step. Without
/// checkpoints.
inline Result<void> write_run(const std::filesystem::path& dir, const std::filesystem::path& corpus,
                              uint64_t steps, double validation_share = 0) {
  YURAI_TRY(write_byte_tokenizer(dir / "tokenizer"));
  YURAI_ASSIGN(const TrainConfig config,
               parse_train_config("corpus = \"" + corpus.string() +
                                      "\"\ntokenizer = \"tokenizer\"\n[batch]\n"
                                      "sequence_tokens = 8\nsequences = 2\nmicro_batch = 1\n"
                                      "[validation]\nshare = " +
                                      std::to_string(validation_share),
                                  "t.toml", dir));
  YURAI_TRY(prepare_run(config, dir / "run", {}, no_progress));
  YURAI_ASSIGN(const RunInputs inputs, open_run(dir / "run"));
  LedgerHead head;
  head.corpus_sha256 = inputs.corpus_sha256;
  head.order = OrderSpec{1, 8, 2};
  std::vector<LedgerDocument> documents;
  for (const uint64_t d : inputs.training) {
    documents.push_back({inputs.tokens->id(d), static_cast<uint32_t>(inputs.tokens->num_tokens(d)),
                         inputs.tokens->num_bytes(d)});
  }
  YURAI_ASSIGN(auto writer, LedgerWriter::create(dir / "run" / kRunLedger, head, documents));
  std::string metrics;
  for (uint64_t step = 0; step < steps; ++step) {
    std::vector<LedgerRow> rows;
    for (uint64_t q = 2 * step; q < 2 * step + 2; ++q) {
      const std::vector<OrderSegment> segments = writer.order()->sequence(q);
      for (const OrderSegment& segment : segments) {
        const uint64_t bytes = documents[segment.document].bytes;
        LedgerRow row;
        row.step = step;
        row.epoch = segment.epoch;
        row.sequence = q;
        row.document = segment.document;
        row.token_begin = segment.token_begin;
        row.tokens = static_cast<uint32_t>(segment.token_end - segment.token_begin);
        row.byte_begin = std::min<uint64_t>(segment.token_begin, bytes);
        row.byte_end = std::min<uint64_t>(segment.token_end, bytes);
        row.loss_nats_mean = static_cast<float>(step);
        rows.push_back(row);
      }
    }
    YURAI_TRY(writer.append(rows));
    StepMetrics line;
    line.step = step;
    line.tokens = 16 * (step + 1);
    line.loss_nats = static_cast<double>(step);
    metrics += dump_json(to_json(line)) + "\n";
  }
  return write_file(dir / "run" / kMetricsName, metrics);
}

inline ModelConfig checkpoint_config() {
  ModelConfig config;
  config.vocabulary_size = 300;
  config.hidden_size = 8;
  config.intermediate_size = 16;
  config.num_layers = 2;
  config.num_heads = config.num_kv_heads = 2;
  config.head_size = 4;
  config.max_positions = 8;
  config.tie_embeddings = true;
  return config;
}

/// The folder of a checkpoint of a run after so many steps: that configuration, no weights.
inline Result<void> write_checkpoint_without_weights(const std::filesystem::path& run,
                                                     uint64_t steps) {
  const auto folder = run / "checkpoints" / ("step-" + std::to_string(steps));
  std::filesystem::create_directories(folder);
  YURAI_TRY(write_file(folder / "config.json", dump_json(to_json(checkpoint_config()))));
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(run / kRunLedger));
  Manifest manifest;
  manifest.format = kCheckpointFormat;
  manifest.format_version = kCheckpointVersion;
  manifest.facts = {{"steps", steps}, {"ledger_head", ledger.chain_head(steps).value_or("")}};
  YURAI_ASSIGN(manifest.files, list_files(folder));
  return write_file(folder / kManifestName, manifest_text(manifest));
}

}  // namespace yurai::testing

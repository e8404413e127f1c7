#include "yurai/train/run_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/ledger/ledger.h"
#include "yurai/record/artefact_folder.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/train/loss_curve.h"
#include "yurai/train/run_inputs.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

Result<void> compare(const fs::path& path, std::string_view found, const std::string& expected) {
  if (found == expected) return {};
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("{} is not what the run was made with: its hash is {}, not {}; put back a "
                  "copy of it",
                  for_terminal(path.string()), for_terminal(found), for_terminal(expected)));
}

Result<void> verify_inputs(const fs::path& run, const Json& begun, const Progress& progress) {
  YURAI_ASSIGN(const std::string corpus_sha256, json_string(begun, "corpus_sha256"));
  YURAI_ASSIGN(const std::string tokenizer_sha256, json_string(begun, "tokenizer_sha256"));
  if (is_there(run / kRunCorpus)) {
    YURAI_ASSIGN(const Corpus corpus, Corpus::open(run / kRunCorpus));
    YURAI_TRY(verify_files(run / kRunCorpus, corpus.manifest(), progress));
    YURAI_TRY(corpus.verify(progress));
    YURAI_TRY(compare(run / kRunCorpus, corpus.identity().corpus_sha256, corpus_sha256));
  }
  YURAI_ASSIGN(const auto tokenizer, open_run_tokenizer(run));
  YURAI_TRY(compare(run / kRunTokenizer, tokenizer->facts().sha256, tokenizer_sha256));
  YURAI_ASSIGN(const Manifest tokens, read_manifest(run / kRunTokens));
  YURAI_TRY(verify_files(run / kRunTokens, tokens, progress));
  YURAI_ASSIGN(const std::string tokens_of, json_string(tokens.facts, "corpus_sha256"));
  return compare(run / kRunTokens, tokens_of, corpus_sha256);
}

/// Of what the run holds, as far as this checkpoint knows it.
Result<void> verify_checkpoint(const fs::path& run, const fs::path& dir, const Ledger& ledger,
                               std::string_view metrics, const Progress& progress) {
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir, kCheckpointFormat, kCheckpointVersion));
  YURAI_TRY(verify_files(dir, manifest, progress));
  YURAI_TRY(check_nothing_added(dir, manifest));
  for (const ManifestFile& input : manifest.inputs) {
    YURAI_ASSIGN(const std::string text, read_file(run / input.name));
    YURAI_TRY(compare(run / input.name, sha256_hex(text), input.sha256));
  }
  YURAI_ASSIGN(const uint64_t steps, json_uint(manifest.facts, "steps"));
  YURAI_TRY(check_checkpoint_name(dir, steps));
  YURAI_ASSIGN(const std::string ledger_head, json_string(manifest.facts, "ledger_head"));
  YURAI_ASSIGN(const std::string head, ledger.chain_head(steps));
  YURAI_TRY(compare(run / kRunLedger, head, ledger_head));
  if (!manifest.facts.contains("metrics_head")) return {};  // of an older checkpoint
  YURAI_ASSIGN(const std::string metrics_head, json_string(manifest.facts, "metrics_head"));
  YURAI_ASSIGN(const uint64_t bytes, json_uint(manifest.facts, "metrics_bytes"));
  return compare(run / kMetricsName, chain_metrics("", metrics.substr(0, bytes)), metrics_head);
}

}  // namespace

Result<void> verify_run(const fs::path& run, const Progress& progress) {
  YURAI_ASSIGN(const Json begun, read_run(run));
  YURAI_TRY(verify_inputs(run, begun, progress));
  // First what exists, then the ledger: it has every step of a checkpoint that is there before.
  YURAI_ASSIGN(const std::vector<CheckpointFolder> checkpoints, list_checkpoints(run));
  if (checkpoints.empty() && !is_there(run / kRunLedger)) return {};
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(run / kRunLedger));
  YURAI_TRY(ledger.verify(progress));
  if (checkpoints.empty()) return {};
  YURAI_ASSIGN(const std::string metrics, read_file(run / kMetricsName, UINT64_MAX));
  for (const CheckpointFolder& checkpoint : checkpoints) {
    YURAI_TRY(verify_checkpoint(run, checkpoint.dir, ledger, metrics, progress));
  }
  YURAI_TRY(parse_metrics(metrics));
  return {};
}

}  // namespace yurai

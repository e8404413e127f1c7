#include "yurai/ledger/ledger_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

#include "yurai/base/json.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/ledger/inverse_index.h"
#include "yurai/ledger/ledger_folder.h"
#include "yurai/ledger/row_codec.h"
#include "yurai/ledger/step_log.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxLineBytes = 1 << 20;
/// Bounds of what a training can mean; more is a column that was mistaken for another.
constexpr uint64_t kMaxSequence = 1ull << 53;
constexpr uint64_t kMaxEpoch = 1ull << 31;
constexpr double kMaxLossNats = 1000;  // a token that has a chance of e^-1000
/// A text of n bytes is at most so many tokens a byte, and so many more: normalisers make up to
/// eleven bytes of one.
constexpr uint64_t kMaxTokensPerByte = 16;
/// Steps that no line names cost disk, and are read again: so many a line, beside a million, do.
constexpr uint64_t kMaxStepsPerLine = 1000;
constexpr uint64_t kFreeSteps = 1'000'000;

/// From ids to numbers; nothing for an id that several documents have.
using IdMap = std::unordered_map<std::string_view, std::optional<uint64_t>>;

IdMap map_ids(const std::vector<LedgerDocument>& documents) {
  IdMap map;
  map.reserve(documents.size());
  for (uint64_t i = 0; i < documents.size(); ++i) {
    const auto [entry, is_new] = map.emplace(documents[i].id, i);
    if (!is_new) entry->second.reset();
  }
  return map;
}

/// A member that may be absent: a whole number of at most `max`.
Result<std::optional<uint64_t>> optional_uint(const Json& line, std::string_view key,
                                              uint64_t max) {
  if (!line.contains(key) || line[key].is_null()) return std::optional<uint64_t>();
  YURAI_ASSIGN(const uint64_t value, json_uint(line, key));
  if (value > max) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is {}; at most {}", key, value, max));
  }
  return std::optional<uint64_t>(value);
}

/// The member `loss_nats_mean`; NaN where it is absent or null: not known.
Result<float> parse_loss(const Json& line) {
  const auto found = line.find("loss_nats_mean");
  if (found == line.end() || found->is_null()) return std::numeric_limits<float>::quiet_NaN();
  const double loss = found->is_number() ? found->get<double>() : -1;
  if (loss >= 0 && loss <= kMaxLossNats) return static_cast<float>(loss);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'loss_nats_mean' is {}; a mean loss is a number from 0 to {}; leave it "
                          "out where it is not known",
                          for_terminal(dump_json(*found)), kMaxLossNats));
}

/// Nothing, or what is wrong with the tokens of a row of a text of `text_bytes` bytes.
Result<void> check_tokens(const LedgerRow& row, uint64_t text_bytes) {
  const uint64_t most = (text_bytes + 1) * kMaxTokensPerByte;
  if (row.token_begin <= most && row.tokens <= most - row.token_begin) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'token_begin' {} and 'tokens' {} lie outside of a document of {} bytes; "
                          "they count the document's own tokens, not those of the corpus",
                          row.token_begin, row.tokens, text_bytes));
}

/// A line of the file as a row; `exact` becomes false where it does not say its bytes.
Result<LedgerRow> parse_row(std::string_view bytes, const IdMap& ids,
                            const std::vector<LedgerDocument>& documents, bool& exact) {
  YURAI_ASSIGN(const Json line, parse_json(bytes, "the line"));
  if (!line.is_object()) return fail(ErrorCode::kInvalidArgument, "no JSON object");
  YURAI_ASSIGN(const std::string id, json_string(line, "id"));
  const auto found = ids.find(id);
  if (found == ids.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("the corpus has no document '{}'; import against "
                                                  "the corpus that was trained on",
                                                  for_terminal(id)));
  }
  if (!found->second) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("several documents of the corpus have the id '{}'", for_terminal(id)));
  }
  LedgerRow row;
  row.document = *found->second;
  const char* step_key = line.contains("step") ? "step" : "iteration";
  YURAI_ASSIGN(const auto step, optional_uint(line, step_key, kMaxImportedSteps - 1));
  if (!step) return fail(ErrorCode::kInvalidArgument, "neither 'step' nor 'iteration'");
  row.step = *step;
  YURAI_ASSIGN(const auto epoch, optional_uint(line, "epoch", kMaxEpoch));
  YURAI_ASSIGN(const auto sequence, optional_uint(line, "sequence", kMaxSequence));
  YURAI_ASSIGN(const auto token_begin, optional_uint(line, "token_begin", INT64_MAX));
  YURAI_ASSIGN(const auto tokens, optional_uint(line, "tokens", UINT32_MAX));
  const uint64_t text_bytes = documents[row.document].bytes;
  YURAI_ASSIGN(const auto byte_begin, optional_uint(line, "byte_begin", text_bytes));
  YURAI_ASSIGN(const auto byte_end, optional_uint(line, "byte_end", text_bytes));
  row.epoch = static_cast<uint32_t>(epoch.value_or(0));
  row.sequence = sequence.value_or(0);
  row.token_begin = token_begin.value_or(0);
  row.tokens = static_cast<uint32_t>(tokens.value_or(0));
  row.byte_begin = byte_begin.value_or(0);
  row.byte_end = byte_end.value_or(text_bytes);
  if (row.byte_begin > row.byte_end) {
    return fail(ErrorCode::kInvalidArgument, "'byte_begin' lies after 'byte_end'");
  }
  exact = exact && byte_begin && byte_end;
  YURAI_TRY(check_tokens(row, text_bytes));
  YURAI_ASSIGN(row.loss_nats_mean, parse_loss(line));
  return row;
}

}  // namespace

Result<std::vector<LedgerDocument>> documents_of(const Corpus& corpus) {
  std::vector<LedgerDocument> documents;
  documents.reserve(corpus.num_documents());
  for (uint64_t i = 0; i < corpus.num_documents(); ++i) {
    YURAI_ASSIGN(Document row, corpus.row(i));
    const Corpus::TextRange text = corpus.text_range(i);
    documents.push_back({std::move(row.id), 0, text.end - text.begin});
  }
  return documents;
}

Result<Manifest> write_imported(const ImportedLedger& ledger, const Corpus& corpus,
                                StagingDirectory& stage, const Progress& progress) {
  YURAI_TRY(write_ledger_folder(ledger.head, ledger.documents, stage));
  YURAI_ASSIGN(const LedgerFolder folder, open_ledger_folder(stage.path()));
  YURAI_ASSIGN(auto log, stage.disk().reopen(stage.path() / kStepLogName, 0));
  YURAI_ASSIGN(auto index, stage.disk().reopen(stage.path() / kStepIndexName, 0));
  const RowCodec codec(folder.documents, nullptr);
  ChainHash hash = folder.genesis;
  uint64_t log_bytes = 0;
  uint64_t num_rows = 0;
  for (uint64_t step = 0; step < ledger.steps; ++step) {
    YURAI_ASSIGN(const std::vector<LedgerRow> rows, ledger.rows_of(step));
    YURAI_ASSIGN(const std::string payload, codec.encode(step, rows, nullptr));
    if (payload.size() > UINT32_MAX) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("step {} has {} rows, too many for one step", step, rows.size()));
    }
    hash = next_hash(hash, payload);
    const std::string record = step_record(payload, hash);
    log_bytes += record.size();
    std::string end;
    append_fixed(log_bytes, kStepIndexBytes, end);
    YURAI_TRY(log->append(record));
    YURAI_TRY(index->append(end));
    num_rows += rows.size();
    progress("steps", step + 1, ledger.steps);
  }
  YURAI_TRY(log->close());
  YURAI_TRY(index->close());
  YURAI_ASSIGN(const StepLog steps, StepLog::open(stage.path(), folder.genesis));
  YURAI_TRY(InverseIndex::write(folder, steps, stage, progress));
  Manifest manifest = folder.manifest;
  manifest.inputs = ledger.inputs;
  add_to_lineage(manifest.lineage, corpus.manifest());
  manifest.facts["steps"] = ledger.steps;
  manifest.facts["rows"] = num_rows;
  manifest.facts["chain_head"] = hex(hash);
  YURAI_TRY(write_manifest(manifest, stage, progress));
  return manifest;
}

Result<Manifest> import_jsonl(const Corpus& corpus, const std::filesystem::path& file,
                              const std::string& training_stage, StagingDirectory& stage,
                              const Progress& progress) {
  ImportedLedger ledger;
  ledger.head.stage = training_stage;
  ledger.head.corpus_sha256 = corpus.identity().corpus_sha256;
  ledger.head.imported_from = "jsonl";
  YURAI_ASSIGN(ledger.documents, documents_of(corpus));
  const IdMap ids = map_ids(ledger.documents);

  const Compression compression = file.extension() == ".gz"    ? Compression::kGzip
                                  : file.extension() == ".zst" ? Compression::kZstd
                                                               : Compression::kNone;
  YURAI_ASSIGN(InputFile input, InputFile::open(file, compression));
  LineReader lines(input, kMaxLineBytes);
  std::vector<LedgerRow> rows;
  uint64_t last_step = 0;
  uint64_t last_line = 0;  // that names it
  Line line;
  while (true) {
    YURAI_ASSIGN(const bool more, lines.next(line));
    if (!more) break;
    if (!line.too_long && line.bytes.find_first_not_of(" \t\r") == line.bytes.npos) continue;
    Result<LedgerRow> row = fail(ErrorCode::kResourceExhausted, "more than 1 MiB in a line");
    if (!line.too_long) {
      row = parse_row(line.bytes, ids, ledger.documents, ledger.head.exact_bytes);
    }
    if (!row) {
      return fail(row.error().code, fmt::format("'{}', line {}: {}", for_terminal(file.string()),
                                                line.number, row.error().message));
    }
    rows.push_back(*row);
    if (row->step >= last_step) {
      last_step = row->step;
      last_line = line.number;
    }
    progress("read lines", line.byte, 0);
  }
  if (rows.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' has no lines", for_terminal(file.string())));
  }
  if (last_step > kFreeSteps && last_step / kMaxStepsPerLine > rows.size()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}', line {}: step {}, but the file has {} lines; a ledger holds every "
                    "step up to the last. Is 'step' the training step, not a count of tokens "
                    "or a time?",
                    for_terminal(file.string()), last_line, last_step, rows.size()));
  }
  ledger.inputs = {{file.filename().string(), input.stored_bytes_read(), input.stored_sha256()}};
  std::stable_sort(rows.begin(), rows.end(), [](const LedgerRow& a, const LedgerRow& b) {
    return std::pair(a.step, a.sequence) < std::pair(b.step, b.sequence);
  });
  ledger.steps = rows.back().step + 1;
  auto next = rows.begin();
  ledger.rows_of = [&](uint64_t step) -> Result<std::vector<LedgerRow>> {
    const auto begin = next;
    while (next != rows.end() && next->step == step) ++next;
    return std::vector<LedgerRow>(begin, next);
  };
  return write_imported(ledger, corpus, stage, progress);
}

}  // namespace yurai

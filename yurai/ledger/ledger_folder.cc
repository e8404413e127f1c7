#include "yurai/ledger/ledger_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

Result<void> check_head(const LedgerHead& head) {
  if (std::find(kTrainingStages.begin(), kTrainingStages.end(), head.stage) !=
      kTrainingStages.end()) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no stage of training; there are {}", for_terminal(head.stage),
                          fmt::join(kTrainingStages, ", ")));
}

Json head_json(const LedgerHead& head) {
  Json order = nullptr;
  if (head.order) {
    order = {{"seed", head.order->seed},
             {"sequence_tokens", head.order->sequence_tokens},
             {"sequences_per_step", head.order->sequences_per_step}};
    if (head.order->shuffled) order["shuffled"] = true;
  }
  return {{"stage", head.stage},
          {"corpus_sha256", or_null(head.corpus_sha256)},
          {"tokenizer_sha256", or_null(head.tokenizer_sha256)},
          {"order", std::move(order)},
          {"exact_bytes", head.exact_bytes},
          {"imported_from", or_null(head.imported_from)}};
}

Result<std::string> text_or_empty(const Json& object, std::string_view key) {
  if (object.contains(key) && object[key].is_null()) return "";
  return json_string(object, key);
}

Result<uint32_t> number_u32(const Json& object, std::string_view key) {
  YURAI_ASSIGN(const uint64_t value, json_uint(object, key));
  if (value > UINT32_MAX) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is {}, too large", key, value));
  }
  return static_cast<uint32_t>(value);
}

Result<LedgerHead> parse_head(const Json& json, uint64_t version) {
  LedgerHead head;
  YURAI_ASSIGN(head.stage, json_string(json, "stage"));
  YURAI_TRY(check_head(head));
  YURAI_ASSIGN(head.corpus_sha256, text_or_empty(json, "corpus_sha256"));
  YURAI_ASSIGN(head.tokenizer_sha256, text_or_empty(json, "tokenizer_sha256"));
  YURAI_ASSIGN(head.imported_from, text_or_empty(json, "imported_from"));
  if (!json.contains("exact_bytes") || !json["exact_bytes"].is_boolean()) {
    return fail(ErrorCode::kInvalidArgument, "'exact_bytes' must be true or false");
  }
  head.exact_bytes = json["exact_bytes"].get<bool>();
  if (!json.contains("order")) {
    return fail(ErrorCode::kInvalidArgument, "there is no 'order'");
  }
  const Json& order = json["order"];
  if (order.is_null()) return head;
  OrderSpec spec;
  YURAI_ASSIGN(spec.seed, json_uint(order, "seed"));
  YURAI_ASSIGN(spec.sequence_tokens, number_u32(order, "sequence_tokens"));
  YURAI_ASSIGN(spec.sequences_per_step, number_u32(order, "sequences_per_step"));
  spec.shuffled = version > 1;
  if (order.value("shuffled", Json(false)) != Json(spec.shuffled)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'shuffled' must be {} in version {}", spec.shuffled, version));
  }
  head.order = spec;
  return head;
}

ChainHash genesis_of(const Manifest& manifest) {
  Sha256 hash;
  hash.update_field(kLedgerFormat);
  hash.update_field(dump_json(manifest.configuration));
  for (const std::string_view name : {kDocumentsName, kDocumentIdsName}) {
    for (const ManifestFile& file : manifest.files) {
      if (file.name == name) hash.update_field(file.sha256);
    }
  }
  return hash.digest();
}

}  // namespace

bool LedgerFolder::closed() const {
  return std::any_of(manifest.files.begin(), manifest.files.end(),
                     [](const ManifestFile& file) { return file.name == kStepLogName; });
}

Result<Manifest> write_ledger_folder(const LedgerHead& head,
                                     std::span<const LedgerDocument> documents,
                                     StagingDirectory& stage) {
  YURAI_TRY(check_head(head));
  Manifest manifest;
  manifest.format = kLedgerFormat;
  manifest.format_version = head.order && head.order->shuffled ? kLedgerVersion : 1;
  manifest.configuration = head_json(head);
  manifest.facts = {{"documents", documents.size()}};
  if (head.order) {
    std::vector<uint32_t> tokens;
    tokens.reserve(documents.size());
    for (const LedgerDocument& document : documents) tokens.push_back(document.tokens);
    YURAI_ASSIGN(const TrainingOrder order, TrainingOrder::make(std::move(tokens), *head.order));
    manifest.facts["tokens_per_epoch"] = order.tokens_per_epoch();
  }
  YURAI_TRY(DocumentTable::write(documents, stage));
  YURAI_TRY(write_manifest(manifest, stage));
  YURAI_TRY(stage.add_file(kStepLogName, ""));
  YURAI_TRY(stage.add_file(kStepIndexName, ""));
  return manifest;
}

Result<LedgerFolder> open_ledger_folder(const std::filesystem::path& dir) {
  YURAI_ASSIGN(Manifest manifest, read_manifest(dir));
  if (manifest.format != kLedgerFormat || manifest.format_version != 1) {
    YURAI_ASSIGN(manifest, read_manifest(dir, kLedgerFormat, kLedgerVersion));
  }
  auto head = parse_head(manifest.configuration, manifest.format_version);
  if (!head) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': {}", for_terminal((dir / kManifestName).string()),
                            for_terminal(head.error().message)));
  }
  YURAI_ASSIGN(DocumentTable documents, DocumentTable::open(dir, manifest));
  std::optional<TrainingOrder> order;
  if (head->order) {
    YURAI_ASSIGN(std::vector<uint32_t> tokens, documents.tokens());
    auto made = TrainingOrder::make(std::move(tokens), *head->order);
    if (!made) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("'{}': {}", for_terminal(dir.string()), made.error().message));
    }
    order = std::move(*made);
  }
  const ChainHash genesis = genesis_of(manifest);
  return LedgerFolder{std::move(manifest), std::move(*head), std::move(documents), std::move(order),
                      genesis};
}

}  // namespace yurai

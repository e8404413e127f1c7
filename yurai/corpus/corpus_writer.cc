#include "yurai/corpus/corpus_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/id_table.h"
#include "yurai/corpus/license.h"
#include "yurai/corpus/row_table.h"
#include "yurai/corpus/stats.h"

namespace yurai {
namespace {

/// A licence that is stored under another name than the one given.
struct MappedLicense {
  std::string stored;
  uint64_t documents = 0;
};

Result<void> check_fields(const Document& document) {
  for (size_t i = 0; i < kDocumentFields.size(); ++i) {
    const std::string& field = document.*kDocumentMembers[i];
    if (const auto invalid = find_invalid_utf8(field)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is not UTF-8 at byte {}", kDocumentFields[i], *invalid));
    }
    if (kDocumentMembers[i] != &Document::text && field.size() > kMaxFieldBytes) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} has {} bytes; at most {} are kept", kDocumentFields[i],
                              field.size(), kMaxFieldBytes));
    }
  }
  return {};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

Result<void> append_offset(BlockFileWriter& file, uint64_t offset) {
  std::string bytes;
  append_fixed(offset, 8, bytes);
  return file.append(bytes);
}

}  // namespace

struct CorpusWriter::State {
  StagingDirectory* stage;
  TextFileWriter text;
  BlockFileWriter text_offsets;
  BlockFileWriter rows;
  BlockFileWriter row_offsets;
  std::unique_ptr<WritableFile> rejects;
  std::vector<IdEntry> ids;
  StatsCollector stats;
  Sha256 corpus_hash;
  uint64_t num_rejected = 0;
  uint64_t missing_license = 0;
  std::unordered_map<std::string, std::string> license_names;  ///< given → stored; a cache
  std::map<std::string, MappedLicense> mapped_licenses;        ///< by the name given

  std::string stored_license(const std::string& given);
  Json mapped_licenses_json() const;
};

std::string CorpusWriter::State::stored_license(const std::string& given) {
  if (given.size() > kMaxExpressionBytes) return given;
  auto found = license_names.find(given);
  if (found == license_names.end()) {
    if (license_names.size() == kMaxStatsGroups) license_names.clear();
    found = license_names.emplace(given, normalize_license(given).name).first;
  }
  if (found->second != given &&
      (mapped_licenses.contains(given) || mapped_licenses.size() < kMaxStatsGroups)) {
    MappedLicense& mapped = mapped_licenses[given];
    mapped.stored = found->second;
    ++mapped.documents;
  }
  return found->second;
}

Json CorpusWriter::State::mapped_licenses_json() const {
  Json list = Json::array();
  for (const auto& [given, mapped] : mapped_licenses) {
    list.push_back({{"given", given}, {"license", mapped.stored}, {"documents", mapped.documents}});
  }
  return list;
}

Json to_json(const CorpusSummary& summary) {
  return {{"documents", summary.documents},
          {"rejected", summary.rejected},
          {"duplicate_ids", summary.duplicate_ids},
          {"bytes", summary.bytes},
          {"corpus_sha256", summary.corpus_sha256}};
}

CorpusWriter::CorpusWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
CorpusWriter::CorpusWriter(CorpusWriter&&) noexcept = default;
CorpusWriter::~CorpusWriter() = default;

Result<CorpusWriter> CorpusWriter::create(StagingDirectory& stage) {
  YURAI_ASSIGN(TextFileWriter text, TextFileWriter::create(stage));
  YURAI_ASSIGN(BlockFileWriter text_offsets, BlockFileWriter::create(stage, "text_offsets.bin"));
  YURAI_ASSIGN(BlockFileWriter rows, BlockFileWriter::create(stage, "rows.bin"));
  YURAI_ASSIGN(BlockFileWriter row_offsets, BlockFileWriter::create(stage, "row_offsets.bin"));
  YURAI_ASSIGN(auto rejects, stage.create_file("rejects.jsonl"));
  auto state = std::make_unique<State>(State{.stage = &stage,
                                             .text = std::move(text),
                                             .text_offsets = std::move(text_offsets),
                                             .rows = std::move(rows),
                                             .row_offsets = std::move(row_offsets),
                                             .rejects = std::move(rejects),
                                             .ids = {},
                                             .stats = {},
                                             .corpus_hash = {},
                                             .license_names = {},
                                             .mapped_licenses = {}});
  YURAI_TRY(state->text.append({&kDocumentSeparator, 1}));
  return CorpusWriter(std::move(state));
}

Result<void> CorpusWriter::add(Document document) {
  YURAI_TRY(check_fields(document));
  Sha256 text_hash;
  text_hash.update(document.text);
  const auto digest = text_hash.digest();
  const std::string_view sha256(reinterpret_cast<const char*>(digest.data()), digest.size());
  if (document.id.empty()) document.id = id_of_text(hex(sha256));

  State& state = *state_;
  document.license = state.stored_license(document.license);
  for (const auto member : kDocumentMembers) state.corpus_hash.update_field(document.*member);
  state.stats.add(document);
  state.missing_license += document.license.empty();
  state.ids.push_back({id_hash(document.id), state.ids.size()});
  YURAI_TRY(append_offset(state.text_offsets, state.text.size_bytes()));
  YURAI_TRY(state.text.append(document.text));
  YURAI_TRY(state.text.append({&kDocumentSeparator, 1}));
  YURAI_TRY(append_offset(state.row_offsets, state.rows.size_bytes()));
  return state.rows.append(encode_row(document, sha256));
}

Result<void> CorpusWriter::reject(const Reject& reject) {
  ++state_->num_rejected;
  return state_->rejects->append(reject_line(reject));
}

Result<CorpusSummary> CorpusWriter::finish(Manifest manifest, const Progress& progress) {
  State& state = *state_;
  StagingDirectory& stage = *state.stage;
  const uint64_t num_documents = state.ids.size();
  YURAI_TRY(append_offset(state.text_offsets, state.text.size_bytes()));
  YURAI_TRY(append_offset(state.row_offsets, state.rows.size_bytes()));
  YURAI_TRY(state.text.close(progress));
  YURAI_TRY(state.text_offsets.close());
  YURAI_TRY(state.rows.close());
  YURAI_TRY(state.row_offsets.close());
  YURAI_TRY(state.rejects->close());

  std::sort(state.ids.begin(), state.ids.end());
  YURAI_ASSIGN(BlockFileWriter ids, BlockFileWriter::create(stage, "ids.bin"));
  for (const IdEntry& entry : state.ids) {
    std::string bytes;
    append_fixed(entry.hash, 8, bytes);
    append_fixed(entry.number, 8, bytes);
    YURAI_TRY(ids.append(bytes));
  }
  YURAI_TRY(ids.close());

  YURAI_ASSIGN(const RowTable rows, RowTable::open(stage.path(), state.rows.size_bytes(),
                                                   num_documents, ReadableFile::Mode::kCached));
  YURAI_ASSIGN(const std::vector<uint64_t> repeated, find_repeated_ids(state.ids, rows));
  std::string bits((num_documents + 7) / 8, '\0');
  for (const uint64_t number : repeated) {
    bits[number / 8] = static_cast<char>(bits[number / 8] | (1 << (number % 8)));
  }
  YURAI_ASSIGN(BlockFileWriter repeated_ids, BlockFileWriter::create(stage, "repeated_ids.bin"));
  YURAI_TRY(repeated_ids.append(bits));
  YURAI_TRY(repeated_ids.close());
  YURAI_TRY(stage.add_file("stats.json", dump_json(state.stats.stored()) + "\n"));

  CorpusSummary summary;
  summary.documents = num_documents;
  summary.rejected = state.num_rejected;
  summary.duplicate_ids = repeated.size();
  summary.bytes = state.stats.bytes();
  summary.corpus_sha256 = state.corpus_hash.hex();
  manifest.format = kCorpusFormat;
  manifest.format_version = kCorpusVersion;
  manifest.facts = to_json(summary);
  manifest.facts["characters"] = state.stats.characters();
  manifest.facts["missing_license"] = state.missing_license;
  manifest.facts["licenses_mapped"] = state.mapped_licenses_json();
  YURAI_TRY(write_manifest(std::move(manifest), stage, progress));
  return summary;
}

}  // namespace yurai

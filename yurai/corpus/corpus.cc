#include "yurai/corpus/corpus.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/id_table.h"
#include "yurai/corpus/joined_documents.h"
#include "yurai/corpus/row_table.h"

namespace yurai {
namespace fs = std::filesystem;

namespace {

struct Tables {
  RowTable rows;
  IdTable ids;
  BlockFile repeated;  ///< a bit a document
};

}  // namespace

struct Corpus::State {
  fs::path dir;
  Manifest manifest;
  CorpusIdentity identity;
  TextFile text;
  std::optional<Tables> tables;  ///< none of a joined corpus
  std::vector<uint64_t> begins;  ///< of each document in text, then the size of text
  std::vector<uint32_t> pages;   ///< how many documents begin before each kStretchBytes of text
  std::optional<JoinedDocuments> joined;
};

namespace {

constexpr uint64_t kStretchBytes = 8192;

std::vector<uint32_t> count_begins_before_pages(const std::vector<uint64_t>& begins) {
  std::vector<uint32_t> pages;
  pages.reserve(begins.back() / kStretchBytes + 2);
  for (uint64_t i = 0; i < begins.size(); ++i) {
    while (pages.size() * kStretchBytes <= begins[i]) pages.push_back(static_cast<uint32_t>(i));
  }
  pages.push_back(static_cast<uint32_t>(begins.size()));
  return pages;
}

tl::unexpected<Error> corrupt(const fs::path& dir, std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("corpus '{}': {}; build it again", for_terminal(dir.string()), what));
}

Result<void> check_number(const Corpus& corpus, uint64_t number) {
  if (number < corpus.num_documents()) return {};
  return fail(ErrorCode::kNotFound,
              fmt::format("no document number {}: corpus '{}' has {}, counted from 0", number,
                          for_terminal(corpus.dir().string()), corpus.num_documents()));
}

/// The first bytes of the documents, proven to ascend from 1 to the size of the text.
Result<std::vector<uint64_t>> read_begins(const fs::path& dir, uint64_t num_documents,
                                          uint64_t text_bytes) {
  YURAI_ASSIGN(const BlockFile file,
               BlockFile::open(dir / "text_offsets.bin", 8 * (num_documents + 1)));
  std::vector<uint64_t> begins;
  begins.reserve(num_documents + 1);
  uint64_t expected_min = 1;
  for (uint64_t offset = 0; offset < file.size_bytes(); offset += kBlockBytes) {
    YURAI_ASSIGN(
        const std::string bytes,
        read_range(file, offset, std::min<uint64_t>(kBlockBytes, file.size_bytes() - offset)));
    for (size_t i = 0; i < bytes.size(); i += 8) {
      begins.push_back(load_u64(bytes.data() + i));
      if (begins.back() < expected_min) return corrupt(dir, "text offsets do not ascend");
      expected_min = begins.back() + 1;
    }
  }
  if (begins.front() != 1 || begins.back() != text_bytes) {
    return corrupt(dir, "text offsets do not fit the text");
  }
  return begins;
}

}  // namespace

Result<bool> is_corpus(const fs::path& dir) {
  std::error_code status;
  if (!fs::exists(dir / kManifestName, status)) return false;
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir));
  return manifest.format == kCorpusFormat;
}

Corpus::Corpus(std::unique_ptr<State> state) : state_(std::move(state)) {}
Corpus::Corpus(Corpus&&) noexcept = default;
Corpus& Corpus::operator=(Corpus&&) noexcept = default;
Corpus::~Corpus() = default;

Result<Corpus> Corpus::open(const fs::path& dir, ReadableFile::Mode mode) {
  YURAI_ASSIGN(Manifest manifest, read_manifest(dir, kCorpusFormat, kCorpusVersion));
  CorpusIdentity identity;
  YURAI_ASSIGN(identity.corpus_sha256, json_string(manifest.facts, "corpus_sha256"));
  YURAI_ASSIGN(identity.documents, json_uint(manifest.facts, "documents"));
  YURAI_ASSIGN(identity.bytes, json_uint(manifest.facts, "bytes"));
  YURAI_ASSIGN(const uint64_t rows_bytes, manifest_file_bytes(manifest, "rows.bin"));
  const uint64_t text_bytes = identity.bytes + identity.documents + 1;
  if (identity.documents >= text_bytes) {
    return corrupt(dir, "the number of documents does not fit the text");
  }
  YURAI_ASSIGN(TextFile text, TextFile::open(dir, text_bytes, mode));
  YURAI_ASSIGN(std::vector<uint64_t> begins, read_begins(dir, identity.documents, text_bytes));
  YURAI_ASSIGN(RowTable rows, RowTable::open(dir, rows_bytes, identity.documents, mode));
  YURAI_ASSIGN(IdTable ids, IdTable::open(dir, identity.documents, mode));
  YURAI_ASSIGN(BlockFile repeated,
               BlockFile::open(dir / "repeated_ids.bin", (identity.documents + 7) / 8, mode));
  std::vector<uint32_t> pages = count_begins_before_pages(begins);
  return Corpus(
      std::make_unique<State>(State{dir,
                                    std::move(manifest),
                                    std::move(identity),
                                    std::move(text),
                                    Tables{std::move(rows), std::move(ids), std::move(repeated)},
                                    std::move(begins),
                                    std::move(pages),
                                    {}}));
}

Corpus Corpus::join(std::vector<std::shared_ptr<const Corpus>> parts,
                    const std::vector<DocumentRun>& runs) {
  YURAI_CHECK(!parts.empty());
  JoinedDocuments joined(std::move(parts), runs);
  TextFile text = TextFile::join(joined.pieces());
  CorpusIdentity identity;
  identity.corpus_sha256 = joined.sha256();
  identity.documents = joined.num_documents();
  identity.bytes = text.size_bytes() - identity.documents - 1;
  Manifest manifest;
  manifest.format = kCorpusFormat;
  manifest.format_version = kCorpusVersion;
  manifest.facts = {{"documents", identity.documents},
                    {"bytes", identity.bytes},
                    {"corpus_sha256", identity.corpus_sha256}};
  const fs::path dir = joined.parts().front()->dir();
  return Corpus(std::make_unique<State>(State{dir,
                                              std::move(manifest),
                                              std::move(identity),
                                              std::move(text),
                                              {},
                                              {},
                                              {},
                                              std::move(joined)}));
}

bool Corpus::is_joined() const { return state_->joined.has_value(); }

std::optional<uint64_t> Corpus::joined_offset(size_t part, uint64_t offset) const {
  return state_->joined->offset_of(part, offset);
}

const fs::path& Corpus::dir() const { return state_->dir; }
const Manifest& Corpus::manifest() const { return state_->manifest; }
CorpusIdentity Corpus::identity() const { return state_->identity; }
uint64_t Corpus::num_documents() const { return state_->identity.documents; }
const TextFile& Corpus::text() const { return state_->text; }

Corpus::TextRange Corpus::text_range(uint64_t number) const {
  YURAI_CHECK(number < num_documents());
  if (state_->joined) return state_->joined->text_range(number);
  return {state_->begins[number], state_->begins[number + 1] - 1};
}

uint64_t Corpus::document_at(uint64_t offset) const {
  YURAI_CHECK(num_documents() > 0 && offset < text().size_bytes());
  if (state_->joined) return state_->joined->document_at(offset);
  const auto& begins = state_->begins;
  const uint64_t page = (offset + 1) / kStretchBytes;
  const auto last = static_cast<ptrdiff_t>(num_documents());
  const auto after = std::upper_bound(
      begins.begin() + std::min<ptrdiff_t>(state_->pages[page], last),
      begins.begin() + std::min<ptrdiff_t>(state_->pages[page + 1], last), offset + 1);
  return static_cast<uint64_t>(after - begins.begin()) - 1;
}

Result<Document> Corpus::row(uint64_t number) const {
  YURAI_TRY(check_number(*this, number));
  if (state_->joined) {
    const auto [corpus, there] = state_->joined->place(number);
    return corpus->row(there);
  }
  YURAI_ASSIGN(Row row, state_->tables->rows.read(number));
  return std::move(row.document);
}

Result<Document> Corpus::document(uint64_t number) const {
  YURAI_ASSIGN(Document document, row(number));
  const TextRange range = text_range(number);
  document.text.resize(range.end - range.begin);
  YURAI_TRY(text().read(range.begin, document.text));
  return document;
}

Result<std::string> Corpus::text_sha256(uint64_t number) const {
  YURAI_TRY(check_number(*this, number));
  if (state_->joined) {
    const auto [corpus, there] = state_->joined->place(number);
    return corpus->text_sha256(there);
  }
  YURAI_ASSIGN(const Row row, state_->tables->rows.read(number));
  std::string hex;
  for (const char byte : row.text_sha256) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return hex;
}

Result<bool> Corpus::repeats_id(uint64_t number) const {
  YURAI_TRY(check_number(*this, number));
  if (state_->joined) {
    YURAI_ASSIGN(const Document document, row(number));
    YURAI_ASSIGN(const std::vector<uint64_t> first, find_id(document.id, 1));
    return !first.empty() && first.front() < number;
  }
  YURAI_ASSIGN(const std::string byte, read_range(state_->tables->repeated, number / 8, 1));
  return ((static_cast<unsigned char>(byte[0]) >> (number % 8)) & 1) != 0;
}

Result<std::vector<uint64_t>> Corpus::find_id(std::string_view id, uint64_t limit) const {
  if (state_->joined) return state_->joined->find_id(id, limit);
  YURAI_ASSIGN(std::vector<uint64_t> numbers, state_->tables->ids.find(id));
  std::vector<uint64_t> found;
  for (const uint64_t number : numbers) {
    if (found.size() == limit) break;
    YURAI_ASSIGN(const Document document, row(number));
    if (document.id == id) found.push_back(number);
  }
  return found;
}

Result<void> Corpus::verify(const Progress& progress) const {
  if (state_->joined) {
    for (const auto& part : state_->joined->parts()) YURAI_TRY(part->verify(progress));
    return {};
  }
  Sha256 corpus_hash;
  for (uint64_t number = 0; number < num_documents(); ++number) {
    YURAI_ASSIGN(const Document whole, document(number));
    YURAI_ASSIGN(const std::string sha256, text_sha256(number));
    if (sha256_hex(whole.text) != sha256) {
      return corrupt(dir(), fmt::format("the text of document {} has another SHA-256", number));
    }
    for (const auto member : kDocumentMembers) corpus_hash.update_field(whole.*member);
    progress("verify documents", text_range(number).end, text().size_bytes());
  }
  if (corpus_hash.hex() != state_->identity.corpus_sha256) {
    return corrupt(dir(), "its documents have another corpus_sha256");
  }
  return {};
}

Result<Json> document_json(const Corpus& corpus, uint64_t number, const Document& document,
                           bool with_text) {
  const Corpus::TextRange range = corpus.text_range(number);
  YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(number));
  YURAI_ASSIGN(const bool repeats_id, corpus.repeats_id(number));
  Json json = {{"number", number},
               {"id", document.id},
               {"duplicate_id", repeats_id},
               {"bytes", range.end - range.begin},
               {"sha256", sha256}};
  append_origin(json, document);
  if (with_text) json["text"] = document.text;
  return json;
}

}  // namespace yurai

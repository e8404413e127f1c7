#include "yurai/train/token_store.h"

#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <numeric>
#include <optional>
#include <thread>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the files are

constexpr std::string_view kTokensName = "tokens.bin";        // u32 a token
constexpr std::string_view kLengthsName = "lengths.bin";      // u16 a token: bytes to the next
constexpr std::string_view kDocumentsName = "documents.bin";  // u64 tokens, u64 bytes, u64 flags
constexpr std::string_view kIdsName = "ids.bin";              // u32 length, bytes
constexpr uint64_t kMarkTokens = 4096;
constexpr uint64_t kBatch = 256;  // documents encoded at a time

struct Encoded {
  std::string id;
  uint64_t bytes = 0;
  std::vector<uint32_t> tokens;
  std::vector<uint16_t> lengths;
};

template <class T>
std::string_view as_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Result<Encoded> encode(const Corpus& corpus, uint64_t number, const Tokenizer& tokenizer) {
  YURAI_ASSIGN(Document document, corpus.document(number));
  Encoded encoded;
  encoded.bytes = document.text.size();
  YURAI_ASSIGN(const std::vector<Token> tokens,
               tokenizer.encode(document.text, {.add_special = false, .match_special = false}));
  uint64_t begin = 0;  // of this token; the first stands for all before it
  for (size_t i = 0; i < tokens.size(); ++i) {
    const uint64_t next =
        i + 1 < tokens.size() ? std::max<uint64_t>(begin, tokens[i + 1].byte_begin) : encoded.bytes;
    if (next - begin > UINT16_MAX) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("document '{}' has a token of {} bytes at byte {}; at most {} can be "
                              "trained",
                              for_terminal(document.id), next - begin, begin, UINT16_MAX));
    }
    encoded.tokens.push_back(tokens[i].id);
    encoded.lengths.push_back(static_cast<uint16_t>(next - begin));
    begin = next;
  }
  encoded.id = std::move(document.id);
  return encoded;
}

/// Whether a document is kept apart: the same for its id in every run.
bool is_kept_apart(std::string_view id, double share) {
  return static_cast<double>(xxh3(id) >> 11) * 0x1p-53 < share;
}

}  // namespace

std::string name_of(std::span<const Corpus> corpora) {
  if (corpora.size() == 1) return corpora[0].identity().corpus_sha256;
  Sha256 hash;
  for (const Corpus& corpus : corpora) hash.update_field(corpus.identity().corpus_sha256);
  return hash.hex();
}

Result<Manifest> build_tokens(std::span<const Corpus> corpora, const Tokenizer& tokenizer,
                              const TokenOptions& options, StagingDirectory& stage,
                              const Progress& progress) {
  YURAI_ASSIGN(auto tokens, stage.create_file(kTokensName));
  YURAI_ASSIGN(auto lengths, stage.create_file(kLengthsName));
  YURAI_ASSIGN(auto ids, stage.create_file(kIdsName));
  std::string documents;
  uint64_t num_tokens = 0;
  uint64_t num_documents = 0;
  uint64_t num_validation = 0;
  uint64_t done_bytes = 0;
  uint64_t all_bytes = 0;
  Manifest manifest;
  manifest.format = kTokensFormat;
  manifest.format_version = kTokensVersion;
  for (const Corpus& corpus : corpora) {
    all_bytes += corpus.identity().bytes;
    add_to_lineage(manifest.lineage, corpus.manifest());
  }
  for (const Corpus& corpus : corpora) {
    for (uint64_t first = 0; first < corpus.num_documents(); first += kBatch) {
      const uint64_t count = std::min(kBatch, corpus.num_documents() - first);
      std::vector<std::optional<Result<Encoded>>> batch(count);
      std::atomic<uint64_t> next = 0;
      const auto work = [&] {
        for (uint64_t i = next++; i < count; i = next++)
          batch[i] = encode(corpus, first + i, tokenizer);
      };
      {
        std::vector<std::jthread> helpers;
        for (unsigned t = 1; t < options.threads; ++t) helpers.emplace_back(work);
        work();
      }
      for (auto& slot : batch) {
        YURAI_ASSIGN(const Encoded encoded, std::move(*slot));
        const bool apart = is_kept_apart(encoded.id, options.validation_share);
        YURAI_TRY(tokens->append(as_bytes(encoded.tokens)));
        YURAI_TRY(lengths->append(as_bytes(encoded.lengths)));
        std::string name;
        put(name, static_cast<uint32_t>(encoded.id.size()));
        YURAI_TRY(ids->append(name + encoded.id));
        put(documents, static_cast<uint64_t>(encoded.tokens.size()));
        put(documents, encoded.bytes);
        put(documents, static_cast<uint64_t>(apart));
        num_tokens += encoded.tokens.size();
        num_validation += apart ? 1 : 0;
        done_bytes += encoded.bytes;
        ++num_documents;
      }
      progress("tokens", done_bytes, all_bytes);
    }
  }
  YURAI_TRY(tokens->close());
  YURAI_TRY(lengths->close());
  YURAI_TRY(ids->close());
  YURAI_TRY(stage.add_file(kDocumentsName, documents));
  manifest.configuration = {{"validation_share", options.validation_share}};
  manifest.facts = {{"documents", num_documents},
                    {"validation_documents", num_validation},
                    {"tokens", num_tokens},
                    {"bytes", done_bytes},
                    {"corpus_sha256", name_of(corpora)},
                    {"tokenizer_sha256", tokenizer.facts().sha256}};
  YURAI_TRY(write_manifest(manifest, stage, progress));
  return manifest;
}

Result<TokenStore> TokenStore::open(const std::filesystem::path& dir) {
  YURAI_ASSIGN(Manifest manifest, read_manifest(dir, kTokensFormat, kTokensVersion));
  YURAI_ASSIGN(ReadableFile tokens, ReadableFile::open(dir / kTokensName));
  YURAI_ASSIGN(ReadableFile lengths, ReadableFile::open(dir / kLengthsName));
  TokenStore store(std::move(tokens), std::move(lengths));
  YURAI_ASSIGN(const std::string documents, read_manifest_file(dir, manifest, kDocumentsName));
  YURAI_ASSIGN(const std::string ids, read_manifest_file(dir, manifest, kIdsName));
  const auto corrupt = [&] {
    return fail(ErrorCode::kCorrupt, fmt::format("{}: its files do not belong together; remove it "
                                                 "and begin again",
                                                 for_terminal(dir.string())));
  };
  const size_t count = documents.size() / 24;
  store.begins_.push_back(0);
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    uint64_t row[3];
    std::memcpy(row, documents.data() + 24 * i, sizeof row);
    uint32_t length = 0;
    if (at + sizeof length > ids.size()) return corrupt();
    std::memcpy(&length, ids.data() + at, sizeof length);
    at += sizeof length;
    if (length > ids.size() - at) return corrupt();
    store.ids_.emplace_back(ids, at, length);
    at += length;
    store.begins_.push_back(store.begins_.back() + row[0]);
    store.bytes_.push_back(row[1]);
    store.validation_.push_back(row[2] != 0);
  }
  if (count == 0 || store.begins_.back() * 4 != store.tokens_.size_bytes() ||
      store.begins_.back() * 2 != store.lengths_.size_bytes()) {
    return corrupt();
  }
  std::vector<uint16_t> piece(kMarkTokens);
  store.marks_.push_back(0);
  for (uint64_t token = 0; token < store.begins_.back(); token += kMarkTokens) {
    piece.resize(std::min(kMarkTokens, store.begins_.back() - token));
    YURAI_TRY(store.lengths_.read_exactly(
        token * sizeof(uint16_t), {reinterpret_cast<char*>(piece.data()), 2 * piece.size()}));
    store.marks_.push_back(std::accumulate(piece.begin(), piece.end(), store.marks_.back()));
  }
  store.manifest_ = std::move(manifest);
  return store;
}

Result<void> TokenStore::read(uint64_t document, uint64_t begin, std::span<uint32_t> out) const {
  YURAI_CHECK(begin + out.size() <= num_tokens(document));
  return tokens_.read_exactly((begins_[document] + begin) * sizeof(uint32_t),
                              {reinterpret_cast<char*>(out.data()), out.size_bytes()});
}

Result<uint64_t> TokenStore::byte_begin(uint64_t document, uint64_t token) const {
  YURAI_CHECK(token <= num_tokens(document));
  YURAI_ASSIGN(const uint64_t begin, bytes_before(begins_[document]));
  YURAI_ASSIGN(const uint64_t end, bytes_before(begins_[document] + token));
  return end - begin;
}

Result<uint64_t> TokenStore::bytes_before(uint64_t token) const {
  const uint64_t mark = token / kMarkTokens;
  std::vector<uint16_t> lengths(token % kMarkTokens);
  YURAI_TRY(lengths_.read_exactly(mark * kMarkTokens * sizeof(uint16_t),
                                  {reinterpret_cast<char*>(lengths.data()), 2 * lengths.size()}));
  return std::accumulate(lengths.begin(), lengths.end(), marks_[mark]);
}

}  // namespace yurai

#include <fmt/format.h>

#include <limits>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/ledger/ledger_import.h"
#include "yurai/ledger/npy.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIdxMagic = std::string_view("MMIDIDX\0\0", 9);
constexpr uint64_t kIdxHeaderBytes = 9 + 8 + 1 + 8 + 8;
constexpr uint64_t kMaxIdxBytes = 1ull << 36;

tl::unexpected<Error> wrong(const fs::path& path, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}': {}", for_terminal(path.string()), what));
}

ManifestFile as_input(const fs::path& path, std::string_view bytes) {
  return {path.filename().string(), bytes.size(), sha256_hex(bytes)};
}

/// The length of each sequence of an indexed dataset, which must be one a document: magic, version
/// (u64), type of the tokens (u8), sequences (u64), documents + 1 (u64), lengths (i32), pointers
/// (i64), first sequence of each document (i64).
Result<std::vector<uint32_t>> read_lengths(const fs::path& path, std::string_view bytes) {
  if (!bytes.starts_with(kIdxMagic) || bytes.size() < kIdxHeaderBytes) {
    return wrong(path, "no .idx file of an indexed dataset (MMIDIDX)");
  }
  NumberReader reader(bytes.substr(kIdxMagic.size()));
  const uint64_t version = reader.fixed(8);
  if (version != 1) return wrong(path, fmt::format("version {}; 1 is read", version));
  reader.fixed(1);
  const uint64_t sequences = reader.fixed(8);
  const uint64_t documents = reader.fixed(8);
  if (sequences > bytes.size() / 12 ||
      bytes.size() < kIdxHeaderBytes + sequences * 12 + sequences * 8 + 8) {
    return wrong(path, fmt::format("{} sequences do not lie in it", sequences));
  }
  if (documents != sequences + 1) {
    return wrong(path, fmt::format("{} sequences for {} documents; only datasets with one sequence "
                                   "a document are read (no --split-sentences)",
                                   sequences, documents == 0 ? 0 : documents - 1));
  }
  std::vector<uint32_t> lengths(sequences);
  for (uint32_t& length : lengths) {
    length = static_cast<uint32_t>(reader.fixed(4));
    if (length > INT32_MAX) return wrong(path, "a sequence of negative length");
  }
  for (uint64_t i = 0; i < sequences; ++i) reader.fixed(8);
  for (uint64_t i = 0; i <= sequences; ++i) {
    if (reader.fixed(8) != i) return wrong(path, "documents are not one sequence each");
  }
  return lengths;
}

/// The three arrays that say what a sample is, under the names of either generation.
struct OrderFiles {
  NpyArray documents;
  NpyArray samples;
  NpyArray shuffle;
  std::vector<ManifestFile> inputs;
};

Result<OrderFiles> open_order(const std::string& prefix) {
  const bool is_new = fs::exists(prefix + "-document_index.npy");
  const fs::path documents = prefix + (is_new ? "-document_index.npy" : "_doc_idx.npy");
  const fs::path samples = prefix + (is_new ? "-sample_index.npy" : "_sample_idx.npy");
  const fs::path shuffle = prefix + (is_new ? "-shuffle_index.npy" : "_shuffle_idx.npy");
  OrderFiles files;
  YURAI_ASSIGN(files.documents, NpyArray::open(documents));
  YURAI_ASSIGN(files.samples, NpyArray::open(samples));
  YURAI_ASSIGN(files.shuffle, NpyArray::open(shuffle));
  if (files.documents.columns() != 1) return wrong(documents, "it must have one dimension");
  if (files.samples.columns() != 2) return wrong(samples, "it must have two columns");
  if (files.shuffle.columns() != 1) return wrong(shuffle, "it must have one dimension");
  files.inputs = {as_input(documents, files.documents.bytes()),
                  as_input(samples, files.samples.bytes()),
                  as_input(shuffle, files.shuffle.bytes())};
  return files;
}

class MegatronOrder {
 public:
  MegatronOrder(const OrderFiles& files, const std::vector<LedgerDocument>& documents)
      : files_(files), documents_(documents) {}

  /// Of each place of the document index, how often its document stood there before.
  Result<void> count_epochs() {
    std::vector<uint32_t> seen(documents_.size());
    epochs_.reserve(files_.documents.rows());
    for (uint64_t i = 0; i < files_.documents.rows(); ++i) {
      const uint64_t document = files_.documents.at(i);
      if (document >= documents_.size()) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("the document index names document {} of {}", document, documents_.size()));
      }
      epochs_.push_back(seen[document]++);
    }
    return {};
  }

  /// What sample number `q` of the training predicts: its tokens but the first, which belongs to
  /// the sample before it.
  Result<void> append_rows(uint64_t step, uint64_t q, std::vector<LedgerRow>& rows) const {
    const uint64_t sample = files_.shuffle.at(q);
    const auto bad = [&](std::string_view what) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("sample {}: {}", sample, what));
    };
    if (files_.samples.rows() < 2 || sample >= files_.samples.rows() - 1) {
      return bad("not in the sample index");
    }
    const uint64_t first = files_.samples.at(sample, 0);
    const uint64_t last = files_.samples.at(sample + 1, 0);
    if (first > last || last >= epochs_.size()) return bad("not in the document index");
    for (uint64_t place = first; place <= last; ++place) {
      const LedgerDocument& document = documents_[files_.documents.at(place)];
      const uint64_t begin = place == first ? files_.samples.at(sample, 1) + 1 : 0;
      const uint64_t end = place == last ? files_.samples.at(sample + 1, 1) + 1 : document.tokens;
      if (begin > document.tokens || end > document.tokens) {
        return bad(fmt::format("outside the {} tokens of document {}", document.tokens,
                               files_.documents.at(place)));
      }
      if (begin >= end) continue;
      rows.push_back({step, epochs_[place], q, files_.documents.at(place), begin,
                      static_cast<uint32_t>(end - begin), 0, document.bytes,
                      std::numeric_limits<float>::quiet_NaN()});
    }
    return {};
  }

 private:
  const OrderFiles& files_;
  const std::vector<LedgerDocument>& documents_;
  std::vector<uint32_t> epochs_;
};

}  // namespace

Result<Manifest> import_megatron(const Corpus& corpus, const MegatronFiles& files,
                                 const std::string& training_stage, StagingDirectory& stage,
                                 const Progress& progress) {
  if (files.sequences_per_step == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "sequences_per_step is 0; it must be the global batch size of the training");
  }
  ImportedLedger ledger;
  ledger.head.stage = training_stage;
  ledger.head.corpus_sha256 = corpus.identity().corpus_sha256;
  ledger.head.imported_from = "megatron";
  ledger.head.exact_bytes = false;
  YURAI_ASSIGN(ledger.documents, documents_of(corpus));

  YURAI_ASSIGN(const std::string index, read_file(files.index, kMaxIdxBytes));
  YURAI_ASSIGN(const std::vector<uint32_t> lengths, read_lengths(files.index, index));
  if (lengths.size() != ledger.documents.size()) {
    return wrong(files.index,
                 fmt::format("{} documents, the corpus has {}; it must be the corpus that the "
                             "dataset was made from, in the same order",
                             lengths.size(), ledger.documents.size()));
  }
  for (size_t i = 0; i < lengths.size(); ++i) ledger.documents[i].tokens = lengths[i];
  YURAI_ASSIGN(const OrderFiles order, open_order(files.order_prefix));
  ledger.inputs = order.inputs;
  ledger.inputs.insert(ledger.inputs.begin(), as_input(files.index, index));
  MegatronOrder samples(order, ledger.documents);
  YURAI_TRY(samples.count_epochs());

  ledger.steps = order.shuffle.rows() / files.sequences_per_step;
  if (ledger.steps == 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} samples make no step of {}; give the global batch size of the "
                            "training",
                            order.shuffle.rows(), files.sequences_per_step));
  }
  if (ledger.steps > kMaxImportedSteps) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("{} steps; at most {} are imported", ledger.steps, kMaxImportedSteps));
  }
  ledger.rows_of = [&](uint64_t step) -> Result<std::vector<LedgerRow>> {
    std::vector<LedgerRow> rows;
    for (uint64_t i = 0; i < files.sequences_per_step; ++i) {
      YURAI_TRY(samples.append_rows(step, step * files.sequences_per_step + i, rows));
    }
    return rows;
  };
  return write_imported(ledger, corpus, stage, progress);
}

}  // namespace yurai

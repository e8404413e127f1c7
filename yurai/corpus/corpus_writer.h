#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/record/document.h"
#include "yurai/record/manifest.h"

/// Writes a corpus folder, one document after another, in bounded memory.
///
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("corpus", {}));
///     YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
///     YURAI_TRY(writer.add({.id = "a", .text = "吾輩は猫である。"}));
///     YURAI_ASSIGN(const CorpusSummary summary, writer.finish(Manifest{}));
///     YURAI_TRY(stage.commit());
namespace yurai {

/// Longest id, source, license, author, url, title, date and lang.
inline constexpr size_t kMaxFieldBytes = 64 << 10;

/// A record that could not become a document: a line of rejects.jsonl.
struct Reject {
  std::string file;     ///< as the manifest names the input
  uint64_t number = 1;  ///< of the line or record, from 1
  uint64_t byte = 0;    ///< where that line or record begins in the (decompressed) file
  std::string reason{};
  std::string_view unit = "line";  ///< what `number` counts: "line" or "record"
};

struct CorpusSummary {
  uint64_t documents = 0;
  uint64_t rejected = 0;
  uint64_t duplicate_ids = 0;  ///< documents whose id an earlier document has
  uint64_t bytes = 0;          ///< of text
  std::string corpus_sha256;
};

/// {"documents","rejected","duplicate_ids","bytes","corpus_sha256"}
Json to_json(const CorpusSummary& summary);

/// Keeps 16 bytes a document in memory. Not thread-safe; the staging folder must outlive it.
class CorpusWriter {
 public:
  static Result<CorpusWriter> create(StagingDirectory& stage);
  CorpusWriter(CorpusWriter&&) noexcept;
  CorpusWriter& operator=(CorpusWriter&&) = delete;
  ~CorpusWriter();

  /// Adds the next document. A missing id becomes "sha256:" and the first 16 hex digits of the
  /// text's; the licence is stored as SPDX names it (normalize_license), and the manifest's
  /// `licenses_mapped` keeps the names that were given. A text or field that is not UTF-8, and a
  /// field over kMaxFieldBytes, are kInvalidArgument: the document is not added and the writer goes
  /// on. Every other error is final.
  Result<void> add(Document document);

  Result<void> reject(const Reject& reject);

  /// Writes the rest and manifest.json, with `inputs` and `configuration` of `manifest`; the caller
  /// commits the staging folder.
  Result<CorpusSummary> finish(Manifest manifest, const Progress& progress = no_progress);

 private:
  struct State;
  explicit CorpusWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"
#include "yurai/record/document.h"
#include "yurai/record/manifest.h"
#include "yurai/record/trace.h"

/// An opened corpus folder: the documents in order, their text and their origin.
///
///     YURAI_ASSIGN(const Corpus corpus, Corpus::open("corpus"));
///     YURAI_ASSIGN(const Document first, corpus.document(0));
namespace yurai {

inline constexpr std::string_view kCorpusFormat = "yurai-corpus";
inline constexpr uint64_t kCorpusVersion = 2;

/// The byte before each document in the text and after the last: never valid UTF-8, in no query.
inline constexpr char kDocumentSeparator = '\xff';

/// Whether the folder is a corpus, of any version. An error when it has a manifest.json that is no
/// artefact's.
Result<bool> is_corpus(const std::filesystem::path& dir);

/// Documents [first, first + count) of one of several corpora.
struct DocumentRun {
  size_t part = 0;
  uint64_t first = 0;
  uint64_t count = 0;
};

/// Immutable; const calls are thread-safe. Keeps 8 bytes a document in memory.
/// Format: docs/formats/corpus.md.
class Corpus {
 public:
  static Result<Corpus> open(const std::filesystem::path& dir,
                             ReadableFile::Mode mode = ReadableFile::Mode::kCached);
  /// These documents of opened corpora (at least one), by part and number, as if one corpus had
  /// been built of them. Its `corpus_sha256` says which they are, but is not that of such a corpus;
  /// its manifest holds nothing else.
  static Corpus join(std::vector<std::shared_ptr<const Corpus>> parts,
                     const std::vector<DocumentRun>& runs);
  Corpus(Corpus&&) noexcept;
  Corpus& operator=(Corpus&&) noexcept;
  ~Corpus();

  const std::filesystem::path& dir() const;
  const Manifest& manifest() const;
  CorpusIdentity identity() const;
  uint64_t num_documents() const;

  /// kDocumentSeparator, document 0, kDocumentSeparator, document 1, …, kDocumentSeparator.
  const TextFile& text() const;

  /// Where document `number` < num_documents() lies in text().
  struct TextRange {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  TextRange text_range(uint64_t number) const;

  /// Number of the document that holds byte `offset` of text(); its leading separator belongs to
  /// it, and so does the separator at the very end to the last document.
  uint64_t document_at(uint64_t offset) const;

  bool is_joined() const;
  /// Of a joined corpus: where byte `offset` of a part's text stands in text(); nothing where its
  /// document was left out.
  std::optional<uint64_t> joined_offset(size_t part, uint64_t offset) const;

  /// Everything of document `number` but its text / all of it. One row read, O(text) for the text.
  /// kNotFound when there is no such number.
  Result<Document> row(uint64_t number) const;
  Result<Document> document(uint64_t number) const;
  /// SHA-256 of the document's text, hex.
  Result<std::string> text_sha256(uint64_t number) const;
  /// Whether an earlier document has the same id.
  Result<bool> repeats_id(uint64_t number) const;

  /// Numbers of the first `limit` documents with this id, ascending; empty when there is none.
  Result<std::vector<uint64_t>> find_id(std::string_view id, uint64_t limit = UINT64_MAX) const;

  /// Reads all documents and compares their hashes, and that of the corpus, with what is stored.
  Result<void> verify(const Progress& progress = no_progress) const;

 private:
  struct State;
  explicit Corpus(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A document as the command line and HTTP give it: number, id, duplicate_id, bytes, sha256, its
/// origin and, `with_text`, the text that was read with it.
Result<Json> document_json(const Corpus& corpus, uint64_t number, const Document& document,
                           bool with_text);

}  // namespace yurai

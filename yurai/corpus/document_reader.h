#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/input_list.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/corpus/record_parser.h"
#include "yurai/record/document.h"

/// An input of any kind as a sequence of documents, in bounded memory.
///
///     YURAI_ASSIGN(const auto reader, DocumentReader::open(entry, {}));
///     InputRecord record;
///     while (true) {
///       YURAI_ASSIGN(const bool more, reader->next(record));
///       if (!more) break;
///       if (record.kind == InputRecord::Kind::kDocument) …
///     }
namespace yurai {

struct ReadOptions {
  FieldMap map = default_field_map();  ///< of JSON lines and of Parquet columns
  uint64_t max_record_bytes = kMaxRecordBytes;
  DecompressionLimits decompression{};
};

/// One record of an input: a document, or the reason why it is none.
struct InputRecord {
  enum class Kind {
    kDocument,
    kUnreadable,  ///< broken; `--strict` stops here
    kLeftOut      ///< sound, but no document: an image or a redirection of a web archive
  };

  Kind kind = Kind::kDocument;
  Document document{};      ///< of kDocument; without the defaults
  std::string reason{};     ///< of the others
  uint64_t number = 0;      ///< of the line or the record, from 1
  uint64_t byte = 0;        ///< where it begins in the decompressed input
  std::string_view json{};  ///< the line itself, of JSON lines; valid until the next call
};

/// Reads front to back. A record that is no document is reported and the rest goes on; a container
/// that is broken is an error that names the file and the byte. Not thread-safe.
class DocumentReader {
 public:
  static Result<std::unique_ptr<DocumentReader>> open(const InputEntry& entry,
                                                      const ReadOptions& options);
  virtual ~DocumentReader() = default;

  /// Reads the next record; false at the end. Blank lines are no records.
  virtual Result<bool> next(InputRecord& record) = 0;

  /// What `number` counts: "line" or "record".
  virtual std::string_view unit() const = 0;

  /// Of the file as it is on the disk: how far the reader is, and (after the end) its SHA-256.
  virtual uint64_t stored_bytes_read() const = 0;
  virtual Result<std::string> stored_sha256() = 0;
};

}  // namespace yurai

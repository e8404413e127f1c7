#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/input_list.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/corpus/record_parser.h"
#include "yurai/record/manifest.h"

/// The rows of a list of inputs as they stand, a batch at a time, each with a key that tells its
/// place: for verbs that read the same inputs several times and on several machines.
///
///     InputRows rows(inputs, {});
///     RowBatch batch;
///     while (true) { YURAI_ASSIGN(const bool more, rows.next(batch)); if (!more) break; … }
namespace yurai {

/// A row's place: the number of its file, then of its line. Ascending in input order.
constexpr uint64_t row_key(uint64_t file, uint64_t line) { return file << 40 | line; }
constexpr uint64_t row_file(uint64_t key) { return key >> 40; }
constexpr uint64_t row_line(uint64_t key) { return key & ((1ull << 40) - 1); }

struct RawRow {
  uint64_t key = 0;
  uint64_t byte = 0;       ///< where its line begins in the (decompressed) file
  std::string_view bytes;  ///< of the line; into the batch
  bool too_long = false;
};

/// Rows of one file, about a mebibyte.
struct RowBatch {
  size_t file = 0;
  std::vector<char> bytes;  ///< no string: views of a short one would not survive a move
  std::vector<RawRow> rows;
};

/// Which of the rows this process reads: all, or those that fall to worker `rank` of `size`. Whole
/// files where there are enough of them, else blocks of lines.
struct RowShare {
  int rank = 0;
  int size = 1;
};
int row_owner(uint64_t key, size_t num_files, int num_workers);

/// Not thread-safe.
class InputRows {
 public:
  InputRows(const InputList& inputs, RowShare share, uint64_t max_record_bytes = kMaxRecordBytes);
  InputRows(InputRows&&) = delete;
  ~InputRows();

  /// The next batch; false at the end. Blank lines are left out.
  Result<bool> next(RowBatch& batch);

  uint64_t stored_bytes_read() const;  ///< of all files so far, as they are on the disk
  /// Name, size and hash of each file that was read to its end, by number; the rest is empty.
  const std::vector<ManifestFile>& files() const { return files_; }

 private:
  struct Open;
  Result<bool> add_line(RowBatch& batch);
  bool is_mine(size_t file) const;

  const InputList* inputs_;
  RowShare share_;
  uint64_t max_record_bytes_;
  size_t next_file_ = 0;
  uint64_t bytes_before_ = 0;
  std::unique_ptr<Open> open_;
  std::vector<ManifestFile> files_;
};

/// The document in a row, or why it is none (kInvalidArgument, as `corpus build` says it).
Result<Document> parse_row(const InputEntry& entry, const RawRow& row, const FieldMap& map);

/// The row as a line of JSONL: as it stands; a plain text as an object of its title and text.
Result<std::string> row_line_of(const InputEntry& entry, const RawRow& row);

}  // namespace yurai

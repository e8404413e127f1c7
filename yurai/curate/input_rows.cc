#include "yurai/curate/input_rows.h"

#include <fmt/format.h>

#include "yurai/base/json.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/encoding.h"

namespace yurai {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kBatchBytes = 1 << 20;
constexpr uint64_t kLinesPerBlock = 256;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

int row_owner(uint64_t key, size_t num_files, int num_workers) {
  const auto workers = static_cast<uint64_t>(num_workers);
  const uint64_t part = num_files >= workers ? row_file(key) : row_line(key) / kLinesPerBlock;
  return static_cast<int>(part % workers);
}

struct InputRows::Open {
  Open(InputFile opened, size_t file_number, uint64_t max_record_bytes)
      : file(std::move(opened)), lines(file, max_record_bytes), number(file_number) {}

  InputFile file;
  LineReader lines;
  size_t number;
  bool done = false;
};

InputRows::InputRows(const InputList& inputs, RowShare share, uint64_t max_record_bytes)
    : inputs_(&inputs), share_(share), max_record_bytes_(max_record_bytes) {
  files_.resize(inputs.files.size());
}
InputRows::~InputRows() = default;

uint64_t InputRows::stored_bytes_read() const {
  return bytes_before_ + (open_ != nullptr ? open_->file.stored_bytes_read() : 0);
}

bool InputRows::is_mine(size_t file) const {
  return inputs_->files.size() < static_cast<size_t>(share_.size) ||
         row_owner(row_key(file, 0), inputs_->files.size(), share_.size) == share_.rank;
}

Result<bool> InputRows::next(RowBatch& batch) {
  batch.bytes.clear();
  batch.rows.clear();
  while (batch.rows.empty()) {
    if (open_ == nullptr) {
      while (next_file_ < inputs_->files.size() && !is_mine(next_file_)) ++next_file_;
      if (next_file_ == inputs_->files.size()) return false;
      const InputEntry& entry = inputs_->files[next_file_];
      YURAI_ASSIGN(InputFile file, InputFile::open(entry.path, entry.compression));
      open_ = std::make_unique<Open>(std::move(file), next_file_++, max_record_bytes_);
    }
    batch.file = open_->number;
    bool more = true;
    while (more && batch.bytes.size() < kBatchBytes) {
      YURAI_ASSIGN(more, add_line(batch));
    }
    if (!more) {
      const InputEntry& entry = inputs_->files[open_->number];
      const uint64_t bytes = open_->file.stored_bytes_read();
      files_[open_->number] = {entry.name, bytes, open_->file.stored_sha256()};
      bytes_before_ += bytes;
      open_.reset();
    }
  }
  size_t begin = 0;  // the batch's bytes stand still now
  for (RawRow& row : batch.rows) {
    row.bytes = {batch.bytes.data() + begin, row.bytes.size()};
    begin += row.bytes.size();
  }
  return true;
}

/// Adds the next line, if it is a row of ours; false when the file has no more.
Result<bool> InputRows::add_line(RowBatch& batch) {
  if (open_->done) return false;
  const InputEntry& entry = inputs_->files[open_->number];
  Line line;
  if (entry.kind == InputEntry::Kind::kText) {
    YURAI_TRY(open_->lines.rest(line));
    line.number = 1;
    open_->done = true;
  } else {
    YURAI_ASSIGN(const bool more, open_->lines.next(line));
    if (!more) return false;
  }
  if (line.number >= 1ull << 40) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("'{}' has more than 2^40 lines", for_terminal(entry.path.string())));
  }
  const uint64_t key = row_key(open_->number, line.number);
  const bool wide = line.number == 1 && !guess_wide_encoding(line.bytes).empty();
  if (line.number == 1 && line.bytes.starts_with(kByteOrderMark)) line.bytes.remove_prefix(3);
  const bool is_text = entry.kind == InputEntry::Kind::kText;
  if ((is_text || line.too_long || !is_blank(line.bytes)) &&
      row_owner(key, inputs_->files.size(), share_.size) == share_.rank) {
    // The view's size alone counts until the batch is full: its bytes may still move.
    batch.rows.push_back({key, line.byte, line.bytes, line.too_long});
    batch.bytes.insert(batch.bytes.end(), line.bytes.begin(), line.bytes.end());
  }
  if (wide && !is_text) {  // UTF-16 has no lines that could be told apart: one broken record
    Line skipped;
    for (bool more = true; more;) {
      YURAI_ASSIGN(more, open_->lines.next(skipped));
    }
    open_->done = true;
  }
  return true;
}

Result<Document> parse_row(const InputEntry& entry, const RawRow& row, const FieldMap& map) {
  const bool is_text = entry.kind == InputEntry::Kind::kText;
  if (row.too_long) {
    return bad(fmt::format("{} of more than {} bytes", is_text ? "a text file" : "a line",
                           kMaxRecordBytes));
  }
  if (!is_text) {
    if (row_line(row.key) == 1 && !guess_wide_encoding(row.bytes).empty()) {
      return bad("not UTF-8 at byte 0" + encoding_hint(row.bytes));
    }
    return parse_record(row.bytes, map);
  }
  YURAI_TRY(check_text_file(row.bytes));
  Document document;
  document.text = row.bytes;
  document.title = for_terminal(entry.path.filename().string());
  return document;
}

Result<std::string> row_line_of(const InputEntry& entry, const RawRow& row) {
  if (entry.kind == InputEntry::Kind::kJsonLines) return std::string(row.bytes);
  YURAI_ASSIGN(const Document document, parse_row(entry, row, default_field_map()));
  return dump_json({{"title", document.title}, {"text", document.text}});
}

}  // namespace yurai

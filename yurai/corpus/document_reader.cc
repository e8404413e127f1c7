#include "yurai/corpus/document_reader.h"

#include <fmt/format.h>

#include "yurai/base/terminal.h"
#include "yurai/corpus/encoding.h"
#include "yurai/corpus/parquet.h"
#include "yurai/corpus/warc_document.h"

namespace yurai {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

void set_unreadable(std::string reason, InputRecord& record) {
  record.kind = InputRecord::Kind::kUnreadable;
  record.reason = std::move(reason);
}

std::string wide_text(std::string_view bytes) {
  return "not UTF-8 at byte 0" + encoding_hint(bytes);
}

/// What the readers of lines share.
class LinesReader : public DocumentReader {
 public:
  LinesReader(InputFile file, const ReadOptions& options)
      : options_(options), file_(std::move(file)), lines_(file_, options.max_record_bytes) {}

  std::string_view unit() const override { return "line"; }
  uint64_t stored_bytes_read() const override { return file_.stored_bytes_read(); }
  Result<std::string> stored_sha256() override { return file_.stored_sha256(); }

 protected:
  static void begin_record(const Line& line, InputRecord& record) {
    record.kind = InputRecord::Kind::kDocument;
    record.number = line.number;
    record.byte = line.byte;
    record.json = {};
  }

  ReadOptions options_;
  InputFile file_;
  LineReader lines_;
};

class JsonLinesReader final : public LinesReader {
 public:
  using LinesReader::LinesReader;

  Result<bool> next(InputRecord& record) override {
    Line line;
    do {
      YURAI_ASSIGN(const bool more, lines_.next(line));
      if (!more) return false;
      if (line.number == 1) {
        // UTF-16 has no lines that could be told apart bytewise: the file is one broken record.
        if (!guess_wide_encoding(line.bytes).empty()) {
          begin_record(line, record);
          set_unreadable(wide_text(line.bytes), record);
          YURAI_TRY(skip_rest());
          return true;
        }
        if (line.bytes.starts_with(kByteOrderMark)) line.bytes.remove_prefix(3);
      }
    } while (!line.too_long && is_blank(line.bytes));

    begin_record(line, record);
    if (line.too_long) {
      set_unreadable(fmt::format("a line of more than {} bytes", options_.max_record_bytes),
                     record);
      return true;
    }
    record.json = line.bytes;
    auto document = parse_record(line.bytes, options_.map);
    if (document) {
      record.document = std::move(*document);
    } else {
      set_unreadable(document.error().message, record);
    }
    return true;
  }

 private:
  Result<void> skip_rest() {
    Line line;
    for (bool more = true; more;) {
      YURAI_ASSIGN(more, lines_.next(line));
    }
    return {};
  }
};

/// A file that is one document.
class WholeTextReader final : public LinesReader {
 public:
  WholeTextReader(InputFile file, const ReadOptions& options, std::string title)
      : LinesReader(std::move(file), options), title_(std::move(title)) {}

  Result<bool> next(InputRecord& record) override {
    if (done_) return false;
    done_ = true;
    Line whole;
    YURAI_TRY(lines_.rest(whole));
    begin_record(whole, record);
    if (whole.bytes.starts_with(kByteOrderMark)) whole.bytes.remove_prefix(3);
    if (auto text = check(whole); !text) {
      set_unreadable(text.error().message, record);
      return true;
    }
    record.document = Document{};
    record.document.text = whole.bytes;
    record.document.title = title_;
    return true;
  }

 private:
  Result<void> check(const Line& whole) const {
    if (whole.too_long) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("a text file of more than {} bytes", options_.max_record_bytes));
    }
    return check_text_file(whole.bytes);
  }

  std::string title_;
  bool done_ = false;
};

}  // namespace

Result<std::unique_ptr<DocumentReader>> DocumentReader::open(const InputEntry& entry,
                                                             const ReadOptions& options) {
  if (entry.kind == InputEntry::Kind::kParquet) return open_parquet(entry, options);
  YURAI_ASSIGN(InputFile file,
               InputFile::open(entry.path, entry.compression, options.decompression));
  switch (entry.kind) {
    case InputEntry::Kind::kWarc:
      return open_warc(std::move(file), entry.path, options);
    case InputEntry::Kind::kText:
      return std::make_unique<WholeTextReader>(std::move(file), options,
                                               for_terminal(entry.path.filename().string()));
    case InputEntry::Kind::kJsonLines:
    case InputEntry::Kind::kParquet:
      break;
  }
  return std::make_unique<JsonLinesReader>(std::move(file), options);
}

}  // namespace yurai

#include "yurai/corpus/parquet.h"

#include <duckdb.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRowGroupRows = 4096;
constexpr uint64_t kMaxBatchBytes = 16 << 20;
constexpr size_t kMaxMessageBytes = 500;

/// A database in memory for one file: one thread, so that rows keep their order; no extension is
/// fetched, nothing is spilled beside the user's files.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open() {
    auto session = std::unique_ptr<Session>(new Session);
    duckdb_config config = nullptr;
    if (duckdb_create_config(&config) != DuckDBSuccess) {
      return fail(ErrorCode::kResourceExhausted, "no memory for DuckDB");
    }
    for (const auto& [name, value] :
         {std::pair{"threads", "1"}, std::pair{"memory_limit", "4GB"},
          std::pair{"temp_directory", ""}, std::pair{"preserve_insertion_order", "true"},
          std::pair{"autoinstall_known_extensions", "false"},
          std::pair{"autoload_known_extensions", "false"}}) {
      duckdb_set_config(config, name, value);
    }
    char* message = nullptr;
    const bool opened =
        duckdb_open_ext(nullptr, &session->database_, config, &message) == DuckDBSuccess;
    duckdb_destroy_config(&config);
    if (!opened || duckdb_connect(session->database_, &session->connection_) != DuckDBSuccess) {
      const std::string reason = message == nullptr ? "unknown reason" : message;
      duckdb_free(message);
      return fail(ErrorCode::kIo, "DuckDB does not start: " + for_terminal(reason));
    }
    return session;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (connection_ != nullptr) duckdb_disconnect(&connection_);
    if (database_ != nullptr) duckdb_close(&database_);
  }

  duckdb_connection connection() const { return connection_; }

 private:
  Session() = default;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

/// The answer to a statement; with `streaming` its chunks are made as they are fetched.
class Answer {
 public:
  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
    if (done_) duckdb_destroy_result(&result_);
  }

  Result<void> run(const Session& session, const std::string& sql, bool streaming) {
    duckdb_prepared_statement statement = nullptr;
    duckdb_pending_result pending = nullptr;
    std::string message;
    if (duckdb_prepare(session.connection(), sql.c_str(), &statement) != DuckDBSuccess) {
      message = duckdb_prepare_error(statement);
    } else if ((streaming ? duckdb_pending_prepared_streaming(statement, &pending)
                          : duckdb_pending_prepared(statement, &pending)) != DuckDBSuccess) {
      message = duckdb_pending_error(pending);
    } else {
      done_ = true;
      if (duckdb_execute_pending(pending, &result_) != DuckDBSuccess) {
        message = duckdb_result_error(&result_);
      }
    }
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&statement);
    if (message.empty()) return {};
    return fail(ErrorCode::kCorrupt, for_terminal(message.substr(0, kMaxMessageBytes)));
  }

  /// The next chunk; false after the last.
  Result<bool> next_chunk() {
    if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
    chunk_ = duckdb_fetch_chunk(result_);
    if (chunk_ != nullptr) return duckdb_data_chunk_get_size(chunk_) > 0;
    const char* message = duckdb_result_error(&result_);
    if (message == nullptr || *message == '\0') return false;
    return fail(ErrorCode::kCorrupt,
                for_terminal(std::string(message).substr(0, kMaxMessageBytes)));
  }

  uint64_t num_rows() const { return duckdb_data_chunk_get_size(chunk_); }

  /// A string of the chunk; nothing for null.
  std::optional<std::string> text(uint64_t column, uint64_t row) const {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, column);
    uint64_t* validity = duckdb_vector_get_validity(vector);
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) return std::nullopt;
    auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
    return std::string(duckdb_string_t_data(&strings[row]), duckdb_string_t_length(strings[row]));
  }

 private:
  duckdb_result result_{};
  bool done_ = false;
  duckdb_data_chunk chunk_ = nullptr;
};

std::string in_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

/// read_parquet('/absolute/path'). A name that DuckDB would take for a pattern is refused.
Result<std::string> table_of(const fs::path& path) {
  const std::string name = fs::absolute(path).string();
  if (name.find_first_of("*?[]{}") != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}': the path of a Parquet file must not hold * ? [ ] {{ }}; rename "
                            "it",
                            for_terminal(path.string())));
  }
  return fmt::format("read_parquet({}, hive_partitioning = false)", in_quotes(name, '\''));
}

class ParquetReader final : public DocumentReader {
 public:
  ParquetReader(const InputEntry& entry, std::unique_ptr<Session> session)
      : path_(entry.path), stored_bytes_(entry.bytes), session_(std::move(session)) {}

  Result<void> start(const ReadOptions& options) {
    YURAI_ASSIGN(const std::string table, table_of(path_));
    YURAI_TRY(named(choose_columns(table, options)));
    return named(answer_.run(*session_, select_, /*streaming=*/true));
  }

  Result<bool> next(InputRecord& record) override {
    while (row_ >= num_rows_) {
      YURAI_ASSIGN(const bool more, named(answer_.next_chunk()));
      if (!more) {
        bytes_read_ = stored_bytes_;
        return false;
      }
      row_ = 0;
      num_rows_ = answer_.num_rows();
    }
    record.kind = InputRecord::Kind::kDocument;
    record.document = Document{};
    record.json = {};
    record.number = ++num_records_;
    record.byte = 0;
    bool has_text = false;
    for (size_t i = 0; i < columns_.size(); ++i) {
      std::optional<std::string> value = answer_.text(i, row_);
      if (columns_[i] == &Document::text) has_text = value.has_value();
      if (value) record.document.*columns_[i] = std::move(*value);
    }
    ++row_;
    if (!has_text) {
      record.kind = InputRecord::Kind::kUnreadable;
      record.reason = "the text is null";
    }
    if (total_rows_ > 0) {
      bytes_read_ = static_cast<uint64_t>(static_cast<double>(stored_bytes_) *
                                          static_cast<double>(num_records_) /
                                          static_cast<double>(total_rows_));
    }
    return true;
  }

  std::string_view unit() const override { return "record"; }
  uint64_t stored_bytes_read() const override { return bytes_read_; }

  Result<std::string> stored_sha256() override {
    YURAI_ASSIGN(const ReadableFile file, ReadableFile::open(path_));
    Sha256 hash;
    std::vector<char> buffer(1 << 20);
    for (uint64_t offset = 0;;) {
      YURAI_ASSIGN(const size_t got, file.read(offset, buffer));
      if (got == 0) return hash.hex();
      hash.update({buffer.data(), got});
      offset += got;
    }
  }

 private:
  /// Puts the file's name before DuckDB's words.
  template <class T>
  Result<T> named(Result<T> result) const {
    if (result) return result;
    return fail(result.error().code,
                fmt::format("'{}': {}", for_terminal(path_.string()), result.error().message));
  }

  Result<void> choose_columns(const std::string& table, const ReadOptions& options) {
    Answer count;
    YURAI_TRY(count.run(*session_, "SELECT count(*)::VARCHAR FROM " + table, false));
    YURAI_ASSIGN(const bool counted, count.next_chunk());
    if (counted) total_rows_ = std::stoull(count.text(0, 0).value_or("0"));
    Answer description;
    YURAI_TRY(description.run(
        *session_,
        fmt::format("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {})", table),
        false));
    std::string known;
    std::string chosen;
    while (true) {
      YURAI_ASSIGN(const bool more, description.next_chunk());
      if (!more) break;
      for (uint64_t row = 0; row < description.num_rows(); ++row) {
        const std::string name = description.text(0, row).value_or("");
        const std::string type = description.text(1, row).value_or("");
        known += (known.empty() ? "" : ", ") + name;
        const auto found = std::find(options.map.begin(), options.map.end(), name);
        if (found == options.map.end()) continue;
        const auto member = kDocumentMembers[static_cast<size_t>(found - options.map.begin())];
        if (member == &Document::text && type != "VARCHAR") {
          return fail(ErrorCode::kInvalidArgument,
                      fmt::format("column '{}' holds {}, not text", for_terminal(name), type));
        }
        chosen += fmt::format("{}{}::VARCHAR", chosen.empty() ? "" : ", ", in_quotes(name, '"'));
        columns_.push_back(member);
      }
    }
    if (std::find(columns_.begin(), columns_.end(), &Document::text) == columns_.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("no column '{}'; its columns are {}; --map text=COLUMN says which "
                              "holds the text",
                              for_terminal(options.map[1]),
                              for_terminal(known.substr(0, kMaxMessageBytes))));
    }
    select_ = fmt::format("SELECT {} FROM {}", chosen, table);
    return {};
  }

  fs::path path_;
  uint64_t stored_bytes_;
  std::unique_ptr<Session> session_;
  Answer answer_;
  std::string select_;
  std::vector<std::string Document::*> columns_;  ///< of the answer
  uint64_t total_rows_ = 0;
  uint64_t num_records_ = 0;
  uint64_t row_ = 0;
  uint64_t num_rows_ = 0;
  uint64_t bytes_read_ = 0;
};

/// The documents of a corpus as a table that DuckDB reads while it writes.
struct DocumentTable {
  const Corpus* corpus;
  const Progress* progress;
  uint64_t next = 0;
  std::optional<Error> error{};
};

void bind_table(duckdb_bind_info info) {
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  for (const std::string_view field : kDocumentFields) {
    duckdb_bind_add_result_column(info, std::string(field).c_str(), text);
  }
  duckdb_destroy_logical_type(&text);
}

void init_table(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }

void fill_table(duckdb_function_info info, duckdb_data_chunk output) {
  auto& table = *static_cast<DocumentTable*>(duckdb_function_get_extra_info(info));
  const uint64_t num_documents = table.corpus->num_documents();
  uint64_t row = 0;
  for (uint64_t bytes = 0;
       row < duckdb_vector_size() && table.next < num_documents && bytes < kMaxBatchBytes; ++row) {
    const auto document = table.corpus->document(table.next++);
    if (!document) {
      table.error = document.error();
      duckdb_function_set_error(info, "the corpus can't be read");
      return;
    }
    for (size_t i = 0; i < kDocumentFields.size(); ++i) {
      const std::string& value = (*document).*kDocumentMembers[i];
      const duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
      if (value.empty() && kDocumentMembers[i] != &Document::text) {
        duckdb_vector_ensure_validity_writable(vector);
        duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
      } else {
        duckdb_vector_assign_string_element_len(vector, row, value.data(), value.size());
        bytes += value.size();
      }
    }
  }
  (*table.progress)("write", table.next, num_documents);
  duckdb_data_chunk_set_size(output, row);
}

}  // namespace

bool parquet_supported() { return true; }

Result<std::unique_ptr<DocumentReader>> open_parquet(const InputEntry& entry,
                                                     const ReadOptions& options) {
  YURAI_ASSIGN(std::unique_ptr<Session> session, Session::open());
  auto reader = std::make_unique<ParquetReader>(entry, std::move(session));
  YURAI_TRY(reader->start(options));
  return reader;
}

Result<void> write_parquet(const Corpus& corpus, const fs::path& file, const Progress& progress) {
  YURAI_ASSIGN(const std::unique_ptr<Session> session, Session::open());
  DocumentTable table{&corpus, &progress};
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "yurai_documents");
  duckdb_table_function_set_extra_info(function, &table, nullptr);
  duckdb_table_function_set_bind(function, bind_table);
  duckdb_table_function_set_init(function, init_table);
  duckdb_table_function_set_function(function, fill_table);
  const bool registered =
      duckdb_register_table_function(session->connection(), function) == DuckDBSuccess;
  duckdb_destroy_table_function(&function);
  if (!registered) return fail(ErrorCode::kIo, "DuckDB does not take the table of documents");
  Answer answer;
  const auto written = answer.run(
      *session,
      fmt::format("COPY (SELECT * FROM yurai_documents()) TO {} (FORMAT parquet, COMPRESSION zstd, "
                  "ROW_GROUP_SIZE {})",
                  in_quotes(fs::absolute(file).string(), '\''), kRowGroupRows),
      false);
  if (table.error) return fail(std::move(*table.error));
  if (written) return {};
  return fail(ErrorCode::kIo,
              fmt::format("write '{}': {}", for_terminal(file.string()), written.error().message));
}

}  // namespace yurai

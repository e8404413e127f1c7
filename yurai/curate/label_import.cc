#include "yurai/curate/label_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "yurai/base/ascii.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/curate/label_csv.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxVotes = 10'000;
constexpr size_t kMaxLabelBytes = 1000;
enum Field { kSha256, kAnnotator, kLabel, kText };

/// One row of a file by the names that the file uses.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

Result<uint64_t> parse_votes(const std::string& name, const std::string& text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty()) return 0;
  if (error != std::errc() || end != text.data() + text.size() || count > kMaxVotes) {
    return bad(fmt::format("'{}' is no number of votes from 0 to {} (column '{}')",
                           for_terminal(text.substr(0, 40)), kMaxVotes, for_terminal(name)));
  }
  return count;
}

/// The rows that one row of a file stands for: one, or one a vote.
Result<std::vector<LabelRow>> to_rows(const LabelImportOptions& options, const Lookup& lookup) {
  LabelRow row;
  row.text = lookup(options.map[kText]).value_or("");
  row.sha256 = to_lower(lookup(options.map[kSha256]).value_or(""));
  row.annotator = lookup(options.map[kAnnotator]).value_or("");
  if (row.text.empty() && row.sha256.empty()) return bad("neither a text nor its sha256");
  if (find_invalid_utf8(row.text)) return bad("the text is not UTF-8");
  if (!row.sha256.empty() && !is_sha256(row.sha256)) return bad("sha256 is not 64 hex digits");
  if (!row.text.empty()) {
    std::string hash = sha256_hex(row.text);
    if (!row.sha256.empty() && row.sha256 != hash) {
      return bad("sha256 is not that of the text: which document is meant is not known");
    }
    row.sha256 = std::move(hash);
  }
  std::vector<LabelRow> rows;
  if (options.votes.empty()) {
    row.label = lookup(options.map[kLabel]).value_or("");
    if (row.label.empty()) return bad("no label");
    if (row.label.size() > kMaxLabelBytes) return bad("a label of more than 1000 bytes");
    rows.push_back(std::move(row));
    return rows;
  }
  for (const std::string& name : options.votes) {
    YURAI_ASSIGN(const uint64_t count, parse_votes(name, lookup(name).value_or("")));
    for (uint64_t i = 0; i < count; ++i) {
      rows.push_back(row);
      rows.back().label = name;
      rows.back().annotator = fmt::format("{}", rows.size());
    }
  }
  if (rows.empty()) return bad("no votes");
  return rows;
}

class Importer {
 public:
  Importer(const std::filesystem::path& path, const LabelImportOptions& options,
           const LabelSink& sink, const Progress& progress, InputFile file)
      : name_(for_terminal(path.filename().string())),
        path_(path),
        options_(options),
        sink_(sink),
        progress_(progress),
        file_(std::move(file)) {}

  Result<ManifestFile> read(bool csv) {
    std::error_code status;
    total_ = std::filesystem::file_size(path_, status);
    YURAI_TRY(csv ? read_csv() : read_json_lines());
    return ManifestFile{name_, file_.stored_bytes_read(), file_.stored_sha256()};
  }

 private:
  Result<void> read_csv() {
    CsvReader reader(file_);
    CsvRow header;
    YURAI_ASSIGN(const bool any, reader.next(header));
    if (!any || !header.problem.empty()) {
      return bad(
          fmt::format("'{}': its first line must name the columns", for_terminal(path_.string())));
    }
    YURAI_TRY(check_columns(header.fields));
    CsvRow row;
    while (true) {
      YURAI_ASSIGN(const bool more, reader.next(row));
      if (!more) return {};
      progress_("labels", file_.stored_bytes_read(), total_);
      if (row.problem.empty() && row.fields.size() != header.fields.size()) {
        row.problem =
            fmt::format("{} fields; the header has {}", row.fields.size(), header.fields.size());
      }
      if (!row.problem.empty()) {
        YURAI_TRY(sink_.reject(name_, row.number, row.byte, row.problem));
        continue;
      }
      YURAI_TRY(add(row.number, row.byte, [&](const std::string& name) {
        const auto found = std::find(header.fields.begin(), header.fields.end(), name);
        return found == header.fields.end()
                   ? std::nullopt
                   : std::optional(row.fields[static_cast<size_t>(found - header.fields.begin())]);
      }));
    }
  }

  Result<void> check_columns(const std::vector<std::string>& names) const {
    const auto has = [&](const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::vector<std::string> wanted = options_.votes;
    if (wanted.empty()) wanted.push_back(options_.map[kLabel]);
    if (!has(options_.map[kSha256])) wanted.push_back(options_.map[kText]);
    for (const std::string& name : wanted) {
      if (has(name)) continue;
      std::string known;
      for (const std::string& column : names) known += (known.empty() ? "" : ", ") + column;
      return bad(
          fmt::format("'{}' has no column '{}'; its columns are {}; --map says which is "
                      "which",
                      for_terminal(path_.string()), for_terminal(name), for_terminal(known)));
    }
    return {};
  }

  Result<void> read_json_lines() {
    LineReader lines(file_);
    Line line;
    while (true) {
      YURAI_ASSIGN(const bool more, lines.next(line));
      if (!more) return {};
      progress_("labels", file_.stored_bytes_read(), total_);
      if (line.number == 1 && line.bytes.starts_with("\xef\xbb\xbf")) line.bytes.remove_prefix(3);
      if (!line.too_long && line.bytes.find_first_not_of(" \t\r") == line.bytes.npos) continue;
      const auto json = line.too_long ? Result<Json>(bad("a line that is too long"))
                                      : parse_json(line.bytes, "the line");
      if (!json || !json->is_object()) {
        YURAI_TRY(sink_.reject(name_, line.number, line.byte,
                               json ? "the line is no JSON object" : json.error().message));
        continue;
      }
      YURAI_TRY(add(line.number, line.byte, [&](const std::string& name) {
        const auto found = json->find(name);
        if (found == json->end() || found->is_null()) return std::optional<std::string>();
        // Numbers and true are labels too, as JSON writes them.
        return std::optional(found->is_string() ? found->get<std::string>() : dump_json(*found));
      }));
    }
  }

  Result<void> add(uint64_t record, uint64_t byte, const Lookup& lookup) {
    auto rows = to_rows(options_, lookup);
    if (!rows) return sink_.reject(name_, record, byte, rows.error().message);
    for (LabelRow& row : *rows) sink_.add(std::move(row));
    return {};
  }

  std::string name_;
  const std::filesystem::path& path_;
  const LabelImportOptions& options_;
  const LabelSink& sink_;
  const Progress& progress_;
  InputFile file_;
  uint64_t total_ = 0;
};

}  // namespace

Result<std::array<std::string, 4>> parse_label_map(std::string_view text) {
  std::array<std::string, 4> map = LabelImportOptions{}.map;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const size_t equals = pair.find('=');
    const auto field = std::find(kLabelFields.begin(), kLabelFields.end(), pair.substr(0, equals));
    if (equals == pair.npos || equals + 1 == pair.size() || field == kLabelFields.end()) {
      return bad(
          fmt::format("'{}': write ours=theirs, such as text=content,label=toxic; ours are "
                      "sha256, annotator, label and text",
                      for_terminal(pair)));
    }
    map[static_cast<size_t>(field - kLabelFields.begin())] = pair.substr(equals + 1);
  }
  return map;
}

Result<ManifestFile> read_label_file(const std::filesystem::path& path,
                                     const LabelImportOptions& options, const LabelSink& sink,
                                     const Progress& progress) {
  std::filesystem::path name = path.filename();
  Compression compression = Compression::kNone;
  if (name.extension() == ".gz") compression = Compression::kGzip;
  if (name.extension() == ".zst") compression = Compression::kZstd;
  if (compression != Compression::kNone) name = name.stem();
  const bool csv = name.extension() == ".csv";
  if (!csv && name.extension() != ".jsonl" && name.extension() != ".ndjson") {
    return bad(
        fmt::format("'{}': files of labels end in .csv, .jsonl or .ndjson, each also with "
                    ".gz or .zst",
                    for_terminal(path.string())));
  }
  YURAI_ASSIGN(InputFile file, InputFile::open(path, compression));
  return Importer(path, options, sink, progress, std::move(file)).read(csv);
}

Result<ManifestFile> attach_texts(const std::filesystem::path& dir, std::vector<LabelRow>& rows,
                                  const Progress& progress) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(dir));
  std::unordered_map<std::string, std::vector<LabelRow*>> wanted;
  for (LabelRow& row : rows) {
    if (row.text.empty()) wanted[row.sha256].push_back(&row);
  }
  for (uint64_t number = 0; number < corpus.num_documents() && !wanted.empty(); ++number) {
    progress("texts", number, corpus.num_documents());
    YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(number));
    const auto found = wanted.find(sha256);
    if (found == wanted.end()) continue;
    YURAI_ASSIGN(const Document document, corpus.document(number));
    for (LabelRow* row : found->second) row->text = document.text;
    wanted.erase(found);
  }
  return ManifestFile{"corpus", corpus.identity().bytes, corpus.identity().corpus_sha256};
}

}  // namespace yurai

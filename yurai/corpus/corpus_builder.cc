#include "yurai/corpus/corpus_builder.h"

#include <fmt/format.h>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/encoding.h"

namespace yurai {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Reads inputs into a corpus, one after another.
class Builder {
 public:
  Builder(const CorpusBuildOptions& options, CorpusWriter writer)
      : options_(options), writer_(std::move(writer)) {}

  /// `on_read` is told how many bytes of the file, as it is on the disk, are read.
  Result<ManifestFile> read(const InputEntry& entry, const std::function<void(uint64_t)>& on_read) {
    YURAI_ASSIGN(InputFile file,
                 InputFile::open(entry.path, entry.compression, options_.decompression));
    LineReader lines(file, options_.max_record_bytes);
    if (entry.kind == InputEntry::Kind::kText) {
      YURAI_TRY(read_text(entry, lines));
    } else {
      YURAI_TRY(read_json_lines(entry, file, lines, on_read));
    }
    return ManifestFile{entry.name, file.stored_bytes_read(), file.stored_sha256()};
  }

  Result<CorpusSummary> finish(Manifest manifest) { return writer_.finish(std::move(manifest)); }

 private:
  Result<void> read_json_lines(const InputEntry& entry, const InputFile& file, LineReader& lines,
                               const std::function<void(uint64_t)>& on_read) {
    Line line;
    for (uint64_t told = 0;;) {
      YURAI_ASSIGN(const bool more, lines.next(line));
      if (!more) return {};
      if (file.stored_bytes_read() != told) on_read(told = file.stored_bytes_read());
      if (line.number == 1) {
        // UTF-16 has no lines that could be told apart bytewise: the file is one broken record.
        if (!guess_wide_encoding(line.bytes).empty()) {
          YURAI_TRY(reject(entry, line, wide_text(line.bytes)));
          return skip(lines);
        }
        if (line.bytes.starts_with(kByteOrderMark)) line.bytes.remove_prefix(3);
      }
      YURAI_TRY(add_line(entry, line));
    }
  }

  Result<void> add_line(const InputEntry& entry, const Line& line) {
    if (line.too_long) return reject(entry, line, too_long("a line"));
    if (is_blank(line.bytes)) return {};
    auto document = parse_record(line.bytes, options_.map);
    if (!document) return reject(entry, line, document.error().message);
    return add(entry, line, std::move(*document));
  }

  Result<void> read_text(const InputEntry& entry, LineReader& lines) {
    Line whole;
    YURAI_TRY(lines.rest(whole));
    if (whole.too_long) return reject(entry, whole, too_long("a text file"));
    if (!guess_wide_encoding(whole.bytes).empty()) {
      return reject(entry, whole, wide_text(whole.bytes));
    }
    if (whole.bytes.starts_with(kByteOrderMark)) whole.bytes.remove_prefix(3);
    if (const auto good = check_utf8_text(whole.bytes); !good) {
      return reject(entry, whole, good.error().message);
    }
    // Of all encodings, only this one's bytes are valid UTF-8 other than by chance: ASCII.
    if (guess_encoding(whole.bytes) == "ISO-2022-JP") {
      return reject(entry, whole, "not UTF-8" + encoding_hint(whole.bytes));
    }
    Document document;
    document.text = whole.bytes;
    document.title = for_terminal(entry.path.filename().string());
    return add(entry, whole, std::move(document));
  }

  Result<void> add(const InputEntry& entry, const Line& line, Document document) {
    for (const auto member : {&Document::source, &Document::license, &Document::lang}) {
      if ((document.*member).empty()) document.*member = options_.defaults.*member;
    }
    auto added = writer_.add(std::move(document));
    if (added || added.error().code != ErrorCode::kInvalidArgument) return added;
    return reject(entry, line, added.error().message);
  }

  Result<void> reject(const InputEntry& entry, const Line& line, const std::string& reason) {
    if (options_.strict) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}', line {} (byte {}): {}; without --strict it would go to "
                              "rejects.jsonl",
                              for_terminal(entry.path.string()), line.number, line.byte, reason));
    }
    return writer_.reject({entry.name, line.number, line.byte, reason});
  }

  static Result<void> skip(LineReader& lines) {
    Line line;
    for (bool more = true; more;) {
      YURAI_ASSIGN(more, lines.next(line));
    }
    return {};
  }

  std::string too_long(std::string_view what) const {
    return fmt::format("{} of more than {} bytes", what, options_.max_record_bytes);
  }
  static std::string wide_text(std::string_view bytes) {
    return "not UTF-8 at byte 0" + encoding_hint(bytes);
  }

  const CorpusBuildOptions& options_;
  CorpusWriter writer_;
};

Json configuration(const CorpusBuildOptions& options) {
  Json map = Json::object();
  for (size_t i = 0; i < options.map.size(); ++i) {
    if (options.map[i] != kDocumentFields[i]) map[std::string(kDocumentFields[i])] = options.map[i];
  }
  return {{"map", std::move(map)},
          {"source", options.defaults.source},
          {"license", options.defaults.license},
          {"lang", options.defaults.lang}};
}

/// A long list of inputs goes into a file of its own, and that into the manifest.
Result<void> list_apart(Manifest& manifest, StagingDirectory& stage) {
  std::string lines;
  for (const ManifestFile& input : manifest.inputs) {
    lines += dump_json({{"name", input.name}, {"bytes", input.bytes}, {"sha256", input.sha256}});
    lines += '\n';
  }
  YURAI_TRY(stage.add_file("inputs.jsonl", lines));
  manifest.inputs = {{"inputs.jsonl", lines.size(), sha256_hex(lines)}};
  return {};
}

}  // namespace

Result<CorpusSummary> build_corpus(const InputList& inputs, const CorpusBuildOptions& options,
                                   StagingDirectory& stage, const Progress& progress) {
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
  Builder builder(options, std::move(writer));
  Manifest manifest;
  manifest.configuration = configuration(options);
  uint64_t bytes_before = 0;
  for (const InputEntry& entry : inputs.files) {
    YURAI_ASSIGN(ManifestFile read, builder.read(entry, [&](uint64_t bytes) {
      progress("read", bytes_before + bytes, inputs.bytes);
    }));
    bytes_before += read.bytes;
    manifest.inputs.push_back(std::move(read));
    progress("read", bytes_before, inputs.bytes);
  }
  if (manifest.inputs.size() > kMaxManifestInputs) YURAI_TRY(list_apart(manifest, stage));
  return builder.finish(std::move(manifest));
}

}  // namespace yurai

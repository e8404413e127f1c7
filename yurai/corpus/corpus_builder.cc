#include "yurai/corpus/corpus_builder.h"

#include <fmt/format.h>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/corpus/lineage.h"

namespace yurai {
namespace {

/// Reads inputs into a corpus, one after another.
class Builder {
 public:
  Builder(const CorpusBuildOptions& options, CorpusWriter writer)
      : options_(options), writer_(std::move(writer)) {}

  /// `on_read` is told how many bytes of the file, as it is on the disk, are read.
  Result<ManifestFile> read(const InputEntry& entry, const std::function<void(uint64_t)>& on_read) {
    const ReadOptions options{options_.map, options_.max_record_bytes, options_.decompression};
    YURAI_ASSIGN(const auto reader, DocumentReader::open(entry, options));
    InputRecord record;
    for (uint64_t told = 0;;) {
      YURAI_ASSIGN(const bool more, reader->next(record));
      if (!more) break;
      if (reader->stored_bytes_read() != told) on_read(told = reader->stored_bytes_read());
      YURAI_TRY(add(entry, reader->unit(), record));
    }
    YURAI_ASSIGN(std::string sha256, reader->stored_sha256());
    return ManifestFile{entry.name, reader->stored_bytes_read(), std::move(sha256)};
  }

  Result<CorpusSummary> finish(Manifest manifest, const Progress& progress) {
    return writer_.finish(std::move(manifest), progress);
  }

 private:
  Result<void> add(const InputEntry& entry, std::string_view unit, InputRecord& record) {
    if (record.kind == InputRecord::Kind::kDocument) {
      for (const auto member : {&Document::source, &Document::license, &Document::lang}) {
        if ((record.document.*member).empty()) record.document.*member = options_.defaults.*member;
      }
      auto added = writer_.add(std::move(record.document));
      if (added || added.error().code != ErrorCode::kInvalidArgument) return added;
      record.kind = InputRecord::Kind::kUnreadable;
      record.reason = std::move(added.error().message);
    }
    if (options_.strict && record.kind == InputRecord::Kind::kUnreadable) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}', {} {} (byte {}): {}; without --strict it would go to "
                              "rejects.jsonl",
                              for_terminal(entry.path.string()), unit, record.number, record.byte,
                              record.reason));
    }
    return writer_.reject({entry.name, record.number, record.byte, record.reason, unit});
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
  YURAI_ASSIGN(manifest.lineage, lineage_of(inputs, manifest.inputs));
  YURAI_TRY(bound_inputs(manifest, stage));
  return builder.finish(std::move(manifest), progress);
}

}  // namespace yurai

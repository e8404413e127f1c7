#pragma once

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/corpus/input_list.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/corpus/record_parser.h"
#include "yurai/record/document.h"

/// Files of documents → a corpus folder: `yurai corpus build`.
///
///     YURAI_ASSIGN(const InputList inputs, list_inputs({"texts/", "more.jsonl.zst"}));
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("corpus", {}));
///     YURAI_ASSIGN(const auto summary, build_corpus(inputs, {}, stage, no_progress));
///     YURAI_TRY(stage.commit());
namespace yurai {

struct CorpusBuildOptions {
  FieldMap map = default_field_map();
  Document defaults{};  ///< source, license and lang of documents that do not say
  bool strict = false;  ///< the first record that cannot be read is an error
  uint64_t max_record_bytes = kMaxRecordBytes;
  DecompressionLimits decompression{};
};

/// Reads the inputs in order and writes all but the commit. A record that cannot be read is written
/// to rejects.jsonl, and the rest goes on; a file that cannot be read is an error. The same inputs
/// and options give the same bytes. Memory: one record, some 200 MiB and up to 48 bytes a document.
Result<CorpusSummary> build_corpus(const InputList& inputs, const CorpusBuildOptions& options,
                                   StagingDirectory& stage, const Progress& progress);

}  // namespace yurai

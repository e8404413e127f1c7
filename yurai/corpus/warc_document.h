#pragma once

#include <filesystem>
#include <memory>

#include "yurai/base/result.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/warc_reader.h"

namespace yurai {

/// A page of more bytes is not taken.
inline constexpr uint64_t kMaxPageBytes = 64ull << 20;

/// A record of a web archive → a document: the running text of a 2xx response or a resource of HTML
/// or plain text, or the text of a conversion (WET). `record.kind` is kLeftOut for other statuses
/// and media types and for pages without text, kUnreadable for what is broken. False: a record that
/// never holds a page (warcinfo, request, metadata, revisit).
bool read_warc_document(const WarcRecord& warc, InputRecord& record);

/// The documents of a web archive.
Result<std::unique_ptr<DocumentReader>> open_warc(InputFile file, std::filesystem::path path,
                                                  const ReadOptions& options);

}  // namespace yurai

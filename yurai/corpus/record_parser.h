#pragma once

#include <array>
#include <string>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/record/document.h"

/// One line of JSONL → a document.
///
///     YURAI_ASSIGN(const FieldMap map, parse_field_map("text=content"));
///     YURAI_ASSIGN(const Document document, parse_record(R"({"content":"abc"})", map));
namespace yurai {

/// The name of each document field in the input, in the order of kDocumentFields.
using FieldMap = std::array<std::string, kDocumentFields.size()>;

/// Every field under its own name.
FieldMap default_field_map();

/// "text=content,id=doc_id": ours=theirs. kInvalidArgument for a name that is not ours or comes
/// twice, and for an empty one.
Result<FieldMap> parse_field_map(std::string_view text);

/// Brackets that may be open at once, the record's own included.
inline constexpr int kMaxNesting = 128;

/// Reads a whole JSON object, strictly as RFC 8259 and UTF-8 say. The mapped members must be
/// strings, null or absent; `text` must be a string; an id may also be a whole number, whose
/// digits it becomes. Other members must be well-formed and are dropped. A mapped member that comes
/// twice is refused: which one was meant is not known.
///
/// Errors are kInvalidArgument and name the byte of the line. Written by hand because a line may
/// have 256 MiB: it needs no memory beside the document, and numbers keep their digits. Checked
/// against nlohmann::json by tests and a fuzzer.
Result<Document> parse_record(std::string_view line, const FieldMap& map);

}  // namespace yurai

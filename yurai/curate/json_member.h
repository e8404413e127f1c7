#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "yurai/curate/filter.h"
#include "yurai/record/document.h"

namespace yurai {

/// Where the value of the member `name` stands in an object that parse_record has read: the bytes
/// of the value alone. None when the object has no such member.
///
///     find_member(R"({"id":1,"text":"a"})", "text") → [15, 18)
std::optional<ByteSpan> find_member(std::string_view object, std::string_view name);

/// The object with another string as the value of `name`; all other bytes stay.
std::string with_member(std::string_view object, std::string_view name, std::string_view value);

/// A document as an object of its stated fields, the text first.
std::string document_line(const Document& document, std::string_view text);

}  // namespace yurai

#include <cstdint>
#include <cstdlib>
#include <string>

#include "yurai/base/json.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/record_parser.h"

/// Any line of JSONL: what parse_record takes, nlohmann::json reads alike, and what it refuses is
/// refused with a message in UTF-8.
namespace yurai {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void parse(const std::string& line) {
  const auto document = parse_record(line, default_field_map());
  if (!document) {
    check(document.error().code == ErrorCode::kInvalidArgument);
    check(!find_invalid_utf8(document.error().message));
    return;
  }
  const auto json = parse_json(line, "record", kMaxNesting);
  if (!json) {  // a number that no double holds is no concern of ours
    check(json.error().message.find("number overflow") != std::string::npos);
    return;
  }
  check(json->is_object());
  for (size_t i = 0; i < kDocumentFields.size(); ++i) {
    const std::string& field = (*document).*kDocumentMembers[i];
    check(!find_invalid_utf8(field));
    const auto member = json->find(kDocumentFields[i]);
    if (member == json->end() || !member->is_string()) continue;
    check(field == member->get<std::string>());
  }
}

}  // namespace
}  // namespace yurai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  yurai::parse(std::string(reinterpret_cast<const char*>(bytes), size));
  return 0;
}

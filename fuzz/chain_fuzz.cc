#include <cstddef>
#include <cstdint>
#include <string_view>

#include "yurai/base/utf8.h"
#include "yurai/curate/chain.h"

/// A chain's TOML, a NUL byte, a document: whatever the bytes are, there is an error or a decision.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t border = std::min(bytes.find('\0'), bytes.size());
  const auto chain = Chain::parse(bytes.substr(0, border), "fuzz", {}, {});
  if (!chain) return 0;
  Document document;
  document.text = bytes.substr(std::min(border + 1, bytes.size()));
  if (find_invalid_utf8(document.text)) return 0;
  const Decision all = chain->decide(document, true);
  const Decision needed = chain->decide(document, false);
  YURAI_CHECK(all.dropped_by == needed.dropped_by);
  YURAI_CHECK(!find_invalid_utf8(all.text(document)));
  return 0;
}

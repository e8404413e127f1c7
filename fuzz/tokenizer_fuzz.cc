#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/tokenizer.h"

/// A tokenizer's file, JSON or SentencePiece: no bytes crash the reader, and one that opens gives
/// ranges within the text and text that is UTF-8, also of the file itself.
namespace {

void use(const yurai::Tokenizer& tokenizer, std::string_view text) {
  using namespace yurai;
  const auto tokens = tokenizer.encode(text, {.add_special = true});
  if (!tokens) return;  // no unk_id, a pattern that goes on for ever, …
  for (const Token& token : *tokens) {
    if (token.byte_begin > token.byte_end || token.byte_end > text.size()) std::abort();
    if (token.id >= tokenizer.vocabulary_size()) std::abort();
    if (char_floor(text, token.byte_begin) != token.byte_begin) std::abort();
  }
  const auto decoded = tokenizer.decode(ids_of(*tokens));
  if (decoded && find_invalid_utf8(*decoded)) std::abort();
  if (tokenizer.encode(text, {.add_special = true}).value() != *tokens) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = Tokenizer::parse(file, "fuzz");
  if (!tokenizer) return 0;
  use(**tokenizer, "ab ab日本\né  </s> e\xCC\x81 123");
  use(**tokenizer, std::string(200, 'a'));
  if (!find_invalid_utf8(file)) use(**tokenizer, file.substr(0, char_floor(file, 2000)));
  return 0;
}

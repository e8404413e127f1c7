#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "yurai/base/utf8.h"
#include "yurai/lm/chat_template.h"

/// A chat template: no bytes crash, hang or exhaust the reader and interpreter, and what one prints
/// is UTF-8 and the same each time.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  const auto chat = ChatTemplate::parse({reinterpret_cast<const char*>(data), size});
  if (!chat) return 0;
  static const Json messages = Json::parse(
      R"([{"role":"system","content":"　短く答えて\n"},{"role":"user","content":"a <think>\nb</think> c"},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{"x":[1,2.5]}}}]}])");
  const ChatRenderOptions options{.bos = "<s>", .eos = "</s>"};
  const auto prompt = chat->render(messages, options);
  if (prompt && find_invalid_utf8(*prompt)) std::abort();
  const auto again = chat->render(messages, options);
  if (prompt.has_value() != again.has_value() || (prompt && *prompt != *again)) std::abort();
  return 0;
}

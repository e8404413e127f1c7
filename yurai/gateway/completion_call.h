#pragma once

#include <cstdint>
#include <string>

#include "yurai/base/json.h"
#include "yurai/gateway/http.h"
#include "yurai/gateway/request_body.h"
#include "yurai/lm/language_model.h"

/// A call of /v1/completions or /v1/chat/completions, and its answer in OpenAI's shapes, for a
/// model of our own. One character is one token. Pure functions of their arguments.
namespace yurai {

struct CompletionCall {
  GenerateRequest generate;
  bool chat = false;
  bool stream = false;
  bool include_usage = false;
  bool logprobs = false;
  bool echo = false;
};

/// Members that we don't know are passed over, as OpenAI's servers do. What we know and cannot do
/// (several choices, token ids as prompt) is refused by name. Without a seed, `fresh_seed` is used.
ApiResult<CompletionCall> read_completion_call(const RequestBody& body, bool chat,
                                               uint64_t fresh_seed);

/// Shapes the answer to one call.
class CompletionAnswer {
 public:
  /// `id` without its prefix; `created` in seconds since 1970.
  CompletionAnswer(const CompletionCall& call, std::string model, std::string id, int64_t created);

  /// The whole answer.
  Json whole(const Generation& generation) const;

  // The chunks of a stream, in this order.
  Json first() const;
  Json piece(std::string_view text, const std::vector<GeneratedSymbol>& symbols);
  Json last(std::string_view finish_reason) const;
  Json usage(uint64_t num_symbols) const;

 private:
  Json envelope(std::string_view object) const;
  Json chunk(Json choice) const;
  Json choice_of_text(std::string_view text, Json logprobs, Json finish_reason) const;
  Json logprobs_of(const std::vector<GeneratedSymbol>& symbols, uint64_t first_char) const;
  Json usage_counts(uint64_t num_symbols) const;

  const CompletionCall& call_;
  std::string model_;
  std::string id_;
  int64_t created_;
  uint64_t prompt_chars_ = 0;
  uint64_t sent_chars_ = 0;
};

/// Symbols that are text: not the end of a document.
uint64_t num_text_symbols(const std::vector<GeneratedSymbol>& symbols);

}  // namespace yurai

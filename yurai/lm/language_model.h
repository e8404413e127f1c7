#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// What answers. Implemented by the n-gram model over an index, by transformers, and by a remote
/// OpenAI-compatible API.
namespace yurai {

struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant"
  std::string content;
};

/// Which tokens may be drawn; the default lets all of them.
struct TokenFilter {
  uint64_t top_k = 0;             ///< the so many most probable; 0: all
  double top_p = 1;               ///< the fewest whose probabilities add up to this
  double min_p = 0;               ///< at least so probable, relative to the most probable
  double repetition_penalty = 1;  ///< what is in the text is less likely (Keskar et al. 2019)
};

struct GenerateRequest {
  std::string prompt;                 ///< text to continue; used when `messages` is empty
  std::vector<ChatMessage> messages;  ///< a conversation
  uint64_t max_chars = 200;           ///< characters (n-gram) or tokens (others)
  double temperature = 1;             ///< 0: the most probable symbol
  TokenFilter filter{};               ///< of transformers
  uint64_t seed = 0;
  std::vector<std::string> stop;  ///< generation ends before the first of these
};

/// One step of a generation. Counts are the n-gram model's evidence, tokens the transformers';
/// other models leave them empty.
struct GeneratedSymbol {
  std::string text;                       ///< empty: the end of a document
  std::optional<double> probability;      ///< under the model, before temperature
  std::optional<uint64_t> context_chars;  ///< length of the context that was found in the corpus
  std::optional<uint64_t> context_count;  ///< the denominator
  std::optional<uint64_t> count;          ///< the numerator
  std::vector<uint32_t> tokens{};         ///< several where one alone ends inside a character
};

struct Generation {
  std::string text;           ///< without the prompt
  std::string finish_reason;  ///< "stop" or "length"; a remote model's own word
  std::vector<GeneratedSymbol> symbols;
};

Json to_json(const Generation& generation);

/// Thread-safe.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  /// The name that requests use, such as "ngram".
  virtual std::string_view id() const = 0;
  /// Called for every symbol as it comes; returning false cancels (kCancelled).
  using OnSymbol = std::function<bool(const GeneratedSymbol&)>;
  virtual Result<Generation> generate(const GenerateRequest& request,
                                      const OnSymbol& on_symbol) const = 0;
  /// What it costs to predict targets[i] from tokens[0..i], in nats: of a model of our own that has
  /// tokens. kInvalidArgument: this one has none.
  virtual Result<std::vector<float>> token_nats(std::span<const int32_t> tokens,
                                                std::span<const int32_t> targets) const;
};

}  // namespace yurai

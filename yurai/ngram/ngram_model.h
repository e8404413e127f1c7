#pragma once

#include <cstdint>
#include <string_view>

#include "yurai/index/corpus_index.h"
#include "yurai/lm/language_model.h"

/// The unbounded n-gram model: P(next | context) = count(context·next) / count(context), read
/// straight from an index, with the numerator and the denominator beside every symbol.
///
///     const NgramModel model(index);
///     GenerateRequest request;
///     request.prompt = "吾輩は";
///     YURAI_ASSIGN(const Generation text, model.generate(request, print_symbol));
namespace yurai {

struct NgramOptions {
  uint64_t max_context_chars = 24;
  uint64_t min_count = 2;  ///< a longer context that occurs less often is not used
};

/// The longest suffix of `text`, of at most `max_context_chars`, that occurs at least `min_count`
/// times; else the empty one. O(log max_context_chars) counts. Over `word` points a context begins
/// at a word border of `text` (its start is one): elsewhere counts would miss occurrences.
Result<std::string_view> find_ngram_context(IndexSession& session, PointMode points,
                                            std::string_view text, const NgramOptions& options);

/// Symbols are characters, and the end of a document, which ends the generation ("stop"). A seed
/// gives the same text on every machine; of equally probable symbols temperature 0 takes the
/// smallest code point, the end of a document before all. Of a conversation the last user message
/// is continued. Over `word` points the empty context stands for a word border, and what follows it
/// is read as the beginning of a word: its distribution, too, sums to 1.
class NgramModel final : public LanguageModel {
 public:
  /// The index must outlive the model.
  explicit NgramModel(const CorpusIndex& index, NgramOptions options = {});

  std::string_view id() const override { return "ngram"; }
  /// kInvalidArgument: text that is not UTF-8, a temperature that is none, no user message, an
  /// empty stop string, more than 16 of them or one of more than 256 bytes.
  Result<Generation> generate(const GenerateRequest& request,
                              const OnSymbol& on_symbol) const override;

 private:
  const CorpusIndex& index_;
  NgramOptions options_;
};

}  // namespace yurai

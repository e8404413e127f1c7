#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/record/document.h"

/// What a traced answer is: spans of it that stand word for word in the corpus, their documents,
/// and whom they are credited to. Offsets are half-open; `byte_*` count UTF-8 bytes, `char_*` code
/// points.
namespace yurai {

/// Whether occurrences may begin at every character (`char`) or only at word borders (`word`).
enum class PointMode { kChar, kWord };
std::string_view name(PointMode points);

/// A training step that read bytes of a document.
struct Exposure {
  std::string stage;  ///< "pretrain", …
  uint64_t step = 0;
  uint32_t epoch = 0;
  uint64_t byte_begin = 0;  ///< what the step read at once, into the document's text
  uint64_t byte_end = 0;
  std::optional<double> loss_nats;  ///< a token, before the step's update
};

/// When a model read an occurrence, and what its tokens cost it.
struct Exposures {
  std::vector<Exposure> seen;        ///< by step, the first kMaxShown
  uint64_t total = 0;                ///< steps, those that are not listed included
  std::optional<double> loss_first;  ///< nats a token when it was read for the first time
  std::optional<double> loss_last;   ///< for the last time
  std::optional<double> loss_now;    ///< of the model as it is, over what loss_last is of
  bool held_out = false;    ///< the document was kept apart for validation, and not trained on
  bool exact_bytes = true;  ///< false: another trainer's ledger, which knows documents, not bytes

  static constexpr size_t kMaxShown = 100;
};

/// What an occurrence that was found in folded text has beside others.
struct FoldedMatch {
  uint64_t char_begin = 0;  ///< into the document's text
  uint64_t char_end = 0;
  std::vector<std::string_view> differs;  ///< kinds of difference from the answer; docs/text.md
};

/// One occurrence of a text in a document.
struct Occurrence {
  Document document;  ///< without its text
  uint64_t document_number = 0;
  uint64_t byte_begin = 0;  ///< into the document's text
  uint64_t byte_end = 0;
  std::string before;  ///< up to 40 characters
  std::string match;
  std::string after;  ///< up to 40 characters
  std::optional<FoldedMatch> folded{};
  std::optional<Exposures> exposures{};  ///< where a run's ledger was asked
};

struct Span {
  uint64_t byte_begin = 0;  ///< into the answer
  uint64_t byte_end = 0;
  uint64_t char_begin = 0;
  uint64_t char_end = 0;
  std::string text;
  uint64_t count = 0;         ///< occurrences in the corpus
  double score = 0;           ///< -ln of the expected occurrences by chance, in nats
  double chance_per_10k = 0;  ///< spans at least this strong in 10,000 characters of unrelated text
  uint64_t documents_total = 0;
  bool credit_truncated = false;  ///< more than 1,000 documents: the first 1,000 share the credit
  std::vector<Occurrence> documents;  ///< best first, one occurrence a document
  /// Of a span that was found in folded text: what differs in any of the documents shown, or in
  /// the best one.
  std::optional<std::vector<std::string_view>> differs;
};

struct Credit {
  std::string source;
  std::string license;
  double share = 0;  ///< of the answer's bytes
  uint64_t documents = 0;
};

struct CorpusIdentity {
  std::string corpus_sha256;
  uint64_t documents = 0;
  uint64_t bytes = 0;  ///< of text
};

struct Trace {
  std::string text;
  double coverage = 0;
  double uncovered_share = 1;
  PointMode points = PointMode::kChar;
  std::vector<Span> spans;
  std::vector<Credit> credits;
  CorpusIdentity index;
};

/// The JSON of the command line and of the server; an unknown field of a document is null.
Json to_json(const Occurrence& occurrence);
Json to_json(const Trace& trace);

}  // namespace yurai

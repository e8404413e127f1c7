#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/curate/chain.h"
#include "yurai/record/manifest.h"

/// The decision ledger: a row for every document that was read, kept or not, with what every step
/// measured. docs/formats/decisions.md.
///
///     YURAI_ASSIGN(const DecisionLedger ledger, DecisionLedger::open("filtered"));
///     YURAI_TRY(ledger.for_each([&](const DecisionRow& row) { … return true; }));
namespace yurai {

inline constexpr std::string_view kDecisionsFormat = "yurai-filtered";
inline constexpr uint64_t kDecisionsVersion = 2;
inline constexpr std::string_view kDecisionsStem = "ledger/decisions";

/// A piece of text around a span of evidence.
struct Excerpt {
  std::string before{};
  std::string match{};
  std::string after{};
};

/// Excerpts a row keeps of the step that dropped the document.
inline constexpr size_t kMaxExcerpts = 3;

/// What a step found, as the ledger keeps it.
struct DecisionValue {
  std::optional<double> value{};          ///< none: there was nothing to measure
  bool at_least = false;                  ///< counting stopped there
  std::optional<uint64_t> bytes_after{};  ///< of text, where the step changed it
  std::vector<ByteSpan> evidence{};       ///< into the text as the step saw it
  std::vector<uint64_t> by_kind{};        ///< one for each of the step's kinds, or none at all
};

struct DecisionRow {
  std::string sha256{};  ///< of the document's text as it was read: the key
  std::string id{};      ///< "sha256:" and 16 digits, where the input gives none
  uint64_t input = 0;    ///< which of the manifest's inputs it came from …
  uint64_t line = 0;     ///< … and where in it, from 1; for people, never a key
  uint64_t bytes = 0;    ///< of text, as read
  std::string source{};  ///< this and the next three: empty where not stated
  std::string license{};
  std::string lang{};
  std::string host{};                                  ///< of its URL
  std::optional<size_t> dropped_by{};                  ///< the step; none: kept
  std::vector<std::optional<DecisionValue>> values{};  ///< one a step; none: it did not run
  std::vector<Excerpt> excerpts{};  ///< of the step that dropped it; without places, the text's
                                    ///< beginning as `after` alone

  bool kept() const { return !dropped_by; }
  /// Of text, after the edits of the steps that ran.
  uint64_t bytes_after() const;
};

/// A step as ledger/chain.json names it.
struct LedgerStep {
  std::string name{};
  std::string filter{};
  std::string unit{};
  bool edits = false;
  Bounds bounds{};
  std::vector<std::string> kinds{};  ///< what the step counts apart
};
std::vector<LedgerStep> ledger_steps(const Chain& chain);

/// Fills all but `input` and `line`.
DecisionRow make_decision_row(const Document& document, const Chain& chain,
                              const Decision& decision);
Json to_json(const Excerpt& excerpt);
/// One line of the ledger, without its end.
std::string decision_line(const DecisionRow& row, const std::vector<LedgerStep>& steps);
Result<DecisionRow> parse_decision_line(std::string_view line,
                                        const std::vector<LedgerStep>& steps);

/// The rows of those of `files` (in `dir`) that are parts of a ledger, in order, until `visit`
/// returns false. kCorrupt when a part is not what its hash says.
Result<void> for_each_decision(const std::filesystem::path& dir,
                               const std::vector<ManifestFile>& files,
                               const std::vector<LedgerStep>& steps,
                               const std::function<bool(const DecisionRow&)>& visit,
                               const Progress& progress = no_progress);

/// A ledger, opened for reading. Thread-safe.
class DecisionLedger {
 public:
  /// `dir`: the OUT of `yurai corpus filter`.
  static Result<DecisionLedger> open(const std::filesystem::path& dir);

  const std::vector<LedgerStep>& steps() const { return steps_; }
  const Manifest& manifest() const { return manifest_; }
  /// What a row's `input` counts.
  Result<std::vector<ManifestFile>> inputs() const { return read_inputs(dir_, manifest_); }
  const Json& summary() const { return summary_; }  ///< ledger/summary.json
  /// kInvalidArgument for an unknown step, listing the known ones.
  Result<size_t> find_step(std::string_view name) const;

  /// All rows, in input order, until `visit` returns false.
  Result<void> for_each(const std::function<bool(const DecisionRow&)>& visit,
                        const Progress& progress = no_progress) const {
    return for_each_decision(dir_, manifest_.files, steps_, visit, progress);
  }

 private:
  std::filesystem::path dir_;
  Manifest manifest_;
  std::vector<LedgerStep> steps_;
  Json summary_;
};

}  // namespace yurai

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/curate/label_agreement.h"
#include "yurai/record/manifest.h"

/// People's labels of documents, keyed by the SHA-256 of the text: never by a line's number, so
/// that no blank line, duplicate or other order moves a label. docs/formats/labels.md.
///
///     YURAI_TRY(import_labels({"votes.csv"}, options, stage, no_progress));   // yurai corpus
///     label import YURAI_ASSIGN(const LabelSet labels, LabelSet::open("labels"));
namespace yurai {

inline constexpr std::string_view kLabelsFormat = "yurai-labels";
inline constexpr uint64_t kLabelsVersion = 1;

/// What one annotator says of one text.
struct LabelRow {
  std::string sha256;     ///< of the text, 64 hex digits
  std::string annotator;  ///< may be empty: unknown
  std::string label;
  std::string text;  ///< may be empty: not known here

  auto operator<=>(const LabelRow&) const = default;
};

/// The fields in files: JSON members and CSV columns.
inline constexpr std::array<std::string_view, 4> kLabelFields = {"sha256", "annotator", "label",
                                                                 "text"};

struct LabelImportOptions {
  /// The name of each of kLabelFields in the input.
  std::array<std::string, 4> map = {"sha256", "annotator", "label", "text"};
  /// Columns that count votes: their name is the label, each vote becomes a row of its own.
  std::vector<std::string> votes{};
  std::filesystem::path corpus{};  ///< gives rows without text theirs, by hash; empty: none
};

/// "text=content,label=toxic": ours=theirs.
Result<std::array<std::string, 4>> parse_label_map(std::string_view text);

struct LabelSummary {
  uint64_t labels = 0;        ///< rows kept
  uint64_t documents = 0;     ///< different texts
  uint64_t duplicates = 0;    ///< rows that say again what another one says
  uint64_t conflicts = 0;     ///< documents of which one annotator says two things; both are kept
  uint64_t without_text = 0;  ///< rows whose text is not known
  uint64_t rejected = 0;      ///< rows in rejects.jsonl
};
Json to_json(const LabelSummary& summary);

/// Reads .csv and .jsonl files (also .gz, .zst) and writes labels.jsonl, rejects.jsonl and the
/// manifest. The same rows in any order and number of times give the same labels.jsonl.
Result<LabelSummary> import_labels(const std::vector<std::filesystem::path>& files,
                                   const LabelImportOptions& options, StagingDirectory& stage,
                                   const Progress& progress);

/// A text and all that was said of it.
struct LabeledText {
  std::string sha256;
  std::string text;
  std::map<std::string, uint64_t> labels;  ///< label → how many said it
};

/// An opened folder of labels. Immutable.
class LabelSet {
 public:
  static Result<LabelSet> open(const std::filesystem::path& dir);

  /// Ascending by (sha256, annotator, label); no two alike.
  const std::vector<LabelRow>& rows() const { return rows_; }
  /// By hash, ascending.
  std::vector<LabeledText> texts() const;
  /// label → number of rows, ascending by label.
  std::map<std::string, uint64_t> label_counts() const;
  /// Lineage: the folder's labels.jsonl, and the folder.
  const ManifestFile& file() const { return file_; }
  const Manifest& manifest() const { return manifest_; }

 private:
  std::vector<LabelRow> rows_;
  ManifestFile file_;
  Manifest manifest_;
};

/// kInvalidArgument for a suffix that is neither.
Result<void> check_label_file_name(const std::filesystem::path& file);

/// Writes rows as .jsonl or .csv, by the suffix.
Result<void> export_labels(const LabelSet& labels, const std::filesystem::path& file,
                           const NewFile::Options& options);

/// The labels of each document as ranks in `order`; kInvalidArgument for a label that `order`
/// lacks.
Result<std::vector<UnitLabels>> to_units(const LabelSet& labels,
                                         const std::vector<std::string>& order);

}  // namespace yurai

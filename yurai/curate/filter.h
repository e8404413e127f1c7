#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/record/document.h"
#include "yurai/record/manifest.h"

/// A filter measures one number of a document, and may change its text; the chain compares the
/// number with the step's bounds. A new filter is a file in filters/ and a line in filters.cc:
///
///     class NotEmpty final : public Filter {
///      public:
///       Measurement measure(const Subject& subject, bool) const override {
///         return {.value = is_blank(subject.text) ? 0.0 : 1.0};
///       }
///     };
///     constexpr FilterInfo kFilters[] = {{.name = "not_empty", .unit = "yes", .min = 1, …,
///       .make = [](FilterOptions&) -> MadeFilter { return std::make_unique<NotEmpty>(); }}};
///     std::span<const FilterInfo> basic_filters() { return kFilters; }
namespace yurai {

/// Half-open, in bytes of UTF-8.
struct ByteSpan {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool operator==(const ByteSpan&) const = default;
};

/// What a filter looks at.
struct Subject {
  std::string_view text;     ///< UTF-8; after the edits of earlier steps
  const Document& document;  ///< the other fields; its own text is the unedited one
};

/// Spans a step keeps as evidence.
inline constexpr size_t kMaxEvidence = 16;

struct Measurement {
  std::optional<double> value{};     ///< none: there was nothing to measure, and the document stays
  bool at_least = false;             ///< counting stopped at `value`, which the bounds refuse
  std::vector<ByteSpan> evidence{};  ///< into the subject's text; at most kMaxEvidence
  std::optional<std::string> text{};  ///< the new text, where an edit changed it
  std::vector<uint64_t> by_kind{};    ///< of a count: one for each of the filter's kinds
  std::optional<Error> error{};       ///< what it measures with cannot be read: the run ends
};

/// Immutable and thread-safe once made. `measure` depends on nothing but the subject and the
/// options.
class Filter {
 public:
  virtual ~Filter() = default;
  /// With `exact`, counts go on beyond the step's bounds: `at_least` stays false.
  virtual Measurement measure(const Subject& subject, bool exact) const = 0;
  /// What the filter counts apart, such as "email" and "phone"; most count one thing.
  virtual std::vector<std::string> kinds() const { return {}; }
};

using MadeFilter = Result<std::unique_ptr<Filter>>;

/// The bounds within which a document stays: min <= value <= max.
struct Bounds {
  std::optional<double> min{};
  std::optional<double> max{};
  bool hold(double value) const { return (!min || value >= *min) && (!max || value <= *max); }
  bool operator==(const Bounds&) const = default;
};

/// The options of one step: what the chain says, else what the table says. Every getter fails with
/// a message that names the step and the option.
class FilterOptions {
 public:
  /// `values`: the step's TOML table as JSON. Relative names of files are looked up in `words` for
  /// `word_list`, else in `base` (the folder of the chain's file).
  FilterOptions(std::string step, Json values, std::filesystem::path words,
                std::filesystem::path base)
      : step_(std::move(step)),
        values_(std::move(values)),
        words_(std::move(words)),
        base_(std::move(base)) {}

  /// The step's bounds, for filters that may stop counting.
  const Bounds& bounds() const { return bounds_; }
  void set_bounds(const Bounds& bounds) { bounds_ = bounds; }
  /// The upper bound of a step whose chain says nothing of `max`.
  void set_default_max(double max) {
    if (!says_max_) bounds_.max = max;
  }
  void set_says_max(bool says_max) { says_max_ = says_max; }
  bool says_max() const { return says_max_; }

  bool has(std::string_view name) const { return values_.contains(name); }
  Result<double> number(std::string_view name, double fallback) const;
  Result<uint64_t> count(std::string_view name, uint64_t fallback) const;
  Result<bool> flag(std::string_view name, bool fallback) const;
  Result<std::string> string(std::string_view name, std::string_view fallback) const;
  Result<std::vector<std::string>> strings(std::string_view name) const;

  /// The lines of the list file that option `name` names, without the spaces around them and blank
  /// lines. Looked for in --words DIR.
  Result<std::vector<std::string>> word_list(std::string_view name);
  /// The path of the file or folder that option `name` names.
  Result<std::filesystem::path> path(std::string_view name) const;
  /// Puts a file that shapes the decisions into the manifest's inputs.
  void add_input(ManifestFile file) { inputs_.push_back(std::move(file)); }
  const std::vector<ManifestFile>& inputs() const { return inputs_; }
  /// The same for a folder of ours that shapes them, such as a model: it goes into the lineage.
  void add_artefact(Manifest manifest) { artefacts_.push_back(std::move(manifest)); }
  const std::vector<Manifest>& artefacts() const { return artefacts_; }

  /// "step 'adult': option 'list': …"
  tl::unexpected<Error> bad(std::string_view option, std::string_view what,
                            ErrorCode code = ErrorCode::kInvalidArgument) const;

 private:
  std::string step_;
  Json values_;
  std::filesystem::path words_;
  std::filesystem::path base_;
  Bounds bounds_;
  bool says_max_ = true;
  std::vector<ManifestFile> inputs_;
  std::vector<Manifest> artefacts_;
};

/// An option of a filter beside `min`, `max` and `as`.
struct OptionInfo {
  std::string_view name;
  std::string_view fallback{};  ///< as TOML writes it; empty: it must be given
  std::string_view english;
  std::string_view japanese;
};

/// A row of the table of filters: what `yurai corpus filters` prints.
struct FilterInfo {
  std::string_view name;
  std::string_view unit;  ///< of the number: "ratio", "characters", "hits", "yes" (1 or 0)
  Bounds bounds{};        ///< the defaults
  bool edits = false;     ///< whether it may change the text
  bool secret = false;    ///< its evidence is never shown as text
  std::span<const OptionInfo> options{};
  std::string_view source{};  ///< where the rule was published
  std::string_view english{};
  std::string_view japanese{};
  MadeFilter (*make)(FilterOptions& options) = nullptr;
};

/// Every filter, in the order of the manual.
std::vector<const FilterInfo*> all_filters();

/// kInvalidArgument for an unknown name, listing the known ones.
Result<const FilterInfo*> find_filter(std::string_view name);

Json to_json(const FilterInfo& info, bool japanese);

}  // namespace yurai

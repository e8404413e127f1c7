#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/curate/decisions.h"

/// What a chain did to a corpus, counted row by row: ledger/summary.json
/// (docs/formats/decisions.md).
namespace yurai {

/// Documents whose value lies in [from, to).
struct HistogramBin {
  double from = 0;
  double to = 0;
  uint64_t documents = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0;  ///< by this step
};

/// Bins of sixteen steps a power of two, on both sides of zero; zero has its own.
///
///     histogram_bin(0.3) lies in [0.296875, 0.3125)
int64_t histogram_bin(double value);
double histogram_bin_from(int64_t bin);

/// The bins as at most `max_bars` neighbours without gaps, each the same number of bins wide; zero
/// has a bar of its own. Where the values are whole numbers, bars that hold none are left out and
/// begin and end at one.
std::vector<HistogramBin> histogram_bars(const std::map<int64_t, HistogramBin>& bins,
                                         size_t max_bars, bool whole);

/// What a step counted of one kind.
struct KindCount {
  uint64_t documents = 0;  ///< with any
  uint64_t count = 0;
};

struct StepFunnel {
  std::string step{};
  uint64_t ran = 0;
  uint64_t bytes = 0;  ///< of text, as read, of the documents it ran on
  uint64_t dropped = 0;
  uint64_t dropped_bytes = 0;
  uint64_t edited = 0;
  uint64_t unmeasured = 0;  ///< there was nothing to measure
  uint64_t above_zero = 0;  ///< documents whose value is above 0
  double sum = 0;           ///< of the values: of a count, how many there were in all
  std::optional<double> min{};
  std::optional<double> max{};
  std::map<int64_t, HistogramBin> bins{};
  std::vector<KindCount> by_kind{};  ///< one for each of the step's kinds
};

/// Documents that share a licence, a source, a language or a host.
struct KeptGroup {
  std::string name{};  ///< empty: not stated
  uint64_t documents = 0;
  uint64_t bytes = 0;
  uint64_t kept = 0;
  uint64_t kept_bytes = 0;
};

/// Not thread-safe.
class Funnel {
 public:
  /// Of each kind of group, names beyond the first `max_names` are counted together.
  explicit Funnel(std::vector<LedgerStep> steps, size_t max_names = 1'000'000);

  void add(const DecisionRow& row);
  /// A record that is no document.
  void add_reject(InputRecord::Kind kind) {
    ++(kind == InputRecord::Kind::kLeftOut ? left_out_ : rejected_);
  }

  uint64_t documents() const { return total_.documents; }
  uint64_t kept() const { return total_.kept; }
  uint64_t bytes() const { return total_.bytes; }
  uint64_t kept_bytes() const { return total_.kept_bytes; }
  uint64_t kept_bytes_after() const { return kept_bytes_after_; }
  const std::vector<StepFunnel>& steps() const { return funnels_; }
  Json to_json() const;

 private:
  struct Groups {
    std::unordered_map<std::string, KeptGroup> named{};
    KeptGroup other{};  ///< of names beyond the first `max_names_`
  };
  void count_group(const DecisionRow& row, const std::string& name, Groups& groups) const;
  static Json groups_json(const Groups& groups);

  std::vector<LedgerStep> steps_;
  std::vector<StepFunnel> funnels_;
  KeptGroup total_;
  uint64_t kept_bytes_after_ = 0;
  uint64_t rejected_ = 0;
  uint64_t left_out_ = 0;
  size_t max_names_;
  Groups licenses_, sources_, languages_, hosts_;
};

}  // namespace yurai

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
#include "yurai/curate/filter.h"
#include "yurai/record/document.h"
#include "yurai/record/manifest.h"

/// Filters in order, from a TOML file or a built-in name (docs/formats/chain.md).
///
///     YURAI_ASSIGN(const Chain chain, Chain::load("ja_cc", {.words = "words"}));
///     const Decision decision = chain.decide(document, false);
///     if (decision.kept()) use(decision.text(document));
namespace yurai {

struct ChainOptions {
  std::filesystem::path words{};  ///< the folder of word lists; empty: none was given
};

/// One step of a chain.
struct ChainStep {
  std::string name;  ///< `as`, else the filter's name; unique in the chain
  const FilterInfo* info = nullptr;
  Bounds bounds{};
  Json options = Json::object();  ///< as the chain gives them, without name, as, min and max
  std::unique_ptr<Filter> filter{};
};

/// What a step found.
struct StepResult {
  bool ran = false;
  bool passed = true;
  std::optional<double> value{};
  bool at_least = false;
  std::vector<ByteSpan> evidence{};
  std::optional<uint64_t> bytes_after{};  ///< of text, where the step changed it
  std::vector<uint64_t> by_kind{};        ///< one for each of the filter's kinds
};

/// Spent in one step, by one thread. Never part of a result.
struct StepCost {
  uint64_t nanoseconds = 0;
  uint64_t bytes = 0;
  uint64_t documents = 0;
};

struct Decision {
  std::optional<size_t> dropped_by{};        ///< the first step whose bounds refused the value
  std::vector<StepResult> steps{};           ///< one a step of the chain
  std::optional<std::string> edited_text{};  ///< where a step changed it
  /// What the step that dropped it saw, where an earlier step had changed it.
  std::optional<std::string> seen_text{};
  std::optional<Error> error{};  ///< of a filter: there is no decision

  bool kept() const { return !dropped_by; }
  std::string_view text(const Document& document) const {
    return edited_text ? std::string_view(*edited_text) : std::string_view(document.text);
  }
};

/// Immutable and thread-safe.
class Chain {
 public:
  /// `name` is that of a built-in chain, else the path of a TOML file. Everything that can be wrong
  /// is found here, before any document is read: unknown filters and options, bounds that no number
  /// meets, missing word lists.
  static Result<Chain> load(const std::string& name, const ChainOptions& options);
  /// The same from the text of a TOML file; `base`: the folder that relative paths start from.
  static Result<Chain> parse(std::string_view toml, std::string_view name,
                             const std::filesystem::path& base, const ChainOptions& options);

  std::span<const ChainStep> steps() const { return steps_; }
  std::optional<size_t> find_step(std::string_view name) const;

  /// Runs the steps in order, up to the first that refuses the document; with `measure_all` through
  /// all of them, counting exactly, as if each had passed. `costs`: empty, or one a step to add to.
  Decision decide(const Document& document, bool measure_all, std::span<StepCost> costs = {}) const;

  /// [{"step","filter","min","max",options …}, …]: what the manifest and ledger/chain.json hold.
  Json to_json() const;
  /// The word lists and models that the steps read.
  const std::vector<ManifestFile>& inputs() const { return inputs_; }
  /// The folders of ours among them.
  const std::vector<Manifest>& artefacts() const { return artefacts_; }

 private:
  std::vector<ChainStep> steps_;
  std::vector<ManifestFile> inputs_;
  std::vector<Manifest> artefacts_;
};

/// A chain that the program brings along.
struct BuiltinChain {
  std::string_view name;
  std::string_view toml;
  std::string_view english;
  std::string_view japanese;
};
std::span<const BuiltinChain> builtin_chains();

}  // namespace yurai

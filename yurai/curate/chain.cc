#include "yurai/curate/chain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/chain_toml.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kMaxChainBytes = 1 << 20;
constexpr size_t kMaxSteps = 1000;

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

const BuiltinChain* find_builtin(std::string_view name) {
  const auto chains = builtin_chains();
  const auto found =
      std::find_if(chains.begin(), chains.end(), [&](const auto& c) { return c.name == name; });
  return found == chains.end() ? nullptr : &*found;
}

std::string builtin_names() {
  std::vector<std::string_view> names;
  for (const BuiltinChain& chain : builtin_chains()) names.push_back(chain.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<std::optional<double>> read_bound(const Json& table, const std::string& step,
                                         const char* name, std::optional<double> fallback) {
  if (!table.contains(name)) return fallback;
  const Json& value = table[name];
  if (value == "none") return std::optional<double>();
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    return bad(fmt::format("step '{}': '{}' must be a number, or \"none\" for no bound",
                           for_terminal(step), name));
  }
  return std::optional<double>(value.get<double>());
}

Result<void> check_options(const ChainStep& step) {
  std::vector<std::string_view> known = {"name", "as", "min", "max"};
  for (const OptionInfo& option : step.info->options) known.push_back(option.name);
  for (const auto& [key, value] : step.options.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return bad(fmt::format("step '{}': filter '{}' has no option '{}'; it has {}",
                             for_terminal(step.name), step.info->name, for_terminal(key),
                             fmt::join(known, ", ")));
    }
  }
  for (const OptionInfo& option : step.info->options) {
    if (option.fallback.empty() && !step.options.contains(option.name)) {
      return bad(fmt::format("step '{}': option '{}' of filter '{}' must be given ({})",
                             for_terminal(step.name), option.name, step.info->name,
                             option.english));
    }
  }
  return {};
}

/// Puts the options of the [change.STEP] tables into the steps that they name.
Result<void> change_steps(const Json& changes, std::string_view name, std::vector<Json>& steps) {
  for (const auto& change : changes.items()) {
    const std::string& step_name = change.key();
    const Json& options = change.value();
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const Json& table) {
      return table.value("as", table.value("name", "")) == step_name;
    });
    if (step == steps.end()) {
      return bad(fmt::format("chain '{}': there is no step '{}' to change", for_terminal(name),
                             for_terminal(step_name)));
    }
    if (!options.is_object() || options.contains("name") || options.contains("as")) {
      return bad(fmt::format("chain '{}': [change.{}] must hold options; name and as stay",
                             for_terminal(name), for_terminal(step_name)));
    }
    step->update(options);
  }
  return {};
}

/// The steps of a TOML text as JSON tables, with the steps of the chains it names in their place.
Result<void> collect_steps(std::string_view toml, std::string_view name, int depth,
                           std::vector<Json>& steps) {
  if (depth > 4) return bad(fmt::format("chain '{}' names itself", for_terminal(name)));
  YURAI_ASSIGN(const Json chain, toml_to_json(toml, name));
  for (const auto& [key, value] : chain.items()) {
    if (key != "filter" && key != "change") {
      return bad(
          fmt::format("chain '{}': '{}' is unknown; a chain is a list of [[filter]] tables "
                      "and [change.STEP] tables",
                      for_terminal(name), for_terminal(key)));
    }
  }
  if (!chain.contains("filter") || !chain["filter"].is_array() || chain["filter"].empty()) {
    return bad(fmt::format("chain '{}' has no [[filter]] table", for_terminal(name)));
  }
  for (const Json& step : chain["filter"]) {
    if (!step.is_object()) {
      return bad(fmt::format("chain '{}': 'filter' must be a list of tables: write [[filter]]",
                             for_terminal(name)));
    }
    if (step.contains("chain")) {
      const BuiltinChain* other =
          step["chain"].is_string() ? find_builtin(step["chain"].get<std::string>()) : nullptr;
      if (other == nullptr || step.size() != 1) {
        return bad(fmt::format("chain '{}': 'chain' must stand alone and name one of {}",
                               for_terminal(name), builtin_names()));
      }
      YURAI_TRY(collect_steps(other->toml, other->name, depth + 1, steps));
      continue;
    }
    if (!step.contains("name") || !step["name"].is_string()) {
      return bad(fmt::format("chain '{}': filter number {} has no name = \"…\"", for_terminal(name),
                             steps.size() + 1));
    }
    if (step.contains("as") && !step["as"].is_string()) {
      return bad(fmt::format("chain '{}': 'as' must be a string", for_terminal(name)));
    }
    steps.push_back(step);
    if (steps.size() > kMaxSteps) {
      return bad(fmt::format("chain '{}' has more than {} steps", for_terminal(name), kMaxSteps));
    }
  }
  return chain.contains("change") ? change_steps(chain["change"], name, steps) : Result<void>();
}

Result<ChainStep> make_step(Json table, const fs::path& base, const ChainOptions& options,
                            std::vector<ManifestFile>& inputs, std::vector<Manifest>& artefacts) {
  ChainStep step;
  YURAI_ASSIGN(step.info, find_filter(table["name"].get<std::string>()));
  step.name = step.info->name;
  if (table.contains("as")) {
    step.name = table["as"].get<std::string>();
    if (step.name.empty()) return bad(fmt::format("step '{}': 'as' is empty", step.info->name));
  }
  YURAI_ASSIGN(step.bounds.min, read_bound(table, step.name, "min", step.info->bounds.min));
  YURAI_ASSIGN(step.bounds.max, read_bound(table, step.name, "max", step.info->bounds.max));
  if (step.bounds.min && step.bounds.max && *step.bounds.min > *step.bounds.max) {
    return bad(fmt::format("step '{}': min {} is above max {}: no document would stay",
                           for_terminal(step.name), *step.bounds.min, *step.bounds.max));
  }
  for (const char* key : {"name", "as", "min", "max"}) table.erase(key);
  step.options = std::move(table);
  YURAI_TRY(check_options(step));
  FilterOptions given(step.name, step.options, options.words, base);
  given.set_bounds(step.bounds);
  YURAI_ASSIGN(step.filter, step.info->make(given));
  for (const ManifestFile& input : given.inputs()) {
    const bool known = std::any_of(inputs.begin(), inputs.end(), [&](const ManifestFile& other) {
      return other.name == input.name && other.sha256 == input.sha256;
    });
    if (!known) inputs.push_back(input);
  }
  artefacts.insert(artefacts.end(), given.artefacts().begin(), given.artefacts().end());
  return step;
}

}  // namespace

Result<Chain> Chain::parse(std::string_view toml, std::string_view name, const fs::path& base,
                           const ChainOptions& options) {
  std::vector<Json> tables;
  YURAI_TRY(collect_steps(toml, name, 0, tables));
  Chain chain;
  for (Json& table : tables) {
    auto step = make_step(std::move(table), base, options, chain.inputs_, chain.artefacts_);
    if (!step) {
      return fail(step.error().code,
                  fmt::format("chain '{}': {}", for_terminal(name), step.error().message));
    }
    if (chain.find_step(step->name)) {
      return bad(
          fmt::format("chain '{}': two steps are called '{}'; give one another name with "
                      "as = \"…\"",
                      for_terminal(name), for_terminal(step->name)));
    }
    chain.steps_.push_back(std::move(*step));
  }
  return chain;
}

Result<Chain> Chain::load(const std::string& name, const ChainOptions& options) {
  if (const BuiltinChain* builtin = find_builtin(name)) {
    return parse(builtin->toml, builtin->name, {}, options);
  }
  auto toml = read_file(name, kMaxChainBytes);
  if (!toml && toml.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is neither a TOML file nor a built-in chain ({})",
                            for_terminal(name), builtin_names()));
  }
  if (!toml) return fail(std::move(toml).error());
  return parse(*toml, fs::path(name).filename().string(), fs::path(name).parent_path(), options);
}

std::optional<size_t> Chain::find_step(std::string_view name) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].name == name) return i;
  }
  return std::nullopt;
}

Decision Chain::decide(const Document& document, bool measure_all,
                       std::span<StepCost> costs) const {
  using Clock = std::chrono::steady_clock;
  Decision decision;
  decision.steps.resize(steps_.size());
  Clock::time_point begin = costs.empty() ? Clock::time_point() : Clock::now();
  for (size_t i = 0; i < steps_.size(); ++i) {
    const std::string_view text = decision.text(document);
    Measurement found = steps_[i].filter->measure({text, document}, measure_all);
    if (found.error) {
      decision.error = std::move(found.error);
      return decision;
    }
    StepResult& result = decision.steps[i];
    result.ran = true;
    result.value = found.value;
    result.at_least = found.at_least;
    result.evidence = std::move(found.evidence);
    result.by_kind = std::move(found.by_kind);
    result.passed = !found.value || steps_[i].bounds.hold(*found.value);
    if (!costs.empty()) {
      const Clock::time_point end = Clock::now();
      costs[i].nanoseconds += static_cast<uint64_t>((end - begin).count());
      costs[i].bytes += text.size();
      ++costs[i].documents;
      begin = end;
    }
    if (!result.passed && !decision.dropped_by) {
      decision.dropped_by = i;
      decision.seen_text = decision.edited_text;
    }
    if (found.text) {
      result.bytes_after = found.text->size();
      decision.edited_text = std::move(found.text);
    }
    if (!result.passed && !measure_all) break;
  }
  return decision;
}

Json Chain::to_json() const {
  const auto bound = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  Json list = Json::array();
  for (const ChainStep& step : steps_) {
    list.push_back({{"step", step.name},
                    {"filter", step.info->name},
                    {"unit", step.info->unit},
                    {"edits", step.info->edits},
                    {"min", bound(step.bounds.min)},
                    {"max", bound(step.bounds.max)},
                    {"options", step.options}});
    if (const auto kinds = step.filter->kinds(); !kinds.empty()) list.back()["kinds"] = kinds;
  }
  return list;
}

}  // namespace yurai

#include "yurai/curate/label_model.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

#include "yurai/base/terminal.h"
#include "yurai/curate/label_metrics.h"

namespace yurai {
namespace {

static_assert(std::endian::native == std::endian::little, "weights.bin is little-endian");

constexpr std::string_view kWeightsName = "weights.bin";

std::vector<ScoredLabel> with_labels(const std::vector<LabeledExample>& examples,
                                     std::span<const uint32_t> numbers,
                                     const std::vector<double>& scores) {
  std::vector<ScoredLabel> out;
  for (size_t i = 0; i < numbers.size(); ++i) {
    out.push_back({scores[i], examples[numbers[i]].positive});
  }
  return out;
}

Json configuration(const LabelTrainOptions& options) {
  return {{"positive", options.task.positive},
          {"min_share", options.task.min_share},
          {"min_chars", options.ngrams.min_chars},
          {"max_chars", options.ngrams.max_chars},
          {"bits", options.ngrams.bits},
          {"cost", options.training.cost},
          {"calibration",
           options.calibration == ScoreCalibration::Method::kPlatt ? "platt" : "isotonic"},
          {"folds", options.folds},
          {"precision", or_null(options.precision)}};
}

}  // namespace

Result<void> check_train_options(const LabelTrainOptions& options) {
  YURAI_TRY(check(options.ngrams));
  if (options.precision && !(*options.precision > 0 && *options.precision <= 1)) {
    return fail(ErrorCode::kInvalidArgument, "a wanted precision lies above 0 and is at most 1");
  }
  if (!(options.task.min_share > 0 && options.task.min_share <= 1)) {
    return fail(ErrorCode::kInvalidArgument, "a share of labels lies above 0 and is at most 1");
  }
  if (!(options.training.cost > 0 && options.training.cost <= 1e6)) {
    return fail(ErrorCode::kInvalidArgument, "the cost of an error lies above 0, up to 1000000");
  }
  return {};
}

NgramSets read_ngrams(const std::vector<LabeledExample>& examples,
                      const CharNgramOptions& options) {
  NgramReader reader(options);
  NgramSets sets;
  for (const LabeledExample& example : examples) sets.add(reader.read(example.text));
  return sets;
}

Result<TrainedLabel> train_label(const std::vector<LabeledExample>& examples, const NgramSets& sets,
                                 std::span<const uint32_t> numbers,
                                 const LabelTrainOptions& options) {
  std::vector<bool> positive;
  for (const LabeledExample& example : examples) positive.push_back(example.positive);
  const auto train = [&](std::span<const uint32_t> some) {
    return train_linear(sets, some, positive, options.ngrams.bits, options.training);
  };
  YURAI_ASSIGN(const std::vector<double> margins,
               cross_validate(examples, numbers, options.folds,
                              [&](std::span<const uint32_t> some) -> Result<FoldScorer> {
                                auto model = std::make_shared<LinearModel>(train(some));
                                return
                                    [model, &sets](uint32_t i) { return model->margin(sets[i]); };
                              }));
  TrainedLabel trained;
  const std::vector<ScoredLabel> unseen = with_labels(examples, numbers, margins);
  trained.calibration = fit_calibration(options.calibration, unseen);
  for (const double margin : margins) {
    trained.out_of_fold.push_back(trained.calibration.probability(margin));
  }
  if (options.precision) {
    YURAI_ASSIGN(trained.threshold,
                 threshold_for_precision(with_labels(examples, numbers, trained.out_of_fold),
                                         *options.precision));
  }
  trained.linear = train(numbers);
  return trained;
}

Result<Manifest> train_label_model(const LabelSet& labels, const LabelTrainOptions& options,
                                   StagingDirectory& stage, const Progress& progress) {
  YURAI_TRY(check_train_options(options));
  YURAI_ASSIGN(const std::vector<LabeledExample> examples, to_examples(labels, options.task));
  progress("n-grams", 0, examples.size());
  const NgramSets sets = read_ngrams(examples, options.ngrams);
  std::vector<uint32_t> numbers(examples.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  progress("train", 0, 0);
  YURAI_ASSIGN(const TrainedLabel trained, train_label(examples, sets, numbers, options));

  const std::vector<ScoredLabel> unseen = with_labels(examples, numbers, trained.out_of_fold);
  std::vector<uint64_t> groups;
  uint64_t num_positive = 0;
  for (const LabeledExample& example : examples) {
    groups.push_back(example.group);
    num_positive += example.positive;
  }
  progress("bootstrap", 0, 0);
  const auto at_threshold = [&](std::span<const ScoredLabel> some) {
    return count_at(some, trained.threshold);
  };
  const LabelCounts counts = at_threshold(unseen);
  const auto interval = [&](const ScoreMetric& metric) {
    return to_json(bootstrap(unseen, groups, metric));
  };
  Manifest manifest;
  manifest.format = kLabelModelFormat;
  manifest.format_version = kLabelModelVersion;
  manifest.inputs = {labels.file()};
  add_to_lineage(manifest.lineage, labels.manifest());
  manifest.configuration = configuration(options);
  manifest.facts = {
      {"documents", examples.size()},
      {"positive", num_positive},
      {"bias", trained.linear.bias},
      {"calibration", trained.calibration.to_json()},
      {"threshold", trained.threshold},
      {"unseen",
       {{"auroc", interval(auroc)},
        {"pr_auc", interval(average_precision)},
        {"found", counts.found()},
        {"precision", interval([&](auto some) { return at_threshold(some).precision(); })},
        {"recall", interval([&](auto some) { return at_threshold(some).recall(); })}}}};
  const std::vector<float>& weights = trained.linear.weights;
  YURAI_TRY(stage.add_file(kWeightsName, {reinterpret_cast<const char*>(weights.data()),
                                          weights.size() * sizeof(float)}));
  YURAI_TRY(write_manifest(manifest, stage));
  return manifest;
}

Result<LabelModel> LabelModel::open(const std::filesystem::path& dir) {
  LabelModel model;
  YURAI_ASSIGN(model.manifest_, read_manifest(dir, kLabelModelFormat, kLabelModelVersion));
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("label model '{}': {}; train it again",
                                                 for_terminal(dir.string()), what));
  };
  const Json& configuration = model.manifest_.configuration;
  for (const auto& [name, member] :
       {std::pair{"min_chars", &model.ngrams_.min_chars},
        std::pair{"max_chars", &model.ngrams_.max_chars}, std::pair{"bits", &model.ngrams_.bits}}) {
    YURAI_ASSIGN(const uint64_t value, json_uint(configuration, name));
    *member = static_cast<uint32_t>(std::min<uint64_t>(value, 1000));
  }
  YURAI_TRY(check(model.ngrams_));
  const Json& facts = model.manifest_.facts;
  const auto number = [&](const char* name) {
    const bool there = facts.is_object() && facts.contains(name) && facts[name].is_number();
    return there ? facts[name].get<double>() : std::nan("");
  };
  model.linear_.bias = number("bias");
  model.threshold_ = number("threshold");
  if (!std::isfinite(model.linear_.bias) || !std::isfinite(model.threshold_) ||
      !facts.contains("calibration")) {
    return bad("its manifest lacks bias, threshold or calibration");
  }
  YURAI_ASSIGN(model.calibration_, ScoreCalibration::from_json(facts["calibration"]));
  YURAI_ASSIGN(const std::string bytes, read_manifest_file(dir, model.manifest_, kWeightsName));
  const size_t num_weights = size_t{1} << model.ngrams_.bits;
  if (bytes.size() != num_weights * sizeof(float)) {
    return bad(
        fmt::format("weights.bin has {} bytes, not {}", bytes.size(), num_weights * sizeof(float)));
  }
  model.linear_.weights.resize(num_weights);
  std::memcpy(model.linear_.weights.data(), bytes.data(), bytes.size());
  for (const float weight : model.linear_.weights) {
    if (!std::isfinite(weight)) return bad("a weight is no number");
  }
  return model;
}

bool LabelModel::finds_nothing() const {
  const Json& facts = manifest_.facts;
  return facts.contains("unseen") && facts["unseen"].is_object() &&
         facts["unseen"].value("found", Json()) == 0;
}

double LabelModel::score(std::string_view text) const {
  // The reader's table is a megabyte: one for each thread and size, not for each text.
  thread_local std::unique_ptr<NgramReader> reader;
  if (reader == nullptr || !(reader->options() == ngrams_)) {
    reader = std::make_unique<NgramReader>(ngrams_);
  }
  return calibration_.probability(linear_.margin(reader->read(text)));
}

}  // namespace yurai

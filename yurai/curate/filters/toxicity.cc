#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "yurai/base/terminal.h"
#include "yurai/curate/filter.h"
#include "yurai/curate/label_model.h"

namespace yurai {
namespace {

/// The score of a label model that the user trained: `yurai corpus label train`.
class Toxicity final : public Filter {
 public:
  explicit Toxicity(LabelModel model) : model_(std::move(model)) {}

  Measurement measure(const Subject& subject, bool) const override {
    return {.value = model_.score(subject.text)};
  }

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const std::filesystem::path dir, options.path("model"));
    auto model = LabelModel::open(dir);
    if (!model) return options.bad("model", model.error().message, model.error().code);
    if (!options.says_max() && model->finds_nothing()) {
      return options.bad(
          "model", fmt::format("names '{}', whose threshold {} none of its unseen texts reached: "
                               "the step would drop nothing; train it again with --precision or "
                               "more labels, or give the step a max of your own",
                               for_terminal(dir.string()), model->threshold()));
    }
    for (const ManifestFile& file : model->manifest().files) {
      options.add_input({"model/" + file.name, file.bytes, file.sha256});
    }
    options.add_artefact(model->manifest());
    // A score at the threshold is positive, so the bound lies just below it.
    options.set_default_max(std::nextafter(model->threshold(), 0.0));
    return std::make_unique<Toxicity>(std::move(*model));
  }

 private:
  LabelModel model_;
};

constexpr OptionInfo kOptions[] = {
    {.name = "model",
     .fallback = "",
     .english = "Folder of the model, from yurai corpus label train",
     .japanese = "モデルのフォルダー（yurai corpus label train で作る）"}};

constexpr FilterInfo kFilters[] = {
    {.name = "toxicity",
     .unit = "probability",
     .options = kOptions,
     .source = "Yurai",
     .english = "Probability that the text has the label of a model trained from your own labels; "
                "without `max`, documents at or above the model's threshold go",
     .japanese = "利用者のラベルで学習したモデルによる、ラベルに当たる確率"
                 "（max がなければ、モデルのしきい値以上の文書を除く）",
     .make = Toxicity::make}};

}  // namespace

std::span<const FilterInfo> toxicity_filters() { return kFilters; }

}  // namespace yurai

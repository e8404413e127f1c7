// CLD2's header speaks of FILE and does not include it.
#include <cstdio>
// (so this comes second)
#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include <algorithm>
#include <string>

#include "yurai/base/utf8.h"
#include "yurai/curate/fasttext_model.h"
#include "yurai/curate/filter.h"

namespace yurai {
namespace {

constexpr size_t kEnoughBytes = 100'000;

std::string_view beginning(std::string_view text) {
  return text.substr(0, char_floor(text, std::min(text.size(), kEnoughBytes)));
}

/// Probability of a language by a model of the user's.
class LanguageByFastText final : public Filter {
 public:
  LanguageByFastText(FastTextModel model, int label) : model_(std::move(model)), label_(label) {}

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const std::filesystem::path path, options.path("model"));
    auto model = FastTextModel::open(path);
    if (!model) return options.bad("model", model.error().message, model.error().code);
    YURAI_ASSIGN(const std::string code, options.string("lang", "ja"));
    const auto label = model->find_label(code);
    if (!label) return options.bad("lang", label.error().message);
    options.add_input(model->file());
    return std::make_unique<LanguageByFastText>(std::move(*model), *label);
  }

  Measurement measure(const Subject& subject, bool) const override {
    return {.value = model_.probability(beginning(subject.text), label_)};
  }

 private:
  FastTextModel model_;
  int label_;
};

/// Share of the text in a language, by CLD2.
class LanguageShare final : public Filter {
 public:
  explicit LanguageShare(CLD2::Language language) : language_(language) {}

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const std::string model, options.string("model", ""));
    if (!model.empty()) return LanguageByFastText::make(options);
    YURAI_ASSIGN(const std::string code, options.string("lang", "ja"));
    const CLD2::Language language = CLD2::GetLanguageFromName(code.c_str());
    if (language == CLD2::UNKNOWN_LANGUAGE) {
      return options.bad("lang", "must be a code such as \"ja\", \"en\" or \"zh\"");
    }
    return std::make_unique<LanguageShare>(language);
  }

  Measurement measure(const Subject& subject, bool) const override {
    const std::string_view text = beginning(subject.text);
    if (text.empty()) return {};
    CLD2::Language languages[3];
    int percents[3];
    double scores[3];
    int text_bytes = 0;
    bool reliable = false;
    const CLD2::CLDHints no_hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING,
                                     CLD2::UNKNOWN_LANGUAGE};
    CLD2::ExtDetectLanguageSummary(text.data(), static_cast<int>(text.size()),
                                   /*is_plain_text=*/true, &no_hints, /*flags=*/0, languages,
                                   percents, scores, nullptr, &text_bytes, &reliable);
    for (size_t i = 0; i < 3; ++i) {
      if (languages[i] == language_) return {.value = percents[i] / 100.0};
    }
    return {.value = 0};
  }

 private:
  CLD2::Language language_;
};

constexpr OptionInfo kOptions[] = {
    {.name = "lang",
     .fallback = "\"ja\"",
     .english = "code of the language, or label of the model",
     .japanese = "言語コード、またはモデルのラベル"},
    {.name = "model",
     .fallback = "\"\"",
     .english =
         "a fastText classifier, such as lid.176.ftz, that gives the language's probability; "
         "without it CLD2 gives its share of the text",
     .japanese = "fastText の分類モデル（lid.176.ftz など）。指定するとその言語である確率を、"
                 "なければ CLD2 で本文中の割合を測る"}};

constexpr FilterInfo kFilters[] = {
    {.name = "language",
     .unit = "share",
     .bounds = {.min = 0.5},
     .options = kOptions,
     .source = "CLD2; with a model fastText",
     .english = "How much of the text is in a language, or how probable the language is "
                "(the first 100,000 bytes)",
     .japanese = "本文のうち指定した言語が占める割合、または指定した言語である確率"
                 "（先頭 100,000 バイト）",
     .make = LanguageShare::make},
};

}  // namespace

std::span<const FilterInfo> language_filters() { return kFilters; }

}  // namespace yurai

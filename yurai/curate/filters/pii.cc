#include "yurai/safety/pii.h"

#include <algorithm>

#include "yurai/curate/filter.h"

namespace yurai {
namespace {

/// Counts personal information, and masks it unless told not to.
class Pii final : public Filter {
 public:
  Pii(std::vector<PiiKind> kinds, bool mask) : kinds_(std::move(kinds)), mask_(mask) {}

  static MadeFilter make(FilterOptions& options) {
    std::vector<PiiKind> kinds;
    std::vector<std::string> names;
    for (int kind = 0; kind < kNumPiiKinds; ++kind) {
      names.emplace_back(name(static_cast<PiiKind>(kind)));
    }
    std::vector<std::string> wanted = names;
    if (options.has("kinds")) {
      YURAI_ASSIGN(wanted, options.strings("kinds"));
    }
    for (const std::string& kind : wanted) {
      const auto found = std::find(names.begin(), names.end(), kind);
      if (found == names.end()) {
        return options.bad("kinds",
                           "knows email, phone, postcode, my_number, card, bank_account "
                           "and passport only");
      }
      kinds.push_back(static_cast<PiiKind>(found - names.begin()));
    }
    YURAI_ASSIGN(const bool mask, options.flag("mask", true));
    return std::make_unique<Pii>(std::move(kinds), mask);
  }

  Measurement measure(const Subject& subject, bool) const override {
    std::vector<PiiSpan> spans = find_pii(subject.text);
    std::erase_if(spans, [this](const PiiSpan& span) {
      return std::find(kinds_.begin(), kinds_.end(), span.kind) == kinds_.end();
    });
    Measurement found{.value = static_cast<double>(spans.size())};
    found.by_kind.resize(kinds_.size());
    for (const PiiSpan& span : spans) {
      ++found.by_kind[static_cast<size_t>(std::find(kinds_.begin(), kinds_.end(), span.kind) -
                                          kinds_.begin())];
    }
    for (const PiiSpan& span : spans) {
      if (found.evidence.size() == kMaxEvidence) break;
      found.evidence.push_back({span.byte_begin, span.byte_end});
    }
    if (mask_ && !spans.empty()) found.text = mask_pii(subject.text, spans);
    return found;
  }

  std::vector<std::string> kinds() const override {
    std::vector<std::string> names;
    for (const PiiKind kind : kinds_) names.emplace_back(name(kind));
    return names;
  }

 private:
  std::vector<PiiKind> kinds_;
  bool mask_;
};

constexpr OptionInfo kOptions[] = {
    {.name = "kinds",
     .fallback = "all",
     .english = "a list of email, phone, postcode, my_number, card, bank_account, passport",
     .japanese = "種類のリスト: email, phone, postcode, my_number, card, bank_account, passport"},
    {.name = "mask",
     .fallback = "true",
     .english = "put <phone> and so on in their place",
     .japanese = "<phone> などに置き換える"}};

constexpr FilterInfo kFilters[] = {
    {.name = "pii",
     .unit = "hits",
     .edits = true,
     .secret = true,
     .options = kOptions,
     .source = "Yurai; check digits: My Number (Order 85 of 2014), Luhn",
     .english = "Personal information: counted, and masked",
     .japanese =
         "個人情報（メール・電話・郵便番号・マイナンバー・カード・口座・旅券）を数えて伏せる",
     .make = Pii::make},
};

}  // namespace

std::span<const FilterInfo> pii_filters() { return kFilters; }

}  // namespace yurai

#include "yurai/card/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "yurai/card/members.h"

namespace yurai {
namespace {

struct Limit {
  const char* code;
  const char* english;
  const char* japanese;
};

// {documents}, {bytes} and {records} are replaced by the limit's own counts.
constexpr Limit kLimits[] = {
    {"licenses_missing", "{documents} documents ({bytes} bytes) state no licence.",
     "ライセンスの記載がない文書が {documents} 件（{bytes} バイト）ある。"},
    {"licenses_not_spdx",
     "{documents} documents ({bytes} bytes) state a licence that has no SPDX name.",
     "SPDX の名前にないライセンスの文書が {documents} 件（{bytes} バイト）ある。"},
    {"licenses_as_stated",
     "Licences are those that the documents state; nobody has compared them with the originals.",
     "ライセンスは文書の記載による。原典との照合はしていない。"},
    {"sources_missing", "{documents} documents ({bytes} bytes) state no source.",
     "出典の記載がない文書が {documents} 件（{bytes} バイト）ある。"},
    {"languages_missing", "{documents} documents ({bytes} bytes) state no language.",
     "言語の記載がない文書が {documents} 件（{bytes} バイト）ある。"},
    {"languages_as_stated", "Languages are those that the documents state, not measured ones.",
     "言語は文書の記載による。測定したものではない。"},
    {"urls_missing", "{documents} documents ({bytes} bytes) have no URL and count for no domain.",
     "URL のない文書 {documents} 件（{bytes} バイト）は、どのドメインにも数えていない。"},
    {"dates_missing", "{documents} documents state no date, or none that begins with a year.",
     "日付のない（または年で始まらない）文書が {documents} 件ある。"},
    {"lineage_unknown",
     "Nothing is known of what was done before: the lineage begins with this folder.",
     "これ以前の処理は分からない（来歴はこのフォルダーから始まる）。"},
    {"lineage_cut", "The lineage has more steps than a manifest holds; some are missing.",
     "来歴の段階が多すぎるため、一部が欠けている。"},
    {"not_filtered", "The lineage holds no quality filter.", "来歴に品質フィルターの段階がない。"},
    {"not_deduplicated", "The lineage holds no deduplication.", "来歴に重複除去の段階がない。"},
    {"personal_information_not_masked",
     "Nothing in the lineage masked personal information; how much there is was not measured.",
     "来歴に個人情報を伏せた段階がない。残る量は測っていない。"},
    {"personal_information_found",
     "Personal information was counted, but nothing in the lineage masked it.",
     "個人情報は数えたが、来歴に伏せた段階がない。"},
    {"personal_information_rules",
     "Personal information was found by rules: names, addresses and what the rules miss stay.",
     "個人情報は規則で検出した。氏名・住所や、規則に合わないものは残る。"},
    {"toxicity_not_measured", "Toxicity was not measured.", "有害さは測っていない。"},
    {"toxicity_few_labels",
     "The toxicity model learnt from {documents} documents only; read its intervals.",
     "有害さのモデルは {documents} 件の文書だけから学習した。区間を参照のこと。"},
    {"license_conflicts",
     "{documents} removed copies state another licence than the copy that was kept.",
     "残した文書と異なるライセンスを記載した写しを {documents} 件除いた。"},
    {"records_rejected",
     "{records} input records could not be read, in any of the steps, and are not in the data.",
     "入力のレコード {records} 件は読めず、データに含まれない。"},
    {"ids_repeated", "{documents} documents have the id of an earlier document.",
     "前の文書と同じ ID の文書が {documents} 件ある。"},
    {"tokens_not_counted",
     "Tokens were not counted. Characters and words were; a word is a run of letters and digits, "
     "or "
     "one character of Han, kana or Hangul. Neither is a count of tokens.",
     "トークン数は数えていない。数えたのは文字と語（英数字の連なり、または漢字・仮名・ハングルの"
     "1 字）で、いずれもトークン数ではない。"},
    {"tokens_of_one_tokenizer",
     "Tokens are those of the tokenizer that is named; another one gives another number. Marks "
     "that "
     "it adds to each text are not counted.",
     "トークン数は、示したトークナイザーによる。別のものでは別の数になる。"
     "文書ごとに加わる特殊トークンは数えていない。"},
};

constexpr uint64_t kFewLabels = 1'000;

void replace(std::string& text, const std::string& name, const Json& value) {
  const std::string hole = "{" + name + "}";
  const size_t at = text.find(hole);
  if (at == std::string::npos) return;
  std::string digits = is_count(value) ? fmt::format("{}", value.get<uint64_t>()) : "?";
  for (size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
  text.replace(at, hole.size(), digits);
}

}  // namespace

Json card_limits(const Json& card) {
  Json limits = Json::array();
  const auto add = [&](const char* code, Json counts = Json::object()) {
    Json limit = {{"code", code}};
    limit.update(counts);
    limits.push_back(std::move(limit));
  };
  const auto add_missing = [&](const char* code, const Json& missing) {
    if (count_of(missing, "documents") > 0) add(code, missing);
  };
  const bool has_documents = card.contains("licenses");
  if (has_documents) {
    add_missing("licenses_missing", object_of(card["licenses"], "missing"));
    uint64_t documents = 0;
    uint64_t bytes = 0;
    for (const Json& group : list_of(card["licenses"], "groups")) {
      if (member_of(group, "spdx") == true) continue;
      documents += count_of(group, "documents");
      bytes += count_of(group, "bytes");
    }
    if (documents > 0) add("licenses_not_spdx", {{"documents", documents}, {"bytes", bytes}});
    if (!list_of(card["licenses"], "groups").empty()) add("licenses_as_stated");
    add_missing("sources_missing", object_of(card["sources"], "missing"));
    add_missing("languages_missing", object_of(card["languages"], "missing"));
    if (!list_of(card["languages"], "groups").empty()) add("languages_as_stated");
    add_missing("urls_missing", object_of(card["domains"], "without_url"));
    const uint64_t undated =
        count_of(card["dates"], "missing") + count_of(card["dates"], "other_form");
    if (undated > 0) add("dates_missing", {{"documents", undated}});
  }
  bool filtered = false;
  bool deduplicated = false;
  uint64_t conflicts = 0;
  uint64_t rejected = 0;
  for (const Json& step : card["lineage"]) {
    const std::string format = text_of(step, "format");
    const Json& facts = object_of(step, "facts");
    filtered = filtered || format == "yurai-filtered";
    deduplicated = deduplicated || format == "yurai-dedup";
    conflicts += count_of(facts, "license_conflicts");
    rejected += count_of(facts, "rejected");
  }
  if (has_documents) {
    if (card["lineage"].size() == 1) add("lineage_unknown");
    if (card["lineage"].size() >= 1'000) add("lineage_cut");
    if (!filtered) add("not_filtered");
    if (!deduplicated) add("not_deduplicated");
    const Json& found = card["personal_information"];
    const bool masked = std::any_of(found.begin(), found.end(), [](const Json& step) {
      return count_of(step, "masked_documents") > 0 ||
             count_of(object_of(step, "documents"), "part") == 0;
    });
    if (found.empty()) {
      add("personal_information_not_masked");
    } else {
      if (!masked) add("personal_information_found");
      add("personal_information_rules");
    }
    if (card["toxicity"].empty()) add("toxicity_not_measured");
    for (const Json& step : card["toxicity"]) {
      const uint64_t documents = count_of(object_of(step, "model"), "documents");
      if (documents > 0 && documents < kFewLabels) {
        add("toxicity_few_labels", {{"documents", documents}});
        break;
      }
    }
    add(card.value("tokenizer", Json()).is_null() ? "tokens_not_counted"
                                                  : "tokens_of_one_tokenizer");
  }
  if (conflicts > 0) add("license_conflicts", {{"documents", conflicts}});
  if (rejected > 0) add("records_rejected", {{"records", rejected}});
  const uint64_t repeated = count_of(card["totals"], "repeated_ids");
  if (repeated > 0) add("ids_repeated", {{"documents", repeated}});
  return limits;
}

LimitText limit_text(const Json& limit) {
  const std::string code = text_of(limit, "code");
  const auto known = std::find_if(std::begin(kLimits), std::end(kLimits),
                                  [&](const Limit& other) { return other.code == code; });
  if (known == std::end(kLimits)) return {code, code};
  LimitText text{known->english, known->japanese};
  for (const auto& [name, value] : limit.items()) {
    replace(text.english, name, value);
    replace(text.japanese, name, value);
  }
  return text;
}

}  // namespace yurai

#include "yurai/card/lineage_text.h"

#include <fmt/format.h>

#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/card/markdown_text.h"
#include "yurai/card/members.h"

namespace yurai {
namespace {

constexpr size_t kShownConflicts = 20;

using Rows = std::vector<std::vector<std::string>>;

class Writer {
 public:
  Writer(const Json& step, CardLanguage language)
      : facts_(object_of(step, "facts")),
        configuration_(object_of(step, "configuration")),
        language_(language) {}

  std::string filter() const {
    std::string out = fmt::format(
        fmt::runtime(tr("{} of {} documents stayed, {} of {} bytes ({} after the edits).\n\n",
                        "文書 {1} 件中 {0} 件、{3} バイト中 {2} バイトが残った"
                        "（編集後 {4} バイト）。\n\n")),
        fact("kept"), fact("documents"), fact("kept_bytes"), fact("bytes"),
        fact("kept_bytes_after"));
    Rows rows = {{tr("Step", "段階"), tr("Filter", "フィルター"), tr("Bounds", "範囲"),
                  tr("Ran on", "測った文書"), tr("Dropped", "除いた文書"), "%",
                  tr("Bytes dropped", "除いたバイト"), tr("Edited", "編集した文書")}};
    const auto before = [&](const char* key, const std::string& what) {
      if (count_of(facts_, key) > 0) rows.push_back({what, "", "", "", fact(key), "", "", ""});
    };
    before("left_out", tr("(holds no document)", "（文書でない）"));
    before("rejected", tr("(could not be read)", "（読めない）"));
    for (const Json& step : list_of(facts_, "steps")) {
      rows.push_back(
          {markdown_escape(text_of(step, "step")), markdown_escape(text_of(step, "filter")),
           bounds(step), grouped(member_of(step, "ran")), grouped(member_of(step, "dropped")),
           percent(count_of(step, "dropped"), count_of(facts_, "documents")),
           grouped(member_of(step, "dropped_bytes")), grouped(member_of(step, "edited"))});
    }
    return out + markdown_table(rows, 3);
  }

  std::string dedup() const {
    Rows rows = {{"", tr("Documents", "文書")},
                 {tr("Read", "読んだ"), fact("rows")},
                 {tr("Removed, the same text", "除いた（同じ本文）"), fact("removed_exact")},
                 {tr("Removed, nearly the same", "除いた（ほぼ同じ本文）"), fact("removed_near")},
                 {tr("Kept", "残った"), fact("kept")},
                 {tr("Removed with another licence than the kept copy",
                     "除いたうち、残した写しとライセンスが違うもの"),
                  fact("license_conflicts")}};
    std::string out = markdown_table(rows);
    const Json& minhash = object_of(configuration_, "minhash");
    if (!minhash.empty()) {
      out += fmt::format(
          fmt::runtime(tr("Nearly the same: Jaccard index of {}-{} shingles of {} or more.\n\n",
                          "ほぼ同じ: {}-{} の集合の Jaccard 係数が {} 以上。\n\n")),
          grouped(member_of(minhash, "shingle_size")), markdown_escape(text_of(minhash, "unit")),
          shown_number(member_of(minhash, "threshold")));
    }
    const Json& conflicts = list_of(facts_, "conflicting_licenses");
    if (conflicts.empty()) return out;
    Rows pairs = {
        {tr("Removed copy", "除いた写し"), tr("Kept copy", "残した写し"), tr("Documents", "文書")}};
    for (const Json& pair : conflicts) {
      if (pairs.size() > kShownConflicts) break;
      pairs.push_back({markdown_escape(text_of(pair, "removed")),
                       markdown_escape(text_of(pair, "kept")), grouped(member_of(pair, "rows"))});
    }
    return out + markdown_table(pairs, 2);
  }

  std::string corpus() const {
    Rows rows = {{"", ""},
                 {tr("Documents", "文書"), fact("documents")},
                 {tr("Rejected", "却下"), fact("rejected")},
                 {tr("Repeat an id", "ID の重複"), fact("duplicate_ids")}};
    if (!member_of(facts_, "taken_down").is_null()) {
      rows.push_back({tr("Taken down", "取り下げ"), fact("taken_down")});
    }
    std::string out = markdown_table(rows);
    const Json& mapped = list_of(facts_, "licenses_mapped");
    if (mapped.empty()) return out;
    Rows names = {
        {tr("Licence as given", "与えられたライセンス"), "SPDX", tr("Documents", "文書")}};
    for (const Json& name : mapped) {
      if (names.size() > kShownConflicts) break;
      names.push_back({markdown_escape(text_of(name, "given")),
                       markdown_escape(text_of(name, "license")),
                       grouped(member_of(name, "documents"))});
    }
    return out + markdown_table(names, 2);
  }

  std::string labels() const {
    Rows rows = {{"", ""},
                 {tr("Labels", "ラベル"), fact("labels")},
                 {tr("Documents", "文書"), fact("documents")}};
    for (const auto& [label, count] : object_of(facts_, "rows_by_label").items()) {
      rows.push_back({markdown_escape(label), grouped(count)});
    }
    return markdown_table(rows);
  }

  std::string model() const { return model_markdown(facts_, language_); }

  std::string tr(const char* english, const char* japanese) const {
    return language_ == CardLanguage::kJapanese ? japanese : english;
  }

 private:
  std::string fact(const char* key) const { return grouped(member_of(facts_, key)); }

  static std::string bounds(const Json& step) {
    const Json& min = member_of(step, "lower_bound");
    const Json& max = member_of(step, "upper_bound");
    if (min.is_null() && max.is_null()) return "–";
    return shown_number(min) + " … " + shown_number(max);
  }

  const Json& facts_;
  const Json& configuration_;
  CardLanguage language_;
};

std::string inputs(const Json& step, CardLanguage language) {
  constexpr size_t kShownInputs = 10;
  const Json& files = list_of(step, "inputs");
  if (files.empty()) return {};
  const uint64_t all = count_of(step, "num_inputs");
  if (files.size() == 1 && all > 1) {  // a list of its own
    return fmt::format(fmt::runtime(language == CardLanguage::kJapanese
                                        ? "- 入力ファイル {} 個。一覧は {}（SHA-256 {}）\n\n"
                                        : "- {} input files, listed in {} (SHA-256 {})\n\n"),
                       grouped(all), markdown_escape(text_of(files[0], "name")),
                       markdown_escape(text_of(files[0], "sha256").substr(0, 16)));
  }
  std::string out;
  for (size_t i = 0; i < std::min(files.size(), kShownInputs); ++i) {
    out += fmt::format("- {} ({} B, SHA-256 {})\n", markdown_escape(text_of(files[i], "name")),
                       grouped(member_of(files[i], "bytes")),
                       markdown_escape(text_of(files[i], "sha256").substr(0, 16)));
  }
  if (all > kShownInputs) {
    out += fmt::format(
        fmt::runtime(language == CardLanguage::kJapanese ? "- ほか {} 個\n" : "- {} more\n"),
        grouped(all - kShownInputs));
  }
  return out + "\n";
}

}  // namespace

std::string tokenizer_text(const Json& card) {
  const Json& tokenizer = object_of(card, "tokenizer");
  return markdown_escape(text_of(tokenizer, "kind")) + " " +
         markdown_escape(text_of(tokenizer, "sha256").substr(0, 16));
}

std::string pii_kind_text(std::string_view kind, CardLanguage language) {
  struct Kind {
    std::string_view name, english, japanese;
  };
  constexpr Kind kKinds[] = {{"email", "e-mail addresses", "メールアドレス"},
                             {"phone", "telephone numbers", "電話番号"},
                             {"postcode", "postcodes", "郵便番号"},
                             {"my_number", "My Numbers (Japan)", "マイナンバー"},
                             {"card", "payment cards", "カード番号"},
                             {"bank_account", "bank accounts", "口座番号"},
                             {"passport", "passports", "旅券番号"}};
  for (const Kind& known : kKinds) {
    if (known.name != kind) continue;
    return std::string(language == CardLanguage::kJapanese ? known.japanese : known.english);
  }
  return markdown_escape(kind);
}

std::string model_markdown(const Json& model, CardLanguage language) {
  const auto tr = [&](const char* english, const char* japanese) -> std::string {
    return language == CardLanguage::kJapanese ? japanese : english;
  };
  const Json& unseen = object_of(model, "unseen");
  const auto interval = [&](const char* key) {
    const Json& metric = object_of(unseen, key);
    if (metric.empty()) return shown_number(member_of(unseen, key));  // nothing was measured
    return fmt::format("{} [{}, {}]", shown_number(member_of(metric, "value")),
                       shown_number(member_of(metric, "low")),
                       shown_number(member_of(metric, "high")));
  };
  Rows rows = {
      {tr("Label model", "ラベルのモデル"), ""},
      {tr("Labelled documents", "ラベルのある文書"), grouped(member_of(model, "documents"))},
      {tr("Positive", "該当する文書"), grouped(member_of(model, "positive"))},
      {tr("Threshold of the model", "モデルのしきい値"),
       shown_number(member_of(model, "threshold"))},
      {tr("AUROC in cross-validation [95 %]", "交差検証での AUROC [95 %]"), interval("auroc")},
      {tr("Average precision [95 %]", "平均適合率 [95 %]"), interval("pr_auc")},
      {tr("Precision at the threshold [95 %]", "しきい値での適合率 [95 %]"), interval("precision")},
      {tr("Recall at the threshold [95 %]", "しきい値での再現率 [95 %]"), interval("recall")}};
  const std::string labels = text_of(object_of(model, "labels"), "checksum");
  if (!labels.empty()) {
    rows.push_back(
        {tr("Labels: manifest", "ラベルのマニフェスト"), markdown_escape(labels.substr(0, 16))});
  }
  return markdown_table(rows);
}

std::string lineage_markdown(const Json& step, size_t number, CardLanguage language) {
  const Writer writer(step, language);
  const std::string format = text_of(step, "format");
  std::string title;
  std::string body;
  if (format == "yurai-filtered") {
    title = writer.tr("Filter chain ", "フィルターチェーン ") +
            markdown_escape(text_of(object_of(step, "configuration"), "chain"));
    body = writer.filter();
  } else if (format == "yurai-dedup") {
    title = writer.tr("Deduplication", "重複除去");
    body = writer.dedup();
  } else if (format == "yurai-corpus") {
    title = writer.tr("Corpus", "コーパスの作成");
    body = writer.corpus();
  } else if (format == "yurai-labels") {
    title = writer.tr("Labels", "ラベル");
    body = writer.labels();
  } else if (format == "yurai-label-model") {
    title = writer.tr("Label model", "ラベルのモデル");
    body = writer.model();
  } else {
    title = markdown_escape(format);
  }
  return fmt::format(
      "### {}. {}\n\n{} {}\n\n{}{}", number, title, writer.tr("Manifest", "マニフェスト"),
      markdown_escape(text_of(step, "checksum").substr(0, 16)), inputs(step, language), body);
}

std::string lineage_line(const Json& step, CardLanguage language) {
  const Json& facts = object_of(step, "facts");
  const std::string format = text_of(step, "format");
  const auto fact = [&](const char* key) { return grouped(member_of(facts, key)); };
  const auto line = [&](const char* english, const char* japanese, const auto&... values) {
    return fmt::format(fmt::runtime(language == CardLanguage::kJapanese ? japanese : english),
                       values...);
  };
  if (format == "yurai-filtered") {
    std::string text = line("filter chain {}: {} documents, {} kept",
                            "フィルターチェーン {}: 文書 {} 件、{} 件を残した",
                            for_terminal(text_of(object_of(step, "configuration"), "chain")),
                            fact("documents"), fact("kept"));
    for (const Json& one : list_of(facts, "steps")) {
      if (count_of(one, "dropped") + count_of(one, "edited") == 0) continue;
      text += line("; {} dropped {}, edited {}", "。{} は {} 件を除き {} 件を編集",
                   for_terminal(text_of(one, "step")), grouped(member_of(one, "dropped")),
                   grouped(member_of(one, "edited")));
    }
    return text;
  }
  if (format == "yurai-dedup") {
    return line(
        "deduplication: {} documents, {} kept; {} removed with the same text, {} with nearly the "
        "same; {} of them state another licence than the kept copy",
        "重複除去: 文書 {} 件、{} 件を残した。同じ本文 {} 件、ほぼ同じ本文 {} 件を除いた"
        "（うち残した写しと異なるライセンスの記載 {} 件）",
        fact("rows"), fact("kept"), fact("removed_exact"), fact("removed_near"),
        fact("license_conflicts"));
  }
  if (format == "yurai-corpus") {
    std::string text = line("corpus: {} documents, {} records rejected",
                            "コーパス: 文書 {} 件、読めなかったレコード {} 件", fact("documents"),
                            fact("rejected"));
    if (!member_of(facts, "taken_down").is_null()) {
      text += line("; {} documents taken down", "、取り下げた文書 {} 件", fact("taken_down"));
    }
    return text;
  }
  if (format == "yurai-labels") {
    return line("labels: {} of {} documents", "ラベル: 文書 {1} 件に {0} 個", fact("labels"),
                fact("documents"));
  }
  if (format == "yurai-label-model") {
    return line("label model: learnt from {} documents, {} of them positive",
                "ラベルのモデル: 文書 {} 件（該当 {} 件）から学習", fact("documents"),
                fact("positive"));
  }
  return for_terminal(format);
}

}  // namespace yurai

#include <fmt/format.h>

#include <string>
#include <vector>

#include "yurai/card/card.h"
#include "yurai/card/limits.h"
#include "yurai/card/lineage_text.h"
#include "yurai/card/markdown_text.h"
#include "yurai/card/members.h"

namespace yurai {
namespace {

constexpr size_t kShownGroups = 30;
constexpr size_t kShownDomains = 50;
constexpr size_t kShownReasons = 20;

class Writer {
 public:
  Writer(const Json& card, CardLanguage language) : card_(card), language_(language) {}

  std::string write() {
    out_ = "# " + tr("Data card: ", "データカード: ") + markdown_escape(text_of(card_, "name")) +
           "\n\n";
    const std::string description = text_of(card_, "description");
    if (!description.empty()) out_ += markdown_escape(description) + "\n\n";
    identity();
    totals();
    if (card_.contains("licenses")) {
      licenses();
      groups(tr("Sources", "出典"), object_of(card_, "sources"));
      groups(tr("Languages", "言語"), object_of(card_, "languages"));
      lengths();
      dates();
      domains();
      fields();
    }
    lineage();
    personal_information();
    toxicity();
    rejects();
    limits();
    return std::move(out_);
  }

 private:
  std::string tr(const char* english, const char* japanese) const {
    return language_ == CardLanguage::kJapanese ? japanese : english;
  }
  void heading(const std::string& text) { out_ += "## " + text + "\n\n"; }
  void paragraph(const std::string& text) { out_ += text + "\n\n"; }
  uint64_t total(const char* key) const { return count_of(object_of(card_, "totals"), key); }

  void identity() {
    std::string lines;
    const auto line = [&](const std::string& label, const std::string& value) {
      if (!value.empty()) lines += "- " + label + ": " + markdown_escape(value) + "\n";
    };
    const Json& data = object_of(card_, "data");
    line(tr("Made by", "作成者"), text_of(card_, "creator"));
    line("URL", text_of(card_, "url"));
    line(tr("Created", "作成日時"), text_of(card_, "created"));
    line(tr("Format", "形式"), text_of(data, "format"));
    line("manifest_sha256", text_of(data, "manifest_sha256"));
    line("corpus_sha256", text_of(data, "corpus_sha256"));
    line(tr("Card made with", "カードを作ったプログラム"),
         "yurai " + text_of(card_, "tool_version"));
    paragraph(lines);
  }

  void totals() {
    heading(tr("Totals", "総量"));
    std::vector<std::vector<std::string>> rows = {{"", ""}};
    const auto row = [&](const std::string& label, const char* key) {
      const Json& value = member_of(object_of(card_, "totals"), key);
      if (!value.is_null()) rows.push_back({label, grouped(value)});
    };
    row(tr("Documents", "文書"), "documents");
    row(tr("Labels", "ラベル"), "labels");
    row(tr("Bytes of text (UTF-8)", "本文のバイト数（UTF-8）"), "bytes");
    row(tr("Characters", "文字数"), "characters");
    row(tr("Words (no tokens)", "語数（トークン数ではない）"), "words");
    row(tr("Tokens, of the tokenizer ", "トークン数、トークナイザー ") + tokenizer_text(card_),
        "tokens");
    row(tr("Documents that repeat an id", "ID が重複する文書"), "repeated_ids");
    row(tr("Input records that the last step could not read",
           "最後の段階で読めなかった入力レコード"),
        "rejected");
    out_ += markdown_table(rows);
  }

  std::vector<std::vector<std::string>> group_rows(const Json& breakdown) const {
    std::vector<std::vector<std::string>> rows = {
        {tr("Name", "名前"), tr("Documents", "文書"), tr("Bytes", "バイト"), "%"}};
    uint64_t rest_documents = count_of(object_of(breakdown, "other"), "documents");
    uint64_t rest_bytes = count_of(object_of(breakdown, "other"), "bytes");
    const auto row = [&](const std::string& name, uint64_t documents, uint64_t bytes) {
      rows.push_back({name, grouped(documents), grouped(bytes), percent(bytes, total("bytes"))});
    };
    size_t shown = 0;
    for (const Json& group : list_of(breakdown, "groups")) {
      if (++shown > kShownGroups) {
        rest_documents += count_of(group, "documents");
        rest_bytes += count_of(group, "bytes");
        continue;
      }
      std::string name = markdown_escape(text_of(group, "name"));
      const std::string reference = text_of(group, "license_ref");
      if (!reference.empty()) name += " (" + markdown_escape(reference) + ")";
      row(name, count_of(group, "documents"), count_of(group, "bytes"));
    }
    if (rest_documents > 0) row(tr("(others)", "（その他）"), rest_documents, rest_bytes);
    const Json& missing = object_of(breakdown, "missing");
    row(tr("(not stated)", "（記載なし）"), count_of(missing, "documents"),
        count_of(missing, "bytes"));
    return rows;
  }

  void groups(const std::string& title, const Json& breakdown) {
    heading(title);
    out_ += markdown_table(group_rows(breakdown));
  }

  void licenses() {
    heading(tr("Licences", "ライセンス"));
    paragraph(
        tr("As the documents state them, by their SPDX names; a name that SPDX does not "
           "know is followed by its LicenseRef.",
           "文書の記載を SPDX の名前で示す。SPDX にない名前には LicenseRef を添える。"));
    out_ += markdown_table(group_rows(object_of(card_, "licenses")));
  }

  void lengths() {
    heading(tr("Length of documents", "文書の長さ"));
    const Json& lengths = object_of(card_, "lengths");
    if (lengths.empty()) return paragraph(tr("There are no documents.", "文書がない。"));
    out_ += markdown_table(
        {{"", tr("Bytes", "バイト")},
         {tr("Shortest", "最短"), grouped(member_of(lengths, "min"))},
         {tr("Mean", "平均"), fmt::format("{:.1f}", member_of(lengths, "mean").get<double>())},
         {tr("Median", "中央値"), grouped(member_of(lengths, "median"))},
         {"90 %", grouped(member_of(lengths, "p90"))},
         {"99 %", grouped(member_of(lengths, "p99"))},
         {tr("Longest", "最長"), grouped(member_of(lengths, "max"))}});
  }

  void dates() {
    heading(tr("Dates", "日付"));
    const Json& dates = object_of(card_, "dates");
    const uint64_t stated = count_of(dates, "stated");
    paragraph(fmt::format(
        fmt::runtime(tr("{} documents state a date, {} none, {} one that does not begin with a "
                        "year.",
                        "日付のある文書 {} 件、ない文書 {} 件、年で始まらない文書 {} 件。")),
        grouped(stated), grouped(count_of(dates, "missing")),
        grouped(count_of(dates, "other_form"))));
    if (stated == 0) return;
    paragraph(fmt::format(fmt::runtime(tr("From {} to {}.", "{} から {} まで。")),
                          markdown_escape(text_of(dates, "first")),
                          markdown_escape(text_of(dates, "last"))));
    std::vector<std::vector<std::string>> rows = {
        {tr("Decade", "年代"), tr("Documents", "文書"), tr("Bytes", "バイト")}};
    std::string decade;
    uint64_t documents = 0;
    uint64_t bytes = 0;
    const auto close = [&] {
      if (!decade.empty()) rows.push_back({decade, grouped(documents), grouped(bytes)});
      documents = bytes = 0;
    };
    for (const Json& year : list_of(dates, "years")) {
      const std::string its = text_of(year, "year").substr(0, 3) + "0–";
      if (its != decade) close();
      decade = its;
      documents += count_of(year, "documents");
      bytes += count_of(year, "bytes");
    }
    close();
    out_ += markdown_table(rows);
  }

  void domains() {
    heading(tr("Domains", "ドメイン"));
    const Json& domains = object_of(card_, "domains");
    const Json& without = object_of(domains, "without_url");
    paragraph(fmt::format(
        fmt::runtime(tr("{} registered domains. The top {} % of them ({}) hold {} bytes, {} of "
                        "the text. {} documents ({} bytes) have no URL.",
                        "登録ドメイン {} 個。上位 {} %（{} 個）が {} バイト（本文の {}）を占める。"
                        "URL のない文書は {} 件（{} バイト）。")),
        grouped(count_of(domains, "domains")), shown_number(member_of(domains, "top_percent")),
        grouped(count_of(domains, "top_domains")), grouped(count_of(domains, "top_bytes")),
        percent(count_of(domains, "top_bytes"), total("bytes")),
        grouped(count_of(without, "documents")), grouped(count_of(without, "bytes"))));
    std::vector<std::vector<std::string>> rows = {
        {tr("Domain", "ドメイン"), tr("Documents", "文書"), tr("Bytes", "バイト"), "%"}};
    for (const Json& domain : list_of(domains, "top")) {
      if (rows.size() > kShownDomains) break;
      rows.push_back({markdown_escape(text_of(domain, "domain")),
                      grouped(count_of(domain, "documents")), grouped(count_of(domain, "bytes")),
                      percent(count_of(domain, "bytes"), total("bytes"))});
    }
    if (rows.size() == 1) return;
    out_ += markdown_table(rows);
    if (count_of(domains, "top_domains") > kShownDomains) {
      paragraph(fmt::format(fmt::runtime(tr("The first {} of them; the card's JSON has more.",
                                            "そのうち {} 個を示す。続きは JSON にある。")),
                            kShownDomains));
    }
  }

  void fields() {
    heading(tr("Fields", "項目"));
    std::vector<std::vector<std::string>> rows = {
        {tr("Field", "項目"), tr("Documents that state it", "記載のある文書"), "%"}};
    for (const auto& [name, documents] : object_of(card_, "fields").items()) {
      rows.push_back(
          {name, grouped(documents),
           percent(is_count(documents) ? documents.get<uint64_t>() : 0, total("documents"))});
    }
    out_ += markdown_table(rows);
  }

  void lineage() {
    heading(tr("What was done, oldest first", "来歴（古い順）"));
    size_t number = 0;
    for (const Json& step : list_of(card_, "lineage")) {
      out_ += lineage_markdown(step, ++number, language_);
    }
  }

  std::string share(const Json& of) const {
    return fmt::format(
        fmt::runtime(tr("{} of {} documents, {:.3f} % (95 % interval {:.3f} – {:.3f} %)",
                        "{1} 件中 {0} 件、{2:.3f} %（95 % 区間 {3:.3f} – {4:.3f} %）")),
        grouped(count_of(of, "part")), grouped(count_of(of, "whole")),
        100 * member_of(of, "value").get<double>(), 100 * member_of(of, "low").get<double>(),
        100 * member_of(of, "high").get<double>());
  }

  void personal_information() {
    const Json& steps = list_of(card_, "personal_information");
    if (steps.empty()) return;
    heading(tr("Personal information", "個人情報"));
    for (const Json& step : steps) {
      paragraph(fmt::format(
          fmt::runtime(tr("Step {}: found in {}; {} spans; masked in {} documents. The interval "
                          "is for the share in what these documents were drawn from; errors of "
                          "the rules are not in it.",
                          "段階 {}: {}で検出、{} か所。{} 件の文書で伏せた。区間はこの文書群が"
                          "抽出された母集団での割合で、規則の誤りは含まない。")),
          markdown_escape(text_of(step, "step")), share(step["documents"]),
          shown_number(member_of(step, "spans")), grouped(member_of(step, "masked_documents"))));
      kinds_of(step);
    }
  }

  void kinds_of(const Json& step) {
    std::vector<std::vector<std::string>> rows = {{tr("Kind", "種類"), tr("Found", "見つかった数"),
                                                   tr("Documents", "文書"), "%",
                                                   tr("95 % interval", "95 % 区間")}};
    for (const Json& kind : list_of(step, "kinds")) {
      const Json& share = object_of(kind, "documents");
      const auto percent_of = [&](const char* key) {
        return fmt::format("{:.3f}", 100 * member_of(share, key).get<double>());
      };
      rows.push_back({pii_kind_text(text_of(kind, "kind"), language_),
                      grouped(member_of(kind, "spans")), grouped(member_of(share, "part")),
                      percent_of("value"), percent_of("low") + " – " + percent_of("high")});
    }
    if (rows.size() > 1) out_ += markdown_table(rows);
  }

  void toxicity() {
    const Json& steps = list_of(card_, "toxicity");
    if (steps.empty()) return;
    heading(tr("Toxicity", "有害さ"));
    for (const Json& step : steps) {
      paragraph(fmt::format(fmt::runtime(tr("Step {}: dropped above a score of {}: {}.",
                                            "段階 {}: スコアが {} を超える文書を除いた: {}。")),
                            markdown_escape(text_of(step, "step")),
                            shown_number(member_of(step, "threshold")), share(step["dropped"])));
      const Json& model = object_of(step, "model");
      if (!model.empty()) out_ += model_markdown(model, language_);
    }
  }

  void rejects() {
    const Json& rejects = object_of(card_, "rejects");
    if (count_of(rejects, "records") == 0) return;
    heading(tr("Input records that are no documents", "文書にならなかった入力レコード"));
    std::vector<std::vector<std::string>> rows = {{tr("Reason", "理由"), tr("Records", "件数")}};
    for (const Json& reason : list_of(rejects, "reasons")) {
      if (rows.size() > kShownReasons) break;
      rows.push_back(
          {markdown_escape(text_of(reason, "reason")), grouped(count_of(reason, "records"))});
    }
    paragraph(fmt::format(fmt::runtime(tr("{} in the last step.", "最後の段階で {} 件。")),
                          grouped(count_of(rejects, "records"))));
    if (rows.size() > 1) out_ += markdown_table(rows);
  }

  void limits() {
    heading(tr("Known limits", "既知の限界"));
    for (const Json& limit : list_of(card_, "limits")) {
      const LimitText text = limit_text(limit);
      out_ += "- " + (language_ == CardLanguage::kJapanese ? text.japanese : text.english) + "\n";
    }
  }

  const Json& card_;
  CardLanguage language_;
  std::string out_;
};

}  // namespace

std::string card_markdown(const Json& card, CardLanguage language) {
  return Writer(card, language).write();
}

}  // namespace yurai

#include <fmt/format.h>

#include <string>

#include "yurai/card/card.h"
#include "yurai/card/lineage_text.h"
#include "yurai/card/markdown_text.h"
#include "yurai/card/members.h"

namespace yurai {
namespace {

constexpr size_t kShownSources = 100;

/// Follows the order of the template that the Commission published on 24 July 2025.
class Draft {
 public:
  Draft(const Json& card, CardLanguage language)
      : card_(card), japanese_(language == CardLanguage::kJapanese) {}

  std::string write() {
    out_ = "# " + tr("Public summary of training content: draft", "学習データの公開要約（草案）") +
           "\n\n";
    paragraph(tr(
        "Regulation (EU) 2024/1689, Article 53(1)(d), in the order of the Commission's template. "
        "This draft covers one dataset. What the data tells is filled in; everything else is "
        "marked and is the provider's to answer. It is no legal advice.",
        "規則 (EU) 2024/1689 第 53 条 1 項 (d)。欧州委員会の様式の順による。この草案が扱うのは"
        "一つのデータセットである。データから分かることだけを埋め、ほかは提供者の記入欄とした。"
        "法的助言ではない。"));
    general();
    sources();
    processing();
    return std::move(out_);
  }

 private:
  std::string tr(const char* english, const char* japanese) const {
    return japanese_ ? japanese : english;
  }
  void section(const std::string& text) { out_ += "## " + text + "\n\n"; }
  void part(const std::string& text) { out_ += "### " + text + "\n\n"; }
  void paragraph(const std::string& text) { out_ += text + "\n\n"; }
  void item(const std::string& label, const std::string& value) {
    out_ += "- **" + label + "**: " + value + "\n";
  }
  /// What only the provider knows.
  void open(const std::string& label) {
    item(label, tr("*[to be filled in by the provider]*", "*［提供者が記入］*"));
  }
  void end_list() { out_ += "\n"; }
  uint64_t total(const char* key) const { return count_of(object_of(card_, "totals"), key); }

  void general() {
    section(tr("1. General information", "1. 一般情報"));
    part(tr("1.1 Provider identification", "1.1 提供者"));
    open(tr("Provider name and contact details", "提供者の名称と連絡先"));
    open(tr("Authorised representative name and contact details", "代理人の名称と連絡先"));
    end_list();
    part(tr("1.2 Model identification", "1.2 モデル"));
    open(tr("Versioned model name(s)", "モデルの名称と版"));
    open(tr("Model dependencies", "もとにしたモデル"));
    open(tr("Date of placement of the model on the Union market", "EU 市場に出した日"));
    end_list();
    part(tr("1.3 Modalities, overall training data size and other characteristics",
            "1.3 モダリティ・学習データの総量・その他の性質"));
    item(tr("Modality", "モダリティ"),
         tr("text (of this dataset)", "テキスト（このデータセットについて）"));
    item(tr("Size of this dataset", "このデータセットの量"),
         fmt::format(fmt::runtime(tr("{} documents, {} characters, {} bytes of UTF-8",
                                     "文書 {} 件、{} 字、{} バイト（UTF-8）")),
                     grouped(total("documents")), grouped(total("characters")),
                     grouped(total("bytes"))));
    open(
        tr("Training data size in tokens (less than 1 billion; 1 billion to 10 trillion; more than "
           "10 trillion)",
           "学習データのトークン数（10 億未満・10 億〜10 兆・10 兆超）"));
    open(tr("Types of content", "内容の種類"));
    open(
        tr("Latest date of data acquisition or collection for model training, and whether the "
           "model is trained further after it",
           "学習データの取得・収集の最終日と、以後も学習を続けるか"));
    const Json& dates = object_of(card_, "dates");
    if (!text_of(dates, "last").empty()) {
      item(
          tr("Dates that documents of this dataset state",
             "このデータセットの文書に記載された日付"),
          fmt::format("{} – {} ({})", markdown_escape(text_of(dates, "first")),
                      markdown_escape(text_of(dates, "last")), grouped(count_of(dates, "stated"))));
    }
    item(tr("Linguistic characteristics", "言語の構成"), languages());
    open(tr("Other relevant characteristics of the overall training data",
            "学習データ全体のその他の性質"));
    open(tr("Additional comments", "補足"));
    end_list();
  }

  std::string languages() const {
    const Json& languages = object_of(card_, "languages");
    std::string text;
    for (const Json& group : list_of(languages, "groups")) {
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", markdown_escape(text_of(group, "name")),
                      percent(count_of(group, "bytes"), total("bytes")));
    }
    const uint64_t missing = count_of(object_of(languages, "missing"), "bytes");
    if (missing > 0 || text.empty()) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", tr("not stated", "記載なし"),
                          percent(missing, total("bytes")));
    }
    return text + tr(" of the bytes, as the documents state it", "（バイト比、文書の記載による）");
  }

  void source_table() {
    std::vector<std::vector<std::string>> rows = {
        {tr("Source", "出典"), tr("Documents", "文書"), tr("Bytes", "バイト"), "%"}};
    const Json& sources = object_of(card_, "sources");
    for (const Json& group : list_of(sources, "groups")) {
      if (rows.size() > kShownSources) break;
      rows.push_back({markdown_escape(text_of(group, "name")),
                      grouped(count_of(group, "documents")), grouped(count_of(group, "bytes")),
                      percent(count_of(group, "bytes"), total("bytes"))});
    }
    const Json& missing = object_of(sources, "missing");
    if (count_of(missing, "documents") > 0) {
      rows.push_back({tr("(not stated)", "（記載なし）"), grouped(count_of(missing, "documents")),
                      grouped(count_of(missing, "bytes")),
                      percent(count_of(missing, "bytes"), total("bytes"))});
    }
    out_ += markdown_table(rows);
  }

  void sources() {
    section(tr("2. List of data sources", "2. データの出典"));
    paragraph(
        tr("The documents name these sources. Which of the sections below each belongs to, "
           "the data does not tell.",
           "文書に記載された出典は次のとおり。以下のどの節に当たるかはデータからは"
           "分からない。"));
    source_table();
    part(tr("2.1 Publicly available datasets", "2.1 公開データセット"));
    open(tr("Have publicly available datasets been used? Which modalities do they cover?",
            "公開データセットを使ったか。そのモダリティ"));
    open(tr("Large publicly available datasets: name, link, version or date, content",
            "大きな公開データセットの名称・リンク・版または日付・内容"));
    open(tr("General description of the others", "そのほかの公開データセットの概要"));
    end_list();
    part(tr("2.2 Private non-publicly available datasets obtained from third parties",
            "2.2 第三者から得た非公開データセット"));
    open(tr("2.2.1 Datasets commercially licensed by rightsholders or their representatives",
            "2.2.1 権利者またはその代理人から商用許諾を受けたもの"));
    open(tr("2.2.2 Private datasets obtained from other third parties",
            "2.2.2 その他の第三者から得たもの"));
    end_list();
    crawled();
    part(tr("2.4 User data", "2.4 利用者のデータ"));
    open(tr("Data from interactions with the provider's models or services",
            "提供者のモデルやサービスとのやり取りから得たデータ"));
    end_list();
    part(tr("2.5 Synthetic data", "2.5 合成データ"));
    open(tr("Synthetic data made by or for the provider, and the models it was made with",
            "提供者が作った（作らせた）合成データと、それを作ったモデル"));
    end_list();
    part(tr("2.6 Other sources of data", "2.6 その他の出典"));
    open(tr("Sources that none of the sections above covers", "上のどの節にも当たらない出典"));
    end_list();
  }

  void crawled() {
    part(tr("2.3 Data crawled and scraped from online sources", "2.3 ウェブから集めたデータ"));
    open(tr("Were crawlers used by or for the provider? Their names and identifiers",
            "提供者が（委託を含め）クローラーを使ったか。その名称と識別子"));
    open(tr("Purposes and behaviour of the crawlers (robots.txt, paywalls, …)",
            "クローラーの目的と動作（robots.txt や課金ページの扱いなど）"));
    open(tr("Period of data collection", "収集の期間"));
    open(tr("Type of content and of online sources", "内容とサイトの種類"));
    const Json& domains = object_of(card_, "domains");
    const Json& without = object_of(domains, "without_url");
    item(tr("Most relevant domain names", "主なドメイン"),
         fmt::format(
             fmt::runtime(tr("the top {} % of the {} registered domains by bytes of text ({}); {} "
                             "documents have no URL. Whether a domain was crawled, the data does "
                             "not tell",
                             "登録ドメイン {1} 個のうち本文のバイト数で上位 {0} %（{2} 個）。"
                             "URL のない文書は {3} 件。クロールしたものかどうかはデータからは"
                             "分からない")),
             shown_number(member_of(domains, "top_percent")), grouped(count_of(domains, "domains")),
             grouped(count_of(domains, "top_domains")), grouped(count_of(without, "documents"))));
    end_list();
    std::vector<std::vector<std::string>> rows = {
        {tr("Domain", "ドメイン"), tr("Bytes", "バイト"), "%"}};
    for (const Json& domain : list_of(domains, "top")) {
      rows.push_back({markdown_escape(text_of(domain, "domain")),
                      grouped(count_of(domain, "bytes")),
                      percent(count_of(domain, "bytes"), total("bytes"))});
    }
    if (rows.size() > 1) out_ += markdown_table(rows);
    if (rows.size() - 1 < count_of(domains, "top_domains")) {
      paragraph(
          fmt::format(fmt::runtime(tr("The list is cut after {} domains.", "{} 個までを示した。")),
                      grouped(static_cast<uint64_t>(rows.size() - 1))));
    }
  }

  void processing() {
    section(tr("3. Data processing aspects", "3. データの処理"));
    part(tr("3.1 Respect of reservation of rights from the text and data mining exception",
            "3.1 テキスト・データマイニング例外からの権利留保の尊重"));
    open(tr("Signatory to the Code of Practice?", "行動規範への署名"));
    open(tr("Measures to identify and respect opt-outs", "オプトアウトを確かめて守る措置"));
    item(tr("Licences that the documents state", "文書に記載されたライセンス"), licenses());
    end_list();
    part(tr("3.2 Removal of illegal content", "3.2 違法な内容の除去"));
    open(tr("Measures to avoid or remove illegal content", "違法な内容を避ける・除く措置"));
    end_list();
    part(tr("3.3 Other information", "3.3 その他"));
    paragraph(tr("What the dataset's own records say was done, oldest first:",
                 "データセットの記録による処理（古い順）:"));
    for (const Json& step : list_of(card_, "lineage")) {
      out_ += "- " + markdown_escape(lineage_line(step)) + "\n";
    }
    end_list();
  }

  std::string licenses() const {
    const Json& licenses = object_of(card_, "licenses");
    std::string text;
    for (const Json& group : list_of(licenses, "groups")) {
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", markdown_escape(text_of(group, "name")),
                      percent(count_of(group, "bytes"), total("bytes")));
    }
    const uint64_t missing = count_of(object_of(licenses, "missing"), "bytes");
    return text + fmt::format("{}{} {}", text.empty() ? "" : ", ", tr("not stated", "記載なし"),
                              percent(missing, total("bytes")));
  }

  const Json& card_;
  bool japanese_;
  std::string out_;
};

}  // namespace

std::string card_eu_summary(const Json& card, CardLanguage language) {
  return Draft(card, language).write();
}

}  // namespace yurai

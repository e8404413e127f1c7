#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "yurai/card/card.h"
#include "yurai/card/lineage_text.h"
#include "yurai/card/markdown_text.h"
#include "yurai/card/members.h"

namespace yurai {
namespace {

constexpr size_t kShownSources = 100;
constexpr size_t kShownInputs = 100;

/// ISO 639-1, of the Union's official languages (Regulation No 1 of 1958, as amended).
constexpr std::string_view kUnionLanguages[] = {"bg", "cs", "da", "de", "el", "en", "es", "et",
                                                "fi", "fr", "ga", "hr", "hu", "it", "lt", "lv",
                                                "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv"};

/// Filters that keep documents out for what they say, or for whom they come from.
constexpr std::string_view kContentFilters[] = {"words", "toxicity", "url_blocked", "url_allowed",
                                                "domain"};

template <size_t N>
bool is_one_of(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

/// The sections and questions of the template that the Commission published on 24 July 2025, with
/// the data's answers where it has any.
class Draft {
 public:
  Draft(const Json& card, CardLanguage language)
      : card_(card), language_(language), japanese_(language == CardLanguage::kJapanese) {}

  std::string write() {
    out_ = "# " + tr("Public summary of training content: draft", "学習データの公開要約（草案）") +
           "\n\n";
    paragraph(tr(
        "Regulation (EU) 2024/1689, Article 53(1)(d); sections and questions of the Commission's "
        "template. This draft covers one dataset, a model may have been trained on several. What "
        "the data and its records tell is filled in; everything else is marked and is the "
        "provider's to answer. It is no legal advice.",
        "規則 (EU) 2024/1689 第 53 条 1 項 (d)。節と設問は欧州委員会の様式による。この草案が扱う"
        "のは一つのデータセットで、モデルの学習には複数使われうる。データとその記録から分かる"
        "ことを埋め、ほかは提供者の記入欄とした。法的助言ではない。"));
    general();
    section(tr("2. List of data sources", "2. データの出典"));
    public_datasets();
    private_datasets();
    crawled();
    other_sources();
    processing();
    return std::move(out_);
  }

 private:
  std::string tr(const char* english, const char* japanese) const {
    return japanese_ ? japanese : english;
  }
  void section(const std::string& text) { out_ += "## " + text + "\n\n"; }
  void part(const std::string& text) { out_ += "### " + text + "\n\n"; }
  void subpart(const std::string& text) { out_ += "#### " + text + "\n\n"; }
  void paragraph(const std::string& text) { out_ += text + "\n\n"; }
  void item(const std::string& label, const std::string& value) {
    out_ += "- **" + label + "**: " + value + "\n";
  }
  /// What only the provider knows.
  void open(const std::string& label) {
    item(label, tr("*[to be filled in by the provider]*", "*［提供者が記入］*"));
  }
  void yes_or_no(const std::string& label) {
    item(label, tr("☐ Yes ☐ No *[to be filled in by the provider]*",
                   "☐ はい ☐ いいえ *［提供者が記入］*"));
  }
  void comments() { open(tr("Additional comments (optional)", "補足（任意）")); }
  void end_list() { out_ += "\n"; }
  uint64_t total(const char* key) const { return count_of(object_of(card_, "totals"), key); }

  void modality() {
    item(tr("If yes, specify the modality(ies) of the content covered",
            "「はい」の場合、含まれる内容のモダリティ"),
         tr("this dataset: ☒ text; others *[to be filled in by the provider]*",
            "このデータセット: ☒ テキスト。ほか *［提供者が記入］*"));
  }

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
    item(tr("Modality", "モダリティ"), tr("this dataset: ☒ text ☐ image ☐ audio ☐ video ☐ other",
                                          "このデータセット: ☒ テキスト ☐ 画像 ☐ 音声 ☐ 動画 "
                                          "☐ その他"));
    item(tr("Size of this dataset", "このデータセットの量"),
         fmt::format(fmt::runtime(tr("{} documents, {} characters, {} words, {} bytes of UTF-8; "
                                     "tokens were not counted",
                                     "文書 {} 件、{} 字、{} 語、{} バイト（UTF-8）。"
                                     "トークン数は数えていない")),
                     grouped(total("documents")), grouped(total("characters")),
                     grouped(total("words")), grouped(total("bytes"))));
    item(
        tr("Training data size", "学習データの量"),
        tr("☐ less than 1 billion tokens ☐ 1 billion to 10 trillion tokens ☐ more than 10 trillion "
           "tokens *[to be filled in by the provider]*",
           "☐ 10 億トークン未満 ☐ 10 億〜10 兆トークン ☐ 10 兆トークン超 "
           "*［提供者が記入］*"));
    item(tr("Types of content", "内容の種類"),
         tr("*[to be filled in by the provider]*; the sources under 2.1 may help",
            "*［提供者が記入］*（2.1 の出典が手がかりになる）"));
    dates();
    yes_or_no(tr("Is the model trained further on data that is collected after this date?",
                 "この日より後に集めるデータでも学習を続けるか"));
    item(tr("Description of the linguistic characteristics of the overall training data",
            "学習データ全体の言語の構成"),
         languages());
    open(tr("Other relevant characteristics of the overall training data",
            "学習データ全体のその他の性質"));
    comments();
    end_list();
  }

  void dates() {
    const Json& dates = object_of(card_, "dates");
    std::string text = tr("*[to be filled in by the provider]*", "*［提供者が記入］*");
    if (const std::string last = text_of(dates, "last"); !last.empty()) {
      text += fmt::format(
          fmt::runtime(tr("; the latest date that a document of this dataset states is {} ({} of "
                          "{} documents state one)",
                          "。このデータセットの文書に記載された最も新しい日付は {}"
                          "（記載のある文書は {} / {} 件）")),
          markdown_escape(last), grouped(count_of(dates, "stated")), grouped(total("documents")));
    }
    item(tr("Latest date of data acquisition/collection for model training",
            "学習データの取得・収集の最終日"),
         text);
  }

  /// "ja 93.1 %, en 2.0 %, not stated 4.9 %"
  std::string shares(const char* member) const {
    const Json& breakdown = object_of(card_, member);
    std::string text;
    const auto add = [&](const std::string& name, uint64_t bytes) {
      text += (text.empty() ? "" : ", ") + name + " " + percent(bytes, total("bytes"));
    };
    for (const Json& group : list_of(breakdown, "groups")) {
      add(markdown_escape(text_of(group, "name")), count_of(group, "bytes"));
    }
    const uint64_t missing = count_of(object_of(breakdown, "missing"), "bytes");
    if (missing > 0 || text.empty()) add(tr("not stated", "記載なし"), missing);
    return text + tr(" of the bytes, as the documents state it", "（バイト比、文書の記載による）");
  }

  std::string languages() const {
    std::string of_union;
    for (const Json& group : list_of(object_of(card_, "languages"), "groups")) {
      const std::string name = text_of(group, "name");
      if (!is_one_of(kUnionLanguages, name.substr(0, name.find_first_of("-_")))) continue;
      of_union += (of_union.empty() ? "" : ", ") + markdown_escape(name);
    }
    return shares("languages") +
           (of_union.empty()
                ? tr("; none of those stated is an official language of the Union",
                     "。記載された言語に EU の公用語はない")
                : tr("; official languages of the Union among them: ", "。うち EU の公用語: ") +
                      of_union);
  }

  void public_datasets() {
    part(tr("2.1 Publicly available datasets", "2.1 公開データセット"));
    yes_or_no(tr("Have you used publicly available datasets to train the model?",
                 "公開データセットを学習に使ったか"));
    modality();
    open(tr("List of large publicly available datasets", "大きな公開データセットの一覧"));
    open(tr("General description of other publicly available datasets not listed above",
            "そのほかの公開データセットの概要"));
    comments();
    end_list();
    paragraph(
        tr("The documents of this dataset name the sources below. Which section each belongs to, "
           "2.1 to 2.6, the data does not tell.",
           "このデータセットの文書に記載された出典は次のとおり。2.1〜2.6 のどれに当たるかは"
           "データからは分からない。"));
    source_table();
    input_table();
  }

  void source_table() {
    std::vector<std::vector<std::string>> rows = {
        {tr("Source", "出典"), tr("Documents", "文書"), tr("Bytes", "バイト"), "%"}};
    const auto add = [&](const std::string& name, const Json& of) {
      rows.push_back({name, grouped(count_of(of, "documents")), grouped(count_of(of, "bytes")),
                      percent(count_of(of, "bytes"), total("bytes"))});
    };
    const Json& sources = object_of(card_, "sources");
    const Json& groups = list_of(sources, "groups");
    for (const Json& group : groups) {
      if (rows.size() > kShownSources) break;
      add(markdown_escape(text_of(group, "name")), group);
    }
    const Json& missing = object_of(sources, "missing");
    if (count_of(missing, "documents") > 0) add(tr("(not stated)", "（記載なし）"), missing);
    out_ += markdown_table(rows);
    if (count_of(sources, "names") > kShownSources) {
      paragraph(fmt::format(
          fmt::runtime(tr("{} of {} sources are shown.", "出典 {1} 個のうち {0} 個を示した。")),
          kShownSources, grouped(count_of(sources, "names"))));
    }
  }

  /// The files that the records begin with: what somebody else made.
  void input_table() {
    std::vector<std::vector<std::string>> rows = {
        {tr("First input", "最初の入力"), "SHA-256", tr("Bytes", "バイト")}};
    uint64_t all = 0;
    for (const Json& step : list_of(card_, "lineage")) {
      if (!list_of(step, "made_from").empty() || text_of(step, "format") == "yurai-labels")
        continue;
      all += count_of(step, "num_inputs");
      for (const Json& input : list_of(step, "inputs")) {
        if (rows.size() > kShownInputs) break;
        rows.push_back({markdown_escape(text_of(input, "name")),
                        markdown_escape(text_of(input, "sha256").substr(0, 16)),
                        grouped(member_of(input, "bytes"))});
      }
    }
    if (rows.size() == 1) return;
    paragraph(
        tr("The files that the dataset's records begin with, word lists of filters among them:",
           "データセットの記録が始まるファイル（フィルターの語のリストを含む）:"));
    out_ += markdown_table(rows, 2);
    if (all >= rows.size()) {
      paragraph(fmt::format(
          fmt::runtime(tr("{} of {} files are shown.", "ファイル {1} 個のうち {0} 個を示した。")),
          rows.size() - 1, grouped(all)));
    }
  }

  void private_datasets() {
    part(tr("2.2 Private non-publicly available datasets obtained from third parties",
            "2.2 第三者から得た非公開データセット"));
    subpart(tr("2.2.1 Datasets commercially licensed by rightsholders or their representatives",
               "2.2.1 権利者またはその代理人から商用許諾を受けたもの"));
    yes_or_no(
        tr("Have you concluded transactional commercial licensing agreement(s) with "
           "rightsholder(s) or with their representatives?",
           "権利者またはその代理人と商用の許諾契約を結んだか"));
    modality();
    end_list();
    subpart(tr("2.2.2 Private datasets obtained from other third parties",
               "2.2.2 その他の第三者から得たもの"));
    yes_or_no(
        tr("Have you obtained private datasets from third parties that are not licensed as "
           "described in 2.2.1?",
           "2.2.1 の許諾によらない非公開データセットを第三者から得たか"));
    modality();
    open(tr("List of publicly known private datasets", "公に知られた非公開データセットの一覧"));
    open(tr("General description of non-publicly known private datasets",
            "知られていない非公開データセットの概要"));
    comments();
    end_list();
  }

  void crawled() {
    part(tr("2.3 Data crawled and scraped from online sources", "2.3 ウェブから集めたデータ"));
    yes_or_no(tr("Were crawlers used by the provider or on its behalf?",
                 "提供者が（委託を含め）クローラーを使ったか"));
    open(tr("Crawler name(s)/identifier(s)", "クローラーの名称・識別子"));
    open(tr("Purposes of the crawler(s)", "クローラーの目的"));
    open(tr("General description of crawler behaviour (robots.txt, captchas, paywalls, …)",
            "クローラーの動作の概要（robots.txt・CAPTCHA・課金ページの扱いなど）"));
    const Json& dates = object_of(card_, "dates");
    std::string period = tr("*[to be filled in by the provider]*", "*［提供者が記入］*");
    if (!text_of(dates, "first").empty()) {
      period += fmt::format(
          fmt::runtime(tr("; the documents state dates from {} to {}, of whatever kind",
                          "。文書に記載された日付（種類は問わない）は {} から {} まで")),
          markdown_escape(text_of(dates, "first")), markdown_escape(text_of(dates, "last")));
    }
    item(tr("Period of data collection", "収集の期間"), period);
    open(tr("Comprehensive description of the type of content and online sources crawled",
            "集めた内容とサイトの種類の説明"));
    modality();
    domains();
    comments();
    end_list();
    domain_table();
  }

  void domains() {
    const Json& domains = object_of(card_, "domains");
    const Json& without = object_of(domains, "without_url");
    item(tr("Summary of the most relevant domain names crawled", "主なドメイン"),
         fmt::format(
             fmt::runtime(
                 tr("the top {} % of the {} registered domains by bytes of text ({}), below; "
                    "the template asks for 10 %, of small and medium-sized providers for 5 % "
                    "or 1,000. {} documents have no URL. Whether a domain was crawled, the "
                    "data does not tell",
                    "登録ドメイン {1} 個のうち本文のバイト数で上位 {0} %（{2} 個）を下に示す"
                    "（様式が求めるのは 10 %、中小の提供者は 5 % または 1,000 個）。"
                    "URL のない文書は {3} 件。クロールしたものかどうかはデータからは"
                    "分からない")),
             shown_number(member_of(domains, "top_percent")), grouped(count_of(domains, "domains")),
             grouped(count_of(domains, "top_domains")), grouped(count_of(without, "documents"))));
  }

  void domain_table() {
    const Json& domains = object_of(card_, "domains");
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

  void other_sources() {
    part(tr("2.4 User data", "2.4 利用者のデータ"));
    yes_or_no(
        tr("Was data from user interactions with the AI model (e.g. user input and prompts) "
           "used to train the model?",
           "AI モデルとのやり取り（入力やプロンプトなど）のデータを学習に使ったか"));
    yes_or_no(
        tr("Was data collected from user interactions with the provider's other services or "
           "products used to train the model?",
           "提供者のほかのサービスや製品の利用から集めたデータを学習に使ったか"));
    open(
        tr("General description of the provider's services or products that user data was "
           "collected from",
           "利用者のデータを集めたサービスや製品の概要"));
    modality();
    comments();
    end_list();
    part(tr("2.5 Synthetic data", "2.5 合成データ"));
    yes_or_no(
        tr("Was synthetic AI-generated data created by the provider or on its behalf to train "
           "the model?",
           "提供者が（委託を含め）AI で作った合成データを学習に使ったか"));
    modality();
    open(tr("General-purpose AI model(s) used to generate it, if available on the market",
            "生成に使った汎用 AI モデル（市場にあるもの）"));
    open(tr("Other AI models used to generate it, and what they were trained on",
            "生成に使ったほかの AI モデルと、その学習データ"));
    comments();
    end_list();
    part(tr("2.6 Other sources of data", "2.6 その他の出典"));
    yes_or_no(
        tr("Have data sources other than those described in 2.1 to 2.5 been used to train the "
           "model?",
           "2.1〜2.5 以外の出典を学習に使ったか"));
    open(tr("If yes, a description of these sources and data", "「はい」の場合、その出典とデータ"));
    end_list();
  }

  void processing() {
    section(tr("3. Data processing aspects", "3. データの処理"));
    part(
        tr("3.1 Respect of reservation of rights from the text and data mining exception or "
           "limitation",
           "3.1 テキスト・データマイニングの例外・制限に対する権利留保の尊重"));
    yes_or_no(
        tr("Are you a signatory to the Code of Practice for general-purpose AI models that "
           "includes commitments to respect reservations of rights?",
           "権利留保の尊重を約束する汎用 AI モデルの行動規範に署名しているか"));
    open(
        tr("Measures implemented before model training to respect reservations of rights, before "
           "and during data collection, including the opt-out protocols and solutions honoured",
           "学習の前に、収集の前後で権利留保を尊重するために取った措置"
           "（従ったオプトアウトの方式を含む）"));
    item(tr("Licences that the documents of this dataset state",
            "このデータセットの文書に記載されたライセンス"),
         shares("licenses"));
    end_list();
    part(tr("3.2 Removal of illegal content", "3.2 違法な内容の除去"));
    open(
        tr("General description of measures taken to avoid or remove illegal content under Union "
           "law from the training data",
           "EU 法上違法な内容を学習データから避ける・除くために取った措置の概要"));
    content_steps();
    end_list();
    part(tr("3.3 Other information (optional)", "3.3 その他（任意）"));
    personal_information();
    paragraph(tr("What the dataset's own records say was done, oldest first:",
                 "データセットの記録による処理（古い順）:"));
    for (const Json& step : list_of(card_, "lineage")) {
      out_ += "- " + markdown_escape(lineage_line(step, language_)) + "\n";
    }
    end_list();
  }

  /// Steps that kept documents out for what they say or for whom they come from: whether what they
  /// found was illegal, no record tells.
  void content_steps() {
    std::string steps;
    for (const Json& artefact : list_of(card_, "lineage")) {
      for (const Json& step : list_of(object_of(artefact, "facts"), "steps")) {
        if (!is_one_of(kContentFilters, text_of(step, "filter"))) continue;
        steps +=
            fmt::format(fmt::runtime(tr("{}{} dropped {} of {} documents",
                                        "{0}{1} は {3} 件中 {2} 件を除いた")),
                        steps.empty() ? "" : tr("; ", "、"), markdown_escape(text_of(step, "step")),
                        grouped(member_of(step, "dropped")), grouped(member_of(step, "ran")));
      }
    }
    item(tr("Word lists, block lists and classifiers in the records of this dataset",
            "このデータセットの記録にある、語のリスト・遮断リスト・分類器"),
         steps.empty() ? tr("none", "なし") : steps);
  }

  void personal_information() {
    for (const Json& step : list_of(card_, "personal_information")) {
      std::string kinds;
      for (const Json& kind : list_of(step, "kinds")) {
        if (count_of(kind, "spans") == 0) continue;
        kinds += (kinds.empty() ? "" : ", ") + pii_kind_text(text_of(kind, "kind"), language_) +
                 " " + grouped(member_of(kind, "spans"));
      }
      paragraph(fmt::format(
          fmt::runtime(
              tr("Personal information, found by rules in step {}: {} of {} documents; masked "
                 "in {}{}{}.",
                 "個人情報（段階 {0} の規則による）: {2} 件中 {1} 件の文書で検出、{3} 件で"
                 "伏せた{4}{5}。")),
          markdown_escape(text_of(step, "step")),
          grouped(member_of(object_of(step, "documents"), "part")),
          grouped(member_of(object_of(step, "documents"), "whole")),
          grouped(member_of(step, "masked_documents")), kinds.empty() ? "" : tr("; ", "。内訳は "),
          kinds));
    }
  }

  const Json& card_;
  CardLanguage language_;
  bool japanese_;
  std::string out_;
};

}  // namespace

std::string card_eu_summary(const Json& card, CardLanguage language) {
  return Draft(card, language).write();
}

}  // namespace yurai

#include "apps/yurai/trace_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/yurai/cli.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai::cli {
namespace {

std::string shown(std::string_view text, size_t max_chars) {
  if (count_chars(text) <= max_chars) return for_terminal(text);
  return for_terminal(first_chars(text, max_chars / 2)) + " … " +
         for_terminal(last_chars(text, max_chars / 2));
}

std::string or_unknown(const std::string& field) {
  return field.empty() ? tr("unknown", "不明") : for_terminal(field);
}

std::string document_line(const Document& document) {
  std::string line = document.title.empty() ? "" : shown(document.title, 60) + "  ";
  line += shown(document.id, 60) + "  " + tr("source", "出典") + ": " +
          or_unknown(document.source) + "  " + tr("licence", "ライセンス") + ": " +
          or_unknown(document.license);
  if (!document.date.empty()) line += "  " + shown(document.date, 20);
  return line;
}

/// A character a cell: the fuller, the more of it was found.
std::string strip(const std::vector<WorkCell>& cells) {
  constexpr std::string_view kLevels[] = {"·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const WorkCell& cell : cells) {
    const double level = cell.share_found * 8;
    const auto step = static_cast<size_t>(level > 0 ? std::max(1.0, level + 0.5) : 0);
    text += kLevels[std::min<size_t>(step, 8)];
  }
  return text;
}

}  // namespace

std::string related_for_person(const Related& related) {
  std::string text = tr("Related passages (near in words; not matches)",
                        "関連する文章（言葉が近いもの。一致ではありません）") +
                     "\n";
  if (related.sentences.empty()) return text + "  " + tr("none", "なし") + "\n";
  for (const RelatedSentence& sentence : related.sentences) {
    text += "  " + shown(sentence.text, 60) + "\n";
    for (const PassageHit& hit : sentence.passages) {
      text += fmt::format("    ~ {:3.0f} %  {}\n             {}\n", 100 * hit.overlap,
                          document_line(hit.document), for_terminal(hit.passage.text));
    }
  }
  if (related.truncated) {
    text +=
        "  " + tr("… only the first sentences were looked at\n", "… 最初の文だけを調べました\n");
  }
  return text;
}

std::string near_copies_for_person(const std::vector<NearCopy>& copies) {
  std::string text =
      tr("Near copies (but for small edits)", "小さな違いを除いて一致する文章") + "\n";
  if (copies.empty()) return text + "  " + tr("none", "なし") + "\n";
  for (const NearCopy& copy : copies) {
    text += fmt::format(
        fmt::runtime(
            tr("  {:.1f} % the same, {} edits: characters {}-{}\n    {}\n    ≈ {}\n      {}\n",
               "  {:.1f} % が同じ、違い {} 文字: {}〜{} 文字目\n    {}\n    ≈ {}\n      {}\n")),
        100 * copy.identity, copy.edits, copy.char_begin, copy.char_end, shown(copy.text, 80),
        shown(copy.occurrence.match, 80), document_line(copy.occurrence.document));
  }
  return text;
}

std::string differs_for_person(const std::vector<std::string_view>& kinds) {
  const std::map<std::string_view, std::string> names = {
      {"nfkc", tr("compatibility form", "互換文字・合成")},
      {"case", tr("case", "大文字と小文字")},
      {"width", tr("width", "全角と半角")},
      {"whitespace", tr("white space", "空白")},
      {"punctuation", tr("punctuation", "句読点・記号")},
      {"zero_width", tr("invisible characters", "見えない文字")},
      {"old_kanji", tr("old kanji", "旧字体")}};
  std::string list;
  for (const std::string_view kind : kinds) {
    if (!list.empty()) list += tr(", ", "、");
    list += names.at(kind);
  }
  if (list.empty()) return tr("the same word for word", "一字一句同じ");
  return tr("the same but for: ", "次の違いを除いて一致: ") + list;
}

std::string work_for_person(const WorkMap& map) {
  std::string text = strip(map.cells) + "\n";
  text += fmt::format(
      fmt::runtime(tr("{:.1f} % of {} bytes found in {} spans, {} documents; {} hold at least "
                      "half of that\n",
                      "{1} バイトのうち {0:.1f} % が {2} 箇所で文書 {3} "
                      "件にあり、その半分以上を持つ文書は {4} 件\n")),
      100 * map.share_found, grouped(map.bytes), map.num_spans, map.num_documents, map.num_copies);
  if (map.earliest) {
    text += tr("earliest known: ", "知られている最も古い文書: ") +
            document_line(map.earliest->document) + "\n";
  }
  const auto percent = [&](uint64_t bytes) {
    return map.bytes == 0 ? 0 : 100 * static_cast<double>(bytes) / static_cast<double>(map.bytes);
  };
  text += "\n" + tr("Documents that hold most of it", "多くを持つ文書") + "\n";
  for (const WorkDocument& held : map.documents) {
    text += fmt::format("  {:5.1f} %  {}\n", percent(held.bytes), document_line(held.document));
  }
  text += "\n" + tr("Share by source and licence", "出典とライセンスごとの割合") + "\n";
  for (const Credit& credit : map.credits) {
    text += fmt::format("  {:5.1f} %  {}  {}\n", 100 * credit.share, or_unknown(credit.source),
                        or_unknown(credit.license));
  }
  text += "\n" + tr("Longest passages", "最も長い一致") + "\n";
  for (const Span& span : map.longest) {
    text += fmt::format(
        fmt::runtime(tr("  {}: {} characters, {} documents\n", "  {}: {} 文字、文書 {} 件\n")),
        shown(span.text, 60), span.char_end - span.char_begin, span.documents_total);
    if (!span.documents.empty()) {
      text += "    " + document_line(span.documents[0].document) + "\n";
    }
  }
  return text;
}

}  // namespace yurai::cli

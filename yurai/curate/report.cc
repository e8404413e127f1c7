#include "yurai/curate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/curate/funnel.h"
#include "yurai/curate/unit_text.h"

namespace yurai {
namespace {

constexpr size_t kMaxBars = 48;
constexpr size_t kMaxShownGroups = 20;
constexpr double kPlotWidth = 560;
constexpr double kPlotHeight = 90;

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark}
body{font:15px/1.6 system-ui,"Noto Sans CJK JP",sans-serif;margin:0 auto;max-width:62rem;padding:1.5rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2.2rem}
table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .6rem;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{background:#4a7bd0;height:.6rem;display:block}
.lost{fill:#d0603a}.kept{fill:#4a7bd0}
mark{background:#ffd54d;color:#000}
blockquote{margin:.4rem 0;padding-left:.8rem;border-left:3px solid #8886;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}
#ja:checked~main [lang=en],#en:checked~main [lang=ja]{display:none}
)";

/// Untrusted text for HTML; control and bidirectional characters become visible.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : for_terminal(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string both(std::string_view english, std::string_view japanese) {
  return fmt::format(R"(<span lang="en">{}</span><span lang="ja">{}</span>)", english, japanese);
}

std::string text_of(const Json& json, const char* key) {
  return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}
uint64_t count_of(const Json& json, const char* key) { return json.value(key, uint64_t{0}); }

std::string percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "–";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string number(const Json& value) {
  return value.is_number() ? fmt::format("{:.6g}", value.get<double>()) : "–";
}

std::string bounds(const Json& step) {
  const Json min = step.value("lower_bound", Json());
  const Json max = step.value("upper_bound", Json());
  if (min.is_null() && max.is_null()) return "–";
  return fmt::format("{} … {}", number(min), number(max));
}

struct Bar {
  double from;
  double to;
  uint64_t documents;
  uint64_t dropped;
};

/// The bins, neighbours joined until there are at most kMaxBars.
std::vector<Bar> make_bars(const Json& histogram) {
  const size_t joined = histogram.size() / kMaxBars + 1;
  std::vector<Bar> bars;
  for (size_t i = 0; i < histogram.size(); ++i) {
    const Json& bin = histogram[i];
    if (i % joined == 0) bars.push_back({bin["from"].get<double>(), 0, 0, 0});
    bars.back().to = bin["to"].get<double>();
    bars.back().documents += count_of(bin, "documents");
    bars.back().dropped += count_of(bin, "dropped");
  }
  return bars;
}

std::string histogram(const Json& step) {
  const std::vector<Bar> bars = make_bars(step["histogram"]);
  if (bars.size() < 2) return {};
  uint64_t highest = 1;
  for (const Bar& bar : bars) highest = std::max(highest, bar.documents);
  const double width = kPlotWidth / static_cast<double>(bars.size());
  std::string out =
      fmt::format(R"(<svg viewBox="0 0 {} {}" role="img">)", kPlotWidth, kPlotHeight + 16);
  for (size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double x = width * static_cast<double>(i);
    const auto rect = [&](std::string_view kind, uint64_t from, uint64_t to) {
      const double scale = kPlotHeight / static_cast<double>(highest);
      out +=
          fmt::format(R"(<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}">)",
                      kind, x, kPlotHeight - static_cast<double>(to) * scale, width * 0.9,
                      static_cast<double>(to - from) * scale);
      out += fmt::format("<title>{:.6g} – {:.6g}: {} (− {})</title></rect>", bar.from, bar.to,
                         grouped(bar.documents), grouped(bar.dropped));
    };
    rect("kept", 0, bar.documents - bar.dropped);
    rect("lost", bar.documents - bar.dropped, bar.documents);
  }
  out += fmt::format(R"(<text x="0" y="{0}" font-size="11" fill="currentColor">{1:.6g}</text>)"
                     R"(<text x="{2}" y="{0}" font-size="11" fill="currentColor" )"
                     R"(text-anchor="end">{3:.6g}</text></svg>)",
                     kPlotHeight + 13, bars.front().from, kPlotWidth, bars.back().to);
  return out;
}

std::string examples_of(const std::string& step, const Json& examples) {
  std::string out;
  for (const Json& example : examples) {
    if (text_of(example, "step") != step) continue;
    out += fmt::format("<li><code>{}</code> ({}{})", escape(text_of(example, "id")),
                       example.value("at_least", false) ? "≥ " : "",
                       number(example.value("value", Json())));
    for (const Json& excerpt : example["excerpts"]) {
      out += fmt::format("<blockquote>{}<mark>{}</mark>{}</blockquote>",
                         escape(text_of(excerpt, "before")), escape(text_of(excerpt, "match")),
                         escape(text_of(excerpt, "after")));
    }
    out += "</li>";
  }
  if (out.empty()) return {};
  return fmt::format("<details><summary>{}</summary><ul>{}</ul></details>",
                     both("Examples of what was dropped", "除かれた文書の例"), out);
}

std::string funnel_table(const Json& summary) {
  std::string rows;
  uint64_t left = count_of(summary, "documents");
  const uint64_t all = left;
  const auto before = [&](const char* key, const std::string& what) {
    if (count_of(summary, key) == 0) return;
    rows += fmt::format(
        R"(<tr><td>{}</td><td></td><td class="n"></td><td class="n">{}</td><td class="n"></td>)"
        R"(<td class="n"></td><td class="n">{}</td><td></td></tr>)",
        what, grouped(count_of(summary, key)), grouped(all));
  };
  before("left_out", both("(holds no document)", "（文書でない）"));
  before("rejected", both("(could not be read)", "（読めない）"));
  for (const Json& step : summary["steps"]) {
    left -= count_of(step, "dropped");
    rows +=
        fmt::format(R"(<tr><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td>)"
                    R"(<td class="n">{}</td><td class="n">{}</td><td class="n">{}</td>)"
                    R"(<td><span class="bar" style="width:{:.1f}%">)"
                    "</span></td></tr>",
                    escape(text_of(step, "step")), bounds(step), grouped(count_of(step, "ran")),
                    grouped(count_of(step, "dropped")), percent(count_of(step, "dropped"), all),
                    grouped(count_of(step, "edited")), grouped(left),
                    all == 0 ? 0.0 : 100.0 * static_cast<double>(left) / static_cast<double>(all));
  }
  return fmt::format(
      R"(<table><tr><th>{}</th><th>{}</th><th class="n">{}</th><th class="n">{}</th>)"
      R"(<th class="n">%</th><th class="n">{}</th><th class="n">{}</th>)"
      R"(<th style="width:22%"></th></tr>{}</table>)",
      both("step", "段階"), both("bounds", "範囲"), both("ran on", "測った文書"),
      both("dropped", "除いた文書"), both("edited", "編集した文書"), both("left", "残り"), rows);
}

std::string group_table(const Json& groups) {
  std::string rows;
  const auto add = [&](const std::string& name, uint64_t documents, uint64_t kept, uint64_t bytes,
                       uint64_t kept_bytes) {
    rows += fmt::format(
        R"(<tr><td>{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td>)"
        R"(<td class="n">{}</td></tr>)",
        name, grouped(documents), grouped(kept), grouped(bytes), percent(kept_bytes, bytes));
  };
  KeptGroup rest;
  const auto add_rest = [&](const Json& group) {
    rest.documents += count_of(group, "documents");
    rest.kept += count_of(group, "kept");
    rest.bytes += count_of(group, "bytes");
    rest.kept_bytes += count_of(group, "kept_bytes");
  };
  size_t shown = 0;
  for (const Json& group : groups["groups"]) {
    if (++shown > kMaxShownGroups) {
      add_rest(group);
      continue;
    }
    const std::string name = text_of(group, "name");
    add(name.empty() ? both("(not stated)", "（記載なし）") : escape(name),
        count_of(group, "documents"), count_of(group, "kept"), count_of(group, "bytes"),
        count_of(group, "kept_bytes"));
  }
  add_rest(groups["other"]);
  if (rest.documents > 0) {
    add(both("(others)", "（その他）"), rest.documents, rest.kept, rest.bytes, rest.kept_bytes);
  }
  return fmt::format(
      R"(<table><tr><th></th><th class="n">{}</th><th class="n">{}</th><th class="n">{}</th>)"
      R"(<th class="n">{}</th></tr>{}</table>)",
      both("documents", "文書"), both("kept", "残った文書"), both("bytes", "バイト"),
      both("bytes kept", "残ったバイト"), rows);
}

}  // namespace

std::string report_html(const Json& configuration, const Json& summary, const Json& examples) {
  const std::string chain = escape(text_of(configuration, "chain"));
  std::string out = fmt::format(
      "<!doctype html>\n<html><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width\">"
      "<title>Yurai: {}</title><style>{}</style></head><body>\n"
      "<input type=\"radio\" name=\"lang\" id=\"ja\" checked><label for=\"ja\">日本語</label> "
      "<input type=\"radio\" name=\"lang\" id=\"en\"><label for=\"en\">English</label>\n<main>",
      chain, kStyle);
  out +=
      fmt::format("<h1>{} <code>{}</code></h1>", both("Filter chain", "フィルターチェーン"), chain);
  const auto fact = [&](const char* key) { return grouped(count_of(summary, key)); };
  out += fmt::format(
      "<p>{}</p>",
      both(fmt::format("{} of {} documents stay, {} of {} bytes of text ({} after the edits). "
                       "{} rows could not be read, {} records of archives hold no document.",
                       fact("kept"), fact("documents"), fact("kept_bytes"), fact("bytes"),
                       fact("kept_bytes_after"), fact("rejected"), fact("left_out")),
           fmt::format("文書 {1} 件のうち {0} 件、本文 {3} バイトのうち {2} バイトが残った"
                       "（編集後 {4} バイト）。読めなかった行は {5} 件、"
                       "アーカイブ中の文書でないレコードは {6} 件。",
                       fact("kept"), fact("documents"), fact("kept_bytes"), fact("bytes"),
                       fact("kept_bytes_after"), fact("rejected"), fact("left_out"))));
  out += fmt::format("<h2>{}</h2>{}", both("Funnel", "段階ごとの増減"), funnel_table(summary));
  for (const Json& step : summary["steps"]) {
    const std::string name = text_of(step, "step");
    out += fmt::format("\n<h2>{}</h2><p>{} … {} ({}), {}: {}</p>", escape(name),
                       number(step.value("min", Json())), number(step.value("max", Json())),
                       both(escape(unit_text(text_of(step, "unit"), false)),
                            escape(unit_text(text_of(step, "unit"), true))),
                       both("kept within", "残す範囲"), bounds(step));
    out += histogram(step) + examples_of(name, examples);
  }
  const auto section = [&](const char* key, std::string_view english, std::string_view japanese) {
    out += fmt::format("\n<h2>{}</h2>{}", both(english, japanese), group_table(summary[key]));
  };
  section("licenses", "Licences", "ライセンス");
  section("sources", "Sources", "出典");
  section("languages", "Languages", "言語");
  section("hosts", "Hosts", "ホスト");
  return out + "\n</main></body></html>\n";
}

}  // namespace yurai

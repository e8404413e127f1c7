#include "apps/yurai/cmd_corpus_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "apps/yurai/cli.h"
#include "apps/yurai/said_rejects.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/domains.h"
#include "yurai/curate/unit_text.h"
#include "yurai/curate/whatif.h"

namespace yurai::cli {

std::string bounds_text(const Json& min, const Json& max) {
  const auto number = [](const Json& value) { return fmt::format("{:.6g}", value.get<double>()); };
  if (min.is_null() && max.is_null()) return "–";
  if (min.is_null()) return "… " + number(max);
  if (max.is_null()) return number(min) + " …";
  return number(min) + " … " + number(max);
}

namespace {

std::string bounds_text(const Bounds& bounds) {
  return cli::bounds_text(or_null(bounds.min), or_null(bounds.max));
}

// ---- why ----

constexpr size_t kMaxAnswers = 1'000;

struct WhyOptions {
  std::string dir;
  std::string id;
  bool json = false;
};

bool is_meant(const DecisionRow& row, const std::string& id) {
  if (row.id == id || row.sha256 == id) return true;
  const std::string_view hex = std::string_view(id).starts_with("sha256:")
                                   ? std::string_view(id).substr(7)
                                   : std::string_view(id);
  return hex.size() >= 12 && row.sha256.starts_with(hex);
}

/// "≥ 4 hits"; of a question the answer.
std::string value_text(const DecisionValue& found, const std::string& unit) {
  if (unit == "yes") return *found.value != 0 ? tr("yes", "はい") : tr("no", "いいえ");
  return fmt::format("{}{:.6g} {}", found.at_least ? "≥ " : "", *found.value,
                     unit_text(unit, tr("en", "ja") == "ja"));
}

Result<void> print_why(const DecisionLedger& ledger, const std::vector<ManifestFile>& inputs,
                       const DecisionRow& row) {
  const std::vector<LedgerStep>& steps = ledger.steps();
  YURAI_TRY(print(fmt::format("{}  SHA-256 {}\n", for_terminal(row.id), row.sha256)));
  const std::string input = row.input < inputs.size() ? for_terminal(inputs[row.input].name)
                                                      : fmt::format("{}", row.input);
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}, line {}, {} bytes of text{}\n", "{}、{} 行目、本文 {} バイト{}\n")),
      input, row.line, grouped(row.bytes),
      row.host.empty()
          ? ""
          : fmt::format(fmt::runtime(tr(", from {}", "、{} から")), for_terminal(row.host)))));
  YURAI_TRY(print(row.kept() ? tr("kept\n", "残った\n")
                             : fmt::format(fmt::runtime(tr("dropped by {}\n", "{} で除いた\n")),
                                           for_terminal(steps[*row.dropped_by].name))));
  std::vector<std::vector<std::string>> rows = {
      {tr("step", "段階"), tr("value", "値"), tr("bounds", "範囲"), ""}};
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto& found = row.values[i];
    std::string value = tr("did not run", "測っていない");
    std::string verdict;
    if (found && found->value) {
      value = value_text(*found, steps[i].unit);
      verdict = steps[i].bounds.hold(*found->value) ? tr("passes", "通過") : tr("fails", "不通過");
    } else if (found) {
      value = tr("nothing to measure", "測れない");
    }
    if (found && found->bytes_after) {
      verdict += fmt::format(fmt::runtime(tr(", {} bytes afterwards", "、編集後 {} バイト")),
                             grouped(*found->bytes_after));
    }
    rows.push_back({for_terminal(steps[i].name), value, bounds_text(steps[i].bounds), verdict});
  }
  YURAI_TRY(print(table(rows, 4)));
  for (const Excerpt& excerpt : row.excerpts) {
    if (excerpt.match.empty()) continue;  // the text's beginning: no place decided
    YURAI_TRY(print(fmt::format("  …{}[{}]{}…\n", for_terminal(excerpt.before),
                                for_terminal(excerpt.match), for_terminal(excerpt.after))));
  }
  return {};
}

Result<void> why(const WhyOptions& options) {
  YURAI_ASSIGN(const DecisionLedger ledger, DecisionLedger::open(options.dir));
  YURAI_ASSIGN(const std::vector<ManifestFile> inputs, ledger.inputs());
  ProgressBar bar;
  std::vector<DecisionRow> rows;
  bool more = false;
  const auto read = ledger.for_each(
      [&](const DecisionRow& row) {
        if (!is_meant(row, options.id)) return true;
        more = rows.size() == kMaxAnswers;
        if (!more) rows.push_back(row);
        return !more;
      },
      bar.callback());
  bar.finish();
  YURAI_TRY(read);
  if (rows.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' decided on no document with the id or hash '{}'",
                            for_terminal(options.dir), for_terminal(options.id)));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (options.json) {
      YURAI_TRY(print(decision_line(rows[i], ledger.steps()) + "\n"));
      continue;
    }
    if (i > 0) YURAI_TRY(print("\n"));
    YURAI_TRY(print_why(ledger, inputs, rows[i]));
  }
  if (more) {
    say(fmt::format(fmt::runtime(tr("These are the first {}; there are more",
                                    "最初の {} 件だけを示した。ほかにもある")),
                    grouped(kMaxAnswers)));
  }
  return {};
}

void add_why(CLI::App& corpus) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App* verb =
      corpus.add_subcommand("why", tr("Why a document was kept or dropped: every number and bound",
                                      "ある文書が残った・除かれた理由（すべての値と範囲）"));
  verb->add_option("OUT", options->dir, tr("Folder of `corpus filter`", "corpus filter の結果"))
      ->required();
  verb->add_option("ID", options->id,
                   tr("The document's id, or 12 digits or more of its SHA-256",
                      "文書の ID、または SHA-256 の先頭 12 桁以上"))
      ->required();
  verb->add_flag("--json", options->json,
                 tr("Print a line of JSON a document", "文書ごとに 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return why(*options); }); });
}

// ---- whatif ----

struct WhatIfOptions {
  std::string dir;
  WhatIfQuestion question;
  bool json = false;
};

Result<void> whatif(const WhatIfOptions& options) {
  YURAI_ASSIGN(const DecisionLedger ledger, DecisionLedger::open(options.dir));
  YURAI_ASSIGN(const size_t step, typed(ledger.find_step(options.question.step)));
  YURAI_TRY(typed(asked_bounds(ledger.steps()[step].bounds, options.question)));
  ProgressBar bar;
  auto asked = what_if(ledger, options.question, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const WhatIf answer, std::move(asked));
  if (options.json) return print_json(yurai::to_json(answer));
  YURAI_TRY(print(fmt::format("{}: {} → {}\n", for_terminal(answer.step), bounds_text(answer.now),
                              bounds_text(answer.then))));
  std::vector<std::vector<std::string>> rows = {
      {"", tr("documents", "文書"), tr("bytes", "バイト")}};
  const auto line = [&](const std::string& label, const DocumentCount& count) {
    rows.push_back({label, grouped(count.documents), grouped(count.bytes)});
  };
  line(tr("all", "全体"), answer.all);
  line(tr("kept now", "いま残る"), answer.kept_now);
  line(tr("kept then", "変更後に残る"), answer.kept_then);
  line(tr("  gained", "  増える"), answer.gained);
  line(tr("  lost", "  減る"), answer.lost);
  YURAI_TRY(print(table(rows, 1)));
  YURAI_TRY(print(fmt::format("{}: {}\n", tr("undetermined", "確定しない"),
                              grouped(answer.undetermined.documents))));
  if (answer.undetermined.documents == 0) return {};
  return print(
      tr("Later filters did not run on those; 'yurai corpus filter --measure all' answers "
         "for them too\n",
         "後の段階を測っていない文書。'yurai corpus filter --measure all' なら確定する\n"));
}

void add_whatif(CLI::App& corpus) {
  auto options = std::make_shared<WhatIfOptions>();
  WhatIfQuestion& question = options->question;
  CLI::App* verb = corpus.add_subcommand(
      "whatif", tr("What would remain with another threshold, from the decisions alone",
                   "しきい値を変えたら何が残るか（再実行せず、記録から答える）"));
  verb->add_option("OUT", options->dir, tr("Folder of `corpus filter`", "corpus filter の結果"))
      ->required();
  verb->add_option("--filter", question.step, tr("The step", "段階の名前"))->required();
  verb->add_option("--threshold", question.threshold,
                   tr("In place of the step's bound; of two, the nearer one",
                      "いまの範囲の値に代わるしきい値（二つあれば近いほう）"));
  verb->add_option("--min", question.min, tr("In place of the lower bound", "下限に代わる値"));
  verb->add_option("--max", question.max, tr("In place of the upper bound", "上限に代わる値"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return whatif(*options); }); });
}

// ---- domains ----

struct DomainsOptions {
  std::vector<std::string> inputs;
  double top = 10;
  bool hosts = false;
  bool json = false;
};

Result<void> domains(const DomainsOptions& options) {
  ProgressBar bar;
  SaidRejects said;
  auto counted = count_domains(
      {options.inputs.begin(), options.inputs.end()}, options.hosts,
      [&](const Reject& reject) { said.add(reject); }, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const DomainCounts counts, std::move(counted));
  said.say_count();
  const size_t top = top_domains(counts, options.top);
  if (options.json) return print_json(yurai::to_json(counts, top));
  std::vector<std::vector<std::string>> rows = {
      {tr("domain", "ドメイン"), tr("documents", "文書"), tr("bytes", "バイト"), "%"}};
  uint64_t bytes = 0;
  const auto share = [&](uint64_t part) {
    return fmt::format("{:.2f}", counts.bytes == 0 ? 0.0
                                                   : 100.0 * static_cast<double>(part) /
                                                         static_cast<double>(counts.bytes));
  };
  for (size_t i = 0; i < top; ++i) {
    const DomainCount& domain = counts.domains[i];
    bytes += domain.bytes;
    rows.push_back({for_terminal(domain.name), grouped(domain.documents), grouped(domain.bytes),
                    share(domain.bytes)});
  }
  YURAI_TRY(print(table(rows, 1)));
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("\n{} of {} domains ({:g} %) hold {} % of {} bytes; {} documents ({} bytes) "
                      "have no URL\n",
                      "\nドメイン {} / {} 個（{:g} %）が本文の {} %（全 {} バイト）を占める。"
                      "URL のない文書は {} 件（{} バイト）\n")),
      grouped(top), grouped(counts.domains.size()), options.top, share(bytes),
      grouped(counts.bytes), grouped(counts.without_url.documents),
      grouped(counts.without_url.bytes))));
  return {};
}

void add_domains(CLI::App& corpus) {
  auto options = std::make_shared<DomainsOptions>();
  CLI::App* verb = corpus.add_subcommand(
      "domains", tr("Bytes of text by domain, and the top 10 % of the domains",
                    "ドメインごとの本文の量と、上位 10 % のドメイン"));
  verb->add_option("IN", options->inputs,
                   tr("A corpus, the folder of `corpus filter`, or files of documents",
                      "コーパス、corpus filter の結果、または文書のファイル"))
      ->required();
  verb->add_option("--top", options->top,
                   tr("Percent of the domains that are listed", "表示する上位の割合（%）"))
      ->check(CLI::Range(0.0, 100.0))
      ->check(no_nan)
      ->capture_default_str();
  verb->add_flag(
      "--hosts", options->hosts,
      tr("Count host names, not registered domains", "登録ドメインではなくホスト名で数える"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return domains(*options); }); });
}

}  // namespace

void add_corpus_ledger_commands(CLI::App& corpus) {
  add_why(corpus);
  add_whatif(corpus);
  add_domains(corpus);
}

}  // namespace yurai::cli

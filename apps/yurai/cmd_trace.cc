#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <optional>
#include <set>

#include "apps/yurai/cli.h"
#include "apps/yurai/trace_picture.h"
#include "apps/yurai/trace_text.h"
#include "yurai/base/ascii.h"
#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/search/related.h"
#include "yurai/testbed/trained_run.h"
#include "yurai/trace/tracer.h"

namespace yurai::cli {
namespace {

constexpr size_t kMaxShownChars = 60;
constexpr size_t kBarColumns = 24;

struct TraceArguments {
  std::string index;
  std::string run;
  std::string file = "-";
  std::string max_chance = "1";
  TraceOptions options;
  bool related = false;
  bool near = false;
  bool work = false;
  bool json = false;
  bool timing = false;
};

/// What each column and colour of the picture is made with.
class Style {
 public:
  explicit Style(bool colours) : colours_(colours) {}
  bool colours() const { return colours_; }
  std::string bold(const std::string& text) const { return wrap("1", text); }
  std::string dim(const std::string& text) const { return wrap("2", text); }
  /// The less a span is to be expected by chance, the stronger.
  std::string mark(double chance_per_10k, const std::string& text) const {
    const char* shade = chance_per_10k <= 1e-3  ? "30;48;5;208"
                        : chance_per_10k <= 0.1 ? "30;48;5;221"
                                                : "30;48;5;230";
    return wrap(shade, text);
  }

 private:
  std::string wrap(const char* code, const std::string& text) const {
    return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool colours_;
};

/// Untrusted text on one line; a line break shows as a sign.
std::string one_line(std::string_view text) {
  std::string line = for_terminal(text, true);
  for (size_t at = 0; (at = line.find('\n', at)) != line.npos;) line.replace(at, 1, "⏎");
  return line;
}

/// The same, cut in the middle where it is long.
std::string shown(std::string_view text, size_t max_chars = kMaxShownChars) {
  if (count_chars(text) <= max_chars) return one_line(text);
  return one_line(first_chars(text, max_chars / 2)) + " … " +
         one_line(last_chars(text, max_chars / 2));
}

/// 0.00012, 0.3 or 17, never "1e-05" for what still can be read.
std::string shown_chance(double chance) {
  if (chance >= 10) return fmt::format("{:.0f}", chance);
  if (chance >= 0.0001) return fmt::format("{:.2g}", chance);
  return fmt::format("{:.0e}", chance);
}

std::string unknown() { return tr("unknown", "不明"); }
std::string or_unknown(const std::string& field) {
  return field.empty() ? unknown() : for_terminal(field);
}

/// The spans of a trace by position, numbered from 1, and which of them each byte belongs to.
class Picture {
 public:
  Picture(const Trace& trace, const Style& style) : trace_(trace), style_(style) {
    for (const Span& span : trace.spans) spans_.push_back(&span);
    std::sort(spans_.begin(), spans_.end(),
              [](const Span* a, const Span* b) { return a->byte_begin < b->byte_begin; });
  }

  std::string draw() const {
    return answer() + "\n" + span_list() + credit_table() + "\n" + note() + "\n";
  }

 private:
  /// Numbers of the longest span over each byte, as credits have it; 0 for none.
  std::vector<size_t> owners() const {
    std::vector<size_t> order(spans_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return spans_[a]->text.size() > spans_[b]->text.size();
    });
    std::vector<size_t> owners(trace_.text.size());
    for (const size_t i : order) {
      for (uint64_t at = spans_[i]->byte_begin; at < spans_[i]->byte_end; ++at) {
        if (owners[at] == 0) owners[at] = i + 1;
      }
    }
    return owners;
  }

  /// The answer with each span in brackets behind its number: "so [1:word for word] new". Where
  /// spans overlap the longer one has the text.
  std::string answer() const {
    const std::vector<size_t> owner = owners();
    const std::string& text = trace_.text;
    std::string out;
    for (size_t begin = 0; begin < text.size();) {
      size_t end = begin;
      while (end < text.size() && owner[end] == owner[begin]) ++end;
      const std::string part =
          for_terminal(std::string_view(text).substr(begin, end - begin), true);
      if (owner[begin] == 0) {
        out += part;
      } else {
        const size_t number = owner[begin];
        const std::string_view marked =
            trim(part);  // blanks at its ends stand outside of the brackets
        const auto before = static_cast<size_t>(marked.empty() ? 0 : marked.data() - part.data());
        out += part.substr(0, before) + style_.bold(fmt::format("[{}:", number)) +
               marked_lines(spans_[number - 1]->chance_per_10k, std::string(marked)) +
               style_.bold("]") + part.substr(before + marked.size());
      }
      begin = end;
    }
    if (!out.empty() && out.back() != '\n') out += '\n';
    return out;
  }

  /// Marks every line by itself, so that a colour does not run to the edge of the screen.
  std::string marked_lines(double chance, const std::string& part) const {
    std::string out;
    for (size_t begin = 0; begin <= part.size();) {
      const size_t end = std::min(part.find('\n', begin), part.size());
      if (end > begin) out += style_.mark(chance, part.substr(begin, end - begin));
      if (end < part.size()) out += '\n';
      begin = end + 1;
    }
    return out;
  }

  std::string span_list() const {
    if (spans_.empty()) {
      return tr(
          "No significant verbatim match. (--near finds passages with small edits, --related what "
          "is near in "
          "words, --max-chance inf every match)\n",
          "有意な逐語一致はありません。（--near は小さな違いのある一致、--related "
          "は言葉の近い文章、"
          "--max-chance inf はすべての一致を示します）\n");
    }
    std::string out;
    for (size_t i = 0; i < spans_.size(); ++i) {
      const Span& span = *spans_[i];
      out += style_.bold(fmt::format("[{}]", i + 1)) + " " +
             style_.mark(span.chance_per_10k, shown(span.text)) + "\n";
      out += "    " +
             style_.dim(fmt::format(
                 fmt::runtime(tr("{} characters; occurrences: {}; documents: {}; by chance {} in "
                                 "10,000 characters",
                                 "{} 文字、出現 {} 回、文書 {} 件、偶然なら1万文字に {} 回")),
                 span.char_end - span.char_begin, span.count, span.documents_total,
                 shown_chance(span.chance_per_10k))) +
             "\n";
      if (span.differs) out += "    " + style_.dim(differs_for_person(*span.differs)) + "\n";
      for (const Occurrence& occurrence : span.documents) out += document_lines(occurrence);
      if (span.documents_total > span.documents.size() && !span.documents.empty()) {
        out += "    " +
               style_.dim(fmt::format(fmt::runtime(tr("… and {} more", "… ほか {} 件")),
                                      span.documents_total - span.documents.size())) +
               "\n";
      }
      out += "\n";
    }
    return out;
  }

  std::string document_lines(const Occurrence& occurrence) const {
    const Document& document = occurrence.document;
    std::string out = "  - ";
    out += document.title.empty()
               ? shown(document.id)
               : style_.bold(shown(document.title)) + "  " + style_.dim(shown(document.id));
    out += "\n    ";
    out += fmt::format("{}: {}  {}: {}", tr("source", "出典"), or_unknown(document.source),
                       tr("licence", "ライセンス"), or_unknown(document.license));
    if (!document.author.empty()) {
      out += fmt::format("  {}: {}", tr("author", "著者"), shown(document.author));
    }
    if (!document.date.empty()) out += "  " + shown(document.date);
    out += "\n";
    if (!document.url.empty()) out += "    " + for_terminal(document.url) + "\n";
    out += "    " + style_.dim("…" + one_line(occurrence.before)) +
           style_.bold("【" + shown(occurrence.match, 40) + "】") +
           style_.dim(one_line(occurrence.after) + "…") + "\n";
    if (occurrence.exposures) out += "    " + exposure_line(*occurrence.exposures) + "\n";
    return out;
  }

  /// "read 3 times in training, whole or in part, at steps 4, 90, 177; loss 6.10 at first, …".
  std::string exposure_line(const Exposures& exposures) const {
    if (exposures.held_out) {
      return style_.dim(tr("kept apart for validation: not trained on",
                           "検証用に分けられた文書で、学習には使われていません"));
    }
    if (exposures.total == 0) {
      return style_.dim(tr("never read in training", "学習では読まれていません"));
    }
    // A step reads a short document several times.
    std::set<uint64_t> distinct;
    for (const Exposure& exposure : exposures.seen) distinct.insert(exposure.step);
    constexpr size_t kShown = 6;
    std::string steps;
    size_t listed = 0;
    for (const uint64_t step : distinct) {
      if (listed++ == kShown) break;
      steps += fmt::format("{}{}", steps.empty() ? "" : ", ", step);
    }
    if (distinct.size() > kShown || exposures.seen.size() < exposures.total) steps += ", …";
    const bool is_whole_list = exposures.seen.size() == exposures.total;
    const uint64_t times = is_whole_list ? distinct.size() : exposures.total;
    const std::string read =
        !exposures.exact_bytes
            ? tr(times == 1 ? "its document was read {} time in training (which part is not "
                              "known), at step {}"
                            : "its document was read {} times in training (which part is not "
                              "known), at steps {}",
                 "この文書は学習で {} 回読まれた（どの部分かは不明）。ステップ: {}")
        : times == 1 ? tr("read {} time in training, whole or in part, at step {}",
                          "学習で {} 回（全体または一部分）読まれた。ステップ: {}")
                     : tr("read {} times in training, whole or in part, at steps {}",
                          "学習で {} 回（一部分だけの回も含む）読まれた。ステップ: {}");
    std::string out = fmt::format(fmt::runtime(read), times, steps);
    if (exposures.loss_first && exposures.loss_last) {
      out += fmt::format(fmt::runtime(tr("; loss {:.2f} at first, {:.2f} at last",
                                         "。損失は最初 {:.2f}、最後 {:.2f}")),
                         *exposures.loss_first, *exposures.loss_last);
    }
    if (exposures.loss_now) {
      out += fmt::format(fmt::runtime(tr(", {:.2f} now", "、今 {:.2f}")), *exposures.loss_now);
    }
    if (exposures.loss_first) out += tr(" (nats a token)", "（ナット/トークン）");
    return style_.bold(out);
  }

  struct Row {
    double share;
    std::string source, license, documents;
  };

  std::string credit_table() const {
    std::vector<Row> rows;
    for (const Credit& credit : trace_.credits) {
      rows.push_back(
          {credit.share, or_unknown(credit.source), or_unknown(credit.license),
           fmt::format(fmt::runtime(credit.documents == 1 ? tr("{} document", "文書 {} 件")
                                                          : tr("{} documents", "文書 {} 件")),
                       credit.documents)});
    }
    rows.push_back({trace_.uncovered_share,
                    tr("without a significant match", "有意な一致のない部分"), "", ""});
    size_t source_columns = 0, license_columns = 0;
    for (const Row& row : rows) {
      source_columns = std::max(source_columns, display_width(row.source));
      license_columns = std::max(license_columns, display_width(row.license));
    }
    std::string out = style_.bold(tr("Share of the answer's bytes", "答えのバイト数に占める割合"));
    out += "\n";
    for (const Row& row : rows) {
      const auto filled =
          static_cast<size_t>(std::lround(row.share * static_cast<double>(kBarColumns)));
      std::string bar;
      for (size_t i = 0; i < kBarColumns; ++i) bar += i < filled ? "█" : "·";
      std::string line = fmt::format("  {:5.1f} %  {}  {}  {}  {}", 100 * row.share, bar,
                                     pad(row.source, source_columns),
                                     pad(row.license, license_columns), row.documents);
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
    return out;
  }

  std::string note() const {
    std::string out =
        tr("A verbatim match says that the same words stand in a document, not that they come from "
           "it.",
           "逐語一致は、同じ言葉がその文書にあることを示すだけで、そこから来たことを示すものではあ"
           "りません。");
    if (trace_.points == PointMode::kWord) {
      out +=
          " " + tr("The index has word points: matches that begin inside of a word are not seen.",
                   "索引は単語点なので、単語の途中から始まる一致は見えません。");
    }
    return style_.dim(out);
  }

  const Trace& trace_;
  const Style& style_;
  std::vector<const Span*> spans_;
};

/// A number of 0 or more, or infinity; nothing for another text. What no double can hold becomes
/// infinity or 0.
std::optional<double> parse_chance(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool is_number = !text.empty() && end == text.c_str() + text.size();
  return is_number && value >= 0 ? std::optional(value) : std::nullopt;
}

using Clock = std::chrono::steady_clock;
double milliseconds(Clock::duration took) {
  return std::chrono::duration<double, std::milli>(took).count();
}

Result<void> say_timing(double open_ms, double trace_ms) {
  say(fmt::format(fmt::runtime(tr("opened in {:.2f} ms, traced in {:.2f} ms",
                                  "開くのに {:.2f} ms、たどるのに {:.2f} ms")),
                  open_ms, trace_ms));
  return {};
}

Result<void> trace_work(const TraceArguments& arguments, const Tracer& tracer,
                        std::string_view work, double open_ms) {
  WorkOptions options;
  options.max_chance = arguments.options.max_chance;
  options.max_documents = arguments.options.max_documents;
  if (arguments.options.min_bytes > 0) options.min_bytes = arguments.options.min_bytes;
  const auto asked = Clock::now();
  YURAI_ASSIGN(const WorkMap map, tracer.trace_work(work, options));
  const double trace_ms = milliseconds(Clock::now() - asked);
  if (arguments.json) {
    Json json = to_json(map);
    if (arguments.timing) json["timing_ms"] = {{"open", open_ms}, {"trace", trace_ms}};
    return print_json(json);
  }
  YURAI_TRY(print(work_for_person(map)));
  return arguments.timing ? say_timing(open_ms, trace_ms) : Result<void>();
}

Result<void> trace(TraceArguments arguments) {
  arguments.options.max_chance = parse_chance(arguments.max_chance).value();
  const auto start = Clock::now();
  YURAI_ASSIGN(const CorpusIndex index,
               CorpusIndex::open(arguments.index, {.folded = arguments.options.fold}));
  YURAI_ASSIGN(const Tracer tracer, Tracer::open(index));
  std::optional<DocumentSearch> search;
  if (arguments.related) {
    YURAI_ASSIGN(search, DocumentSearch::open(index.search_folders(), index.taken_down()));
    if (!search) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("'{}' was built without document search, which --related needs; "
                              "build it again without --no-search",
                              for_terminal(arguments.index)));
    }
  }
  const double open_ms = milliseconds(Clock::now() - start);
  YURAI_ASSIGN(const std::string answer, arguments.file == "-"
                                             ? read_standard_input(kMaxAnswerBytes)
                                             : read_file(arguments.file, kMaxAnswerBytes));
  if (arguments.work) return trace_work(arguments, tracer, answer, open_ms);
  const auto asked = Clock::now();
  YURAI_ASSIGN(Trace trace, tracer.trace(answer, arguments.options));
  if (!arguments.run.empty()) {
    YURAI_ASSIGN(const TrainedRun run, TrainedRun::open(arguments.run));
    YURAI_TRY(run.add_exposures(trace, std::nullopt));
  }
  std::optional<Related> related;
  if (search) {
    YURAI_ASSIGN(related, related_passages(*search, index.corpus(), answer));
  }
  std::optional<std::vector<NearCopy>> near_copies;
  if (arguments.near) {
    YURAI_ASSIGN(near_copies,
                 tracer.near_copies(answer, {.max_chance = arguments.options.max_chance}));
  }
  const double trace_ms = milliseconds(Clock::now() - asked);
  if (arguments.json) {
    Json json = to_json(trace);
    if (near_copies) json["near_copies"] = to_json(*near_copies);
    if (related) json["related"] = to_json(*related);
    if (arguments.timing) json["timing_ms"] = {{"open", open_ms}, {"trace", trace_ms}};
    return print_json(json);
  }
  YURAI_TRY(print(trace_for_person(trace)));
  if (near_copies) YURAI_TRY(print("\n" + near_copies_for_person(*near_copies)));
  if (related) YURAI_TRY(print("\n" + related_for_person(*related)));
  return arguments.timing ? say_timing(open_ms, trace_ms) : Result<void>();
}

/// For the parser: what is wrong with a chance, or nothing.
std::string chance(const std::string& text) {
  return parse_chance(text)
             ? ""
             : tr("write a number >= 0, or inf", "0 以上の数か inf を書いてください");
}

}  // namespace

std::string trace_for_person(const Trace& trace) {
  const Style style(colour());
  return Picture(trace, style).draw();
}

void add_trace_command(CLI::App& app) {
  auto arguments = std::make_shared<TraceArguments>();
  CLI::App* verb = app.add_subcommand(
      "trace", tr("Find what an answer repeats word for word, in which documents, by whom",
                  "答えがどの文書の言葉をそのまま繰り返しているかをたどる"));
  verb->add_option("--index", arguments->index, tr("folder of an index", "索引のフォルダー"))
      ->type_name("DIR")
      ->required();
  verb->add_option("file", arguments->file,
                   tr("the answer, byte for byte; - is standard input",
                      "答えのファイル（1バイトも変えずに読む）。- は標準入力"))
      ->type_name("FILE")
      ->capture_default_str();
  verb->add_option("--max-chance", arguments->max_chance,
                   tr("spans that 10,000 characters of unrelated text hold by chance at most; inf: "
                      "every maximal span",
                      "無関係な文章1万文字に偶然現れる回数の上限。inf はすべての極大一致"))
      ->type_name("X")
      ->check(chance)
      ->capture_default_str();
  verb->add_option("--min-bytes", arguments->options.min_bytes,
                   tr("leave out shorter spans", "これより短い一致は除く"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--max-documents", arguments->options.max_documents,
                   tr("show at most so many documents a span; credits count all of them",
                      "一致ごとに示す文書の数の上限（割合の計算には全文書を使う）"))
      ->check(checked_by(parse_count))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--run", arguments->run,
                   tr("a training run, or a ledger: say at which steps a model read each passage",
                      "学習結果か台帳のフォルダー。それぞれの箇所が読まれたステップを示す"))
      ->type_name("RUN");
  CLI::Option* near =
      verb->add_flag("--near", arguments->near,
                     tr("also find passages that are in the answer but for small edits",
                        "小さな違いを除いて一致する文章も探す"));
  CLI::Option* related = verb->add_flag(
      "--related", arguments->related,
      tr("also show the passages nearest in words to each sentence; they are no matches",
         "各文に言葉が近い文章も示す（一致ではない）"));
  CLI::Option* fold = verb->add_flag(
      "--fold", arguments->options.fold,
      tr("also find spans that differ only in width, case, white space, punctuation, invisible "
         "characters or old kanji (of an index built with --fold)",
         "字幅・大小文字・空白・句読点・見えない文字・旧字体だけが違う一致も探す（--fold で作った"
         "索引が要る）"));
  verb->add_flag("--work", arguments->work,
                 tr("trace a whole work, such as a book: a map of what stands in the corpus",
                    "本など作品の全体をたどり、コーパスにある部分の地図を示す"))
      ->excludes(related)
      ->excludes(near)
      ->excludes(fold);
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->add_flag("--timing", arguments->timing,
                 tr("also say how long it took", "かかった時間も示す"));
  verb->callback([arguments] { run([&] { return trace(*arguments); }); });
}

}  // namespace yurai::cli

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_set>

#include "yurai/base/hash.h"
#include "yurai/base/utf8.h"
#include "yurai/index/folded_text.h"
#include "yurai/index/index_layout.h"
#include "yurai/trace/calibration.h"
#include "yurai/trace/elsewhere.h"
#include "yurai/trace/group_counts.h"
#include "yurai/trace/null_model.h"
#include "yurai/trace/passages.h"
#include "yurai/trace/tracer.h"

namespace yurai {
namespace {

/// The null model takes at most this part of the corpus, and may always take so much.
constexpr uint64_t kCorpusBytesPerModelByte = 25;
constexpr uint64_t kFreeModelBytes = 64 << 10;

/// A passage that shares so many characters with a document, or two separate spans so strong, is a
/// quotation: what it shares is no chance.
/// So is a single span of which no 10^12 characters hold one.
constexpr size_t related_chars(Script script) { return script == Script::kCjk ? 30 : 60; }
constexpr double kRelatedChance = 1e-8;
constexpr double related_score(Script script) { return script == Script::kCjk ? 20 : 30; }

/// Of memory: beside what grows with the index, and for each n-gram that may be kept.
constexpr uint64_t kFixedMemory = 128 << 20;
constexpr uint64_t kMemoryPerNgram = 96;
constexpr size_t kMaxNgrams = size_t{1} << 25;
constexpr size_t kMinNgrams = size_t{1} << 17;

/// How many n-grams may be counted.
Result<size_t> max_ngrams(const CorpusIndex& index, uint64_t memory_bytes) {
  // The opened index and corpus: fences, offsets of documents, checksums of blocks.
  const uint64_t opened = index.num_points() / 5 + index.corpus().num_documents() * 40 +
                          index.corpus().text().size_bytes() / 256;
  const uint64_t needed = kFixedMemory + opened + kMinNgrams * kMemoryPerNgram;
  if (memory_bytes < needed) {
    const uint64_t mebi = (needed >> 20) + 1;
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("measuring what matches by chance needs {} MiB of memory, {} MiB are "
                            "allowed; allow them with '--memory {}M'",
                            mebi, memory_bytes >> 20, mebi));
  }
  const uint64_t left = (memory_bytes - kFixedMemory - opened) / kMemoryPerNgram;
  return std::min(kMaxNgrams, std::bit_floor(static_cast<size_t>(left)));
}

struct Counts {
  NullModel model;
  GroupCounts own;  ///< of the passages' n-grams, in their groups
  std::vector<uint64_t> chars_of_group;
};

/// Calls `use` with the n-grams of the model that begin at each character.
template <class Use>
void for_each_ngram(const std::vector<char32_t>& chars, const Use& use) {
  for (size_t i = 0; i < chars.size(); ++i) {
    uint64_t key = 0;
    for (size_t n = 1; n <= kMaxOrder && i + n <= chars.size(); ++n) {
      key = extend_ngram(key, chars[i + n - 1]);
      use(n, i, key);
    }
  }
}

Result<Counts> count_ngrams(const Corpus& corpus, const PassageSample& sample, size_t max_ngrams,
                            const Progress& progress) {
  GroupCounts own(sample.passages.size() * kPassageChars * kMaxOrder);
  for (const SampledPassage& passage : sample.passages) {
    const uint32_t group = sample.group_of_document[passage.document];
    for_each_ngram(decode_chars(passage.text),
                   [&](size_t, size_t, uint64_t key) { own.choose(group, key); });
  }

  NgramCounter counter(max_ngrams);
  std::vector<uint64_t> chars_of_group(sample.num_groups);
  const TextFile& text = corpus.text();
  constexpr size_t kReadBytes = 1 << 20;
  std::string bytes;
  uint64_t document = ~uint64_t{0};  // the first separator begins document 0
  uint32_t group = 0;
  uint64_t key = 0;  // the last characters of the document
  char32_t c = 0;
  int missing = 0;  // bytes of a character that is not whole yet
  for (uint64_t offset = 0; offset < text.size_bytes(); offset += bytes.size()) {
    bytes.resize(std::min<uint64_t>(kReadBytes, text.size_bytes() - offset));
    YURAI_TRY(text.read(offset, bytes));
    for (const char byte : bytes) {
      const auto value = static_cast<unsigned char>(byte);
      if (byte == kDocumentSeparator) {
        counter.end_document();
        key = 0;
        if (++document < corpus.num_documents()) group = sample.group_of_document[document];
        continue;
      }
      if (begins_char(byte)) {
        missing = value < 0x80 ? 0 : value < 0xE0 ? 1 : value < 0xF0 ? 2 : 3;
        c = missing == 0 ? value : value & (0x3Fu >> missing);
      } else {
        c = c << 6 | (value & 0x3Fu);
        --missing;
      }
      if (missing > 0) continue;
      counter.add(c);
      ++chars_of_group[group];
      constexpr uint64_t kLastTwo = (uint64_t{1} << 42) - 1;
      key = extend_ngram(key & kLastTwo, c);
      own.increment(group, key & 0x1FFFFF);
      if (key >> 21 != 0) own.increment(group, key & kLastTwo);
      if (key >> 42 != 0 && !is_cjk(c)) own.increment(group, key);
    }
    progress("count characters", offset, text.size_bytes());
  }
  own.flush();
  progress("count characters", text.size_bytes(), text.size_bytes());
  const uint64_t max_bytes =
      std::max(kFreeModelBytes, text.size_bytes() / kCorpusBytesPerModelByte);
  return Counts{counter.finish(max_bytes), std::move(own), std::move(chars_of_group)};
}

struct PassageSpan {
  Script script = Script::kOther;
  double score = 0;
  size_t char_begin = 0, char_end = 0;
  uint64_t document = 0;  ///< one that holds it
  std::string_view text;
};

/// The maximal spans of a passage in other groups, scored as if its own did not exist. Nothing when
/// the search gave up.
Result<std::optional<std::vector<PassageSpan>>> trace_elsewhere(const CorpusIndex& index,
                                                                const PassageSample& sample,
                                                                const Counts& counts,
                                                                const SampledPassage& passage) {
  using Spans = std::optional<std::vector<PassageSpan>>;
  const uint32_t group = sample.group_of_document[passage.document];
  TextNgrams ngrams = look_up(counts.model, passage.text);
  for_each_ngram(ngrams.chars, [&](size_t n, size_t i, uint64_t key) {
    uint32_t& count = ngrams.counts[n - 1][i];
    if (count > 0) count -= std::min(count, counts.own.count(group, key));
  });
  ngrams.num_chars -= counts.chars_of_group[group];
  const double share = static_cast<double>(ngrams.num_chars) /
                       static_cast<double>(std::max<uint64_t>(1, counts.model.num_chars()));
  const double ln_points = std::log(std::max(1.0, share * static_cast<double>(index.num_points())));

  Elsewhere elsewhere(index, sample.group_of_document, group);
  std::vector<PassageSpan> spans;
  const std::string_view text = passage.text;
  size_t reached = 0, reached_char = 0;
  for (size_t at = 0, at_char = 0; at < text.size() && reached < text.size();
       at += char_bytes(text, at), ++at_char) {
    YURAI_ASSIGN(const auto match, elsewhere.longest_match(text.substr(at)));
    if (!match) return Spans();
    if (match->size_bytes == 0 || at + match->size_bytes <= reached) continue;
    PassageSpan span;
    span.text = text.substr(at, match->size_bytes);
    reached_char = at_char + count_chars(span.text);
    reached = at + match->size_bytes;
    span.char_begin = at_char;
    span.char_end = reached_char;
    span.document = match->document;
    span.script = script_of(std::span(ngrams.chars).subspan(at_char, reached_char - at_char));
    YURAI_ASSIGN(const uint64_t occurrences, elsewhere.count(span.text));
    span.score = -(ln_points + ln_chance(ngrams, at_char, reached_char,
                                         std::max<uint64_t>(1, occurrences), span.script));
    spans.push_back(span);
  }
  return Spans(std::move(spans));
}

/// Whether the passage quotes a document, or is quoted.
bool is_related(const std::vector<PassageSpan>& spans) {
  for (const PassageSpan& a : spans) {
    if (a.char_end - a.char_begin >= related_chars(a.script) ||
        default_chance(a.script, a.score) < kRelatedChance) {
      return true;
    }
    if (a.score < related_score(a.script)) continue;
    for (const PassageSpan& b : spans) {
      if (b.document == a.document && b.score >= related_score(b.script) &&
          b.char_begin >= a.char_end) {
        return true;
      }
    }
  }
  return false;
}

/// Characters by script; signs, digits and spaces go with the letter before them. Those of prose
/// and of code are the same: all that are not cjk.
std::array<uint64_t, std::size(kScripts)> count_by_script(std::string_view text) {
  const std::vector<char32_t> chars = decode_chars(text);
  std::array<uint64_t, std::size(kScripts)> counts{};
  Script script = std::any_of(chars.begin(), chars.end(), is_cjk) ? Script::kCjk : Script::kOther;
  for (const char32_t c : chars) {
    if (is_cjk(c)) script = Script::kCjk;
    if (is_other_letter(c)) script = Script::kOther;
    ++counts[static_cast<size_t>(script)];
  }
  counts[static_cast<size_t>(Script::kCode)] = counts[static_cast<size_t>(Script::kOther)];
  return counts;
}

/// Puts the files into `folder` of the staging folder.
Result<void> calibrate_one(const CorpusIndex& index, const std::string& folder,
                           StagingDirectory& stage, const Progress& progress,
                           uint64_t memory_bytes) {
  YURAI_ASSIGN(const size_t kept_ngrams, max_ngrams(index, memory_bytes));
  YURAI_ASSIGN(const PassageSample sample, draw_passages(index.corpus()));
  YURAI_ASSIGN(const Counts counts, count_ngrams(index.corpus(), sample, kept_ngrams, progress));

  Calibration calibration;
  calibration.left_out = sample.by_document ? "document" : "source";
  std::array<std::vector<SourceSample>, std::size(kScripts)> samples;
  for (auto& sources : samples) sources.resize(sample.num_sources);
  std::unordered_set<uint64_t> seen;  // texts in documents
  uint64_t bytes = 0, traced_bytes = 0;
  for (const SampledPassage& passage : sample.passages) bytes += passage.text.size();
  for (const SampledPassage& passage : sample.passages) {
    progress("calibrate", traced_bytes, bytes);
    traced_bytes += passage.text.size();
    ++calibration.passages_drawn;
    YURAI_ASSIGN(const auto spans, trace_elsewhere(index, sample, counts, passage));
    if (!spans || is_related(*spans)) {
      ++calibration.passages_related;
      continue;
    }
    const auto chars = count_by_script(passage.text);
    for (const Script script : kScripts) {
      const auto i = static_cast<size_t>(script);
      samples[i][passage.source].characters += chars[i];
      if (chars[i] > 0) ++calibration.curves[i].passages;
    }
    for (const PassageSpan& span : *spans) {
      const std::string identity = std::to_string(passage.document) + " " + std::string(span.text);
      if (!seen.insert(xxh3(identity)).second) continue;
      samples[static_cast<size_t>(span.script)][passage.source].scores.push_back(span.score);
    }
  }
  progress("calibrate", bytes, bytes);
  for (const Script script : kScripts) {
    ScriptCurve& curve = calibration.curves[static_cast<size_t>(script)];
    const uint64_t passages = curve.passages;
    curve = fit_curve(script, samples[static_cast<size_t>(script)]);
    curve.passages = passages;
  }
  YURAI_TRY(stage.add_file(name_in(folder, kNullModelName), counts.model.serialize()));
  return stage.add_file(name_in(folder, kCalibrationName), to_json(calibration).dump(1) + "\n");
}

}  // namespace

Result<void> calibrate(const CorpusIndex& index, StagingDirectory& stage, const Progress& progress,
                       uint64_t memory_bytes) {
  YURAI_TRY(calibrate_one(index, "", stage, progress, memory_bytes));
  if (index.folded() == nullptr) return {};
  const std::string folder(kFoldedName);
  YURAI_TRY(calibrate_one(*index.folded(), folder, stage, progress, memory_bytes));
  return stage.disk().sync_directory(stage.path() / folder);
}

}  // namespace yurai

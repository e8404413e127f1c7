#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_set>

#include "yurai/base/hash.h"
#include "yurai/base/parallel.h"
#include "yurai/base/utf8.h"
#include "yurai/index/folded_text.h"
#include "yurai/index/index_layout.h"
#include "yurai/trace/calibration.h"
#include "yurai/trace/elsewhere.h"
#include "yurai/trace/group_counts.h"
#include "yurai/trace/ngram_counter.h"
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

/// What the opened index and corpus take: fences, offsets of documents, checksums of blocks.
uint64_t opened_memory(const CorpusIndex& index) {
  return index.num_points() / 5 + index.corpus().num_documents() * 40 +
         index.corpus().text().size_bytes() / 256;
}

/// How many n-grams may be counted. It decides what is forgotten: threads have no part in it.
Result<size_t> max_ngrams(const CorpusIndex& index, uint64_t memory_bytes) {
  const uint64_t opened = opened_memory(index);
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

/// How many threads may count in the memory that is left. More than a few wait for each other.
int counting_threads(const CorpusIndex& index, uint64_t memory_bytes, size_t kept_ngrams,
                     int wanted) {
  constexpr uint64_t kThreadMemory = 64 << 20;
  constexpr uint64_t kMaxThreads = 16;
  const uint64_t taken = kFixedMemory + opened_memory(index) + kept_ngrams * kMemoryPerNgram;
  const uint64_t more = (memory_bytes - std::min(taken, memory_bytes)) / kThreadMemory;
  return std::clamp(wanted, 1, static_cast<int>(std::min(kMaxThreads, 1 + more)));
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

/// What one thread counts.
struct Counting {
  GroupCounts own;
  std::vector<uint64_t> chars_of_group;
  std::string bytes{};
  Result<void> result{};
};

/// The characters that begin in bytes [begin, end) of the text.
Result<void> count_piece(const Corpus& corpus, const PassageSample& sample, uint64_t begin,
                         uint64_t end, NgramPiece& piece, Counting& counting) {
  constexpr uint64_t kContextBytes = 2 * 4, kMaxCharBytes = 4;
  constexpr uint64_t kLastTwo = (uint64_t{1} << 42) - 1;
  const TextFile& text = corpus.text();
  const uint64_t read_begin = begin - std::min(kContextBytes, begin);
  const uint64_t read_end = std::min(end + kMaxCharBytes - 1, text.size_bytes());
  counting.bytes.resize(read_end - read_begin);
  YURAI_TRY(text.read(read_begin, counting.bytes));
  std::string_view bytes = counting.bytes;
  // What stands before in the same document.
  std::string_view before = bytes.substr(0, begin - read_begin);
  before.remove_prefix(before.rfind(kDocumentSeparator) + 1);
  while (!before.empty() && !begins_char(before.front())) before.remove_prefix(1);
  std::vector<char32_t> last;
  size_t at = begin - read_begin;
  for (size_t i = before.data() - bytes.data(); i < begin - read_begin; i += char_bytes(bytes, i)) {
    last.push_back(decode_char(bytes, i));
    at = std::max(at, i + char_bytes(bytes, i));
  }
  if (last.size() > 2) last.erase(last.begin(), last.end() - 2);
  piece.begin(last);
  uint64_t key = 0;  // the last characters of the document
  for (const char32_t c : last) key = extend_ngram(key & kLastTwo, c);

  uint64_t document = begin == 0 ? ~uint64_t{0} : corpus.document_at(begin - 1);
  uint32_t group = begin == 0 ? 0 : sample.group_of_document[document];
  while (at < end - read_begin) {
    if (bytes[at] == kDocumentSeparator) {
      piece.end_document();
      key = 0;
      if (++document < corpus.num_documents()) group = sample.group_of_document[document];
      ++at;
      continue;
    }
    const char32_t c = decode_char(bytes, at);
    at += char_bytes(bytes, at);
    piece.add(c);
    ++counting.chars_of_group[group];
    key = extend_ngram(key & kLastTwo, c);
    counting.own.increment(group, key & 0x1FFFFF);
    if (key >> 21 != 0) counting.own.increment(group, key & kLastTwo);
    if (key >> 42 != 0 && !is_cjk(c)) counting.own.increment(group, key);
  }
  return {};
}

/// The same on any number of threads.
Result<Counts> count_ngrams(const Corpus& corpus, const PassageSample& sample, size_t max_ngrams,
                            int num_threads, const Progress& progress) {
  Counts counts{NullModel(0, 0, {}, {}), GroupCounts(), std::vector<uint64_t>(sample.num_groups)};
  for (const SampledPassage& passage : sample.passages) {
    const uint32_t group = sample.group_of_document[passage.document];
    for_each_ngram(decode_chars(passage.text),
                   [&](size_t, size_t, uint64_t key) { counts.own.choose(group, key); });
  }
  const auto num_pieces = static_cast<uint64_t>(num_threads);
  std::vector<NgramPiece> pieces(num_pieces);
  std::vector<Counting> countings(num_pieces, {counts.own, counts.chars_of_group});
  NgramCounter counter(max_ngrams);
  constexpr uint64_t kPieceBytes = 256 << 10;
  const uint64_t size = corpus.text().size_bytes();
  for (uint64_t offset = 0; offset < size; offset += num_pieces * kPieceBytes) {
    for_each_part(num_threads, num_pieces, [&](uint64_t i, uint64_t) {
      const uint64_t begin = std::min(size, offset + i * kPieceBytes);
      const uint64_t end = std::min(size, begin + kPieceBytes);
      if (begin == end) return;
      countings[i].result = count_piece(corpus, sample, begin, end, pieces[i], countings[i]);
    });
    for (const Counting& counting : countings) YURAI_TRY(counting.result);
    counter.count(pieces, num_threads);
    progress("count characters", offset, size);
  }
  progress("count characters", size, size);
  for (Counting& counting : countings) {
    counting.own.flush();
    counts.own.add(counting.own);
    for (uint32_t group = 0; group < sample.num_groups; ++group) {
      counts.chars_of_group[group] += counting.chars_of_group[group];
    }
  }
  const uint64_t max_bytes = std::max(kFreeModelBytes, size / kCorpusBytesPerModelByte);
  counts.model = counter.finish(pieces, max_bytes);
  return counts;
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

  const bool is_alone = counts.chars_of_group[group] == counts.model.num_chars();
  Elsewhere elsewhere(index, sample.group_of_document, group, is_alone);
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
                           StagingDirectory& stage, const Progress& progress, uint64_t memory_bytes,
                           int num_threads) {
  YURAI_ASSIGN(const size_t kept_ngrams, max_ngrams(index, memory_bytes));
  const int counting = counting_threads(index, memory_bytes, kept_ngrams, num_threads);
  YURAI_ASSIGN(const PassageSample sample, draw_passages(index.corpus()));
  YURAI_ASSIGN(const Counts counts,
               count_ngrams(index.corpus(), sample, kept_ngrams, counting, progress));

  Calibration calibration;
  calibration.left_out = sample.by_document ? "document" : "source";
  std::array<std::vector<SourceSample>, std::size(kScripts)> samples;
  for (auto& sources : samples) sources.resize(sample.num_sources);
  std::unordered_set<uint64_t> seen;  // texts in documents
  uint64_t bytes = 0, traced_bytes = 0;
  for (const SampledPassage& passage : sample.passages) bytes += passage.text.size();
  const auto take = [&](const std::optional<std::vector<PassageSpan>>& spans) -> Result<void> {
    const SampledPassage& passage = sample.passages[calibration.passages_drawn++];
    progress("calibrate", traced_bytes += passage.text.size(), bytes);
    if (!spans || is_related(*spans)) {
      ++calibration.passages_related;
      return {};
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
    return {};
  };
  YURAI_TRY(make_and_write<std::optional<std::vector<PassageSpan>>>(
      counting, sample.passages.size(),
      [&](uint64_t, uint64_t i, std::optional<std::vector<PassageSpan>>& spans) -> Result<void> {
        YURAI_ASSIGN(spans, trace_elsewhere(index, sample, counts, sample.passages[i]));
        return {};
      },
      take));
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
                       uint64_t memory_bytes, int num_threads) {
  YURAI_TRY(calibrate_one(index, "", stage, progress, memory_bytes, num_threads));
  if (index.folded() == nullptr) return {};
  const std::string folder(kFoldedName);
  YURAI_TRY(calibrate_one(*index.folded(), folder, stage, progress, memory_bytes, num_threads));
  return stage.disk().sync_directory(stage.path() / folder);
}

}  // namespace yurai

#include "yurai/index/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <queue>
#include <span>

#include "yurai/base/parallel.h"
#include "yurai/index/run_merger.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

using Ranges = std::vector<RunMerger::Range>;

constexpr uint64_t kSamplesASlice = 64;
constexpr size_t kBatch = 1 << 12;
/// Every thread opens the runs that it merges.
constexpr size_t kMaxOpenFiles = 512;

Result<void> remove(std::span<const Run> runs) {
  std::error_code status;
  for (const Run& run : runs) {
    std::filesystem::remove(run.path, status);
    if (status) {
      return fail(io_error("remove", run.path, status.value()));
    }
  }
  return {};
}

/// Whether the suffix at `a` comes before the one at `b`.
Result<bool> before(TextCache& text, uint64_t a, uint64_t b) {
  if (a == b) return false;
  YURAI_ASSIGN(const Difference next, text.compare(a, b, 0));
  return next.key_a != next.key_b ? next.key_a < next.key_b : a < b;
}

struct Sample {
  uint64_t position = 0;
  size_t run = 0;
};

/// The samples of all runs in the order of their suffixes. Those of a run are in order already.
Result<std::vector<Sample>> sorted_samples(std::span<const Run> runs, TextCache& text) {
  Result<void> result;
  std::vector<size_t> next(runs.size());
  const auto position = [&](size_t run) { return runs[run].samples[next[run]]; };
  const auto later = [&](size_t a, size_t b) {
    if (!result) return false;  // some order: a heap stays inside its bounds in any
    const Result<bool> first = before(text, position(b), position(a));
    if (!first) result = fail(first.error());
    return first && *first;
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> heads(later);
  for (size_t run = 0; run < runs.size(); ++run) {
    if (!runs[run].samples.empty()) heads.push(run);
  }
  std::vector<Sample> samples;
  while (!heads.empty()) {
    const size_t run = heads.top();
    heads.pop();
    samples.push_back({position(run), run});
    if (++next[run] < runs[run].samples.size()) heads.push(run);
  }
  YURAI_TRY(result);
  return samples;
}

/// First record of a run, among those after its sample `num_samples` − 1 up to the next one, that
/// is not before the suffix at `position`.
Result<uint64_t> lower_bound(const Run& run, uint64_t num_samples, uint64_t position,
                             TextCache& text) {
  if (num_samples == 0) return 0;
  uint64_t begin = (num_samples - 1) * kRecordsASample + 1;
  uint64_t end = std::min(run.num_records, num_samples * kRecordsASample);
  YURAI_ASSIGN(RunReader reader, RunReader::open(run, begin, end));
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    reader.seek(middle, end);
    RunRecord record;
    YURAI_TRY(reader.next(record));
    YURAI_ASSIGN(const bool below, before(text, record.position, position));
    if (below) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

/// Cuts the merged order into slices of much the same size.
Result<std::vector<Ranges>> cut_slices(std::span<const Run> runs, TextCache& text) {
  YURAI_ASSIGN(const std::vector<Sample> samples, sorted_samples(runs, text));
  Ranges rest;
  for (const Run& run : runs) rest.push_back({&run, 0, run.num_records});
  std::vector<uint64_t> num_samples(runs.size());  // before the cut
  std::vector<Ranges> slices;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i > 0 && i % kSamplesASlice == 0) {
      Ranges slice = rest;
      for (size_t run = 0; run < runs.size(); ++run) {
        YURAI_ASSIGN(slice[run].end,
                     lower_bound(runs[run], num_samples[run], samples[i].position, text));
        rest[run].begin = slice[run].end;
      }
      slices.push_back(std::move(slice));
    }
    ++num_samples[samples[i].run];
  }
  slices.push_back(std::move(rest));
  return slices;
}

/// What a slice's records become: leaf entries, the first of which is not yet compared with the
/// slice before.
struct Slice {
  const Ranges* ranges = nullptr;
  std::vector<uint64_t> entries;
};

Result<void> merge_slice(const Ranges& ranges, TextCache& text, Slice& slice) {
  slice.ranges = &ranges;
  slice.entries.clear();
  uint64_t num_entries = 0;
  for (const RunMerger::Range& range : ranges) num_entries += range.end - range.begin;
  slice.entries.reserve(num_entries);
  YURAI_ASSIGN(RunMerger merger, RunMerger::create(ranges, text));
  std::vector<RunRecord> records(kBatch);
  for (size_t size = records.size(); size == records.size();) {
    YURAI_ASSIGN(size, merger.fill(records));
    for (size_t i = 0; i < size; ++i) slice.entries.push_back(leaf_entry(records[i]));
  }
  return {};
}

/// The entry at `position` as it follows the suffix at `previous`.
Result<uint64_t> following_entry(uint64_t position, uint64_t previous, TextCache& text) {
  YURAI_ASSIGN(const Difference next, text.compare(previous, position, 0));
  const auto lcp = static_cast<uint32_t>(std::min<uint64_t>(next.shared, kMaxLcp));
  const RunRecord record{position, lcp, kKeyBytes, next.key_b};
  return leaf_entry(record);
}

Result<void> merge_into_segment(std::span<const Run> runs, const TextFile& text,
                                const MergeOptions& options, SegmentWriter& writer,
                                const Progress& progress) {
  // One more cache for the cuts and the borders.
  const auto num_threads = static_cast<uint64_t>(options.num_threads);
  std::vector<TextCache> caches;
  const uint64_t taken = num_threads * kThreadMergeMemory - num_threads * TextCache::kMinMemory;
  for (uint64_t i = 0; i <= num_threads; ++i) {
    YURAI_ASSIGN(TextCache cache,
                 TextCache::create(text, (options.memory_bytes - taken) / (num_threads + 1)));
    caches.push_back(std::move(cache));
  }
  TextCache& own = caches.back();
  YURAI_ASSIGN(const std::vector<Ranges> slices, cut_slices(runs, own));
  uint64_t total = 0;
  for (const Run& run : runs) total += run.num_records;

  std::optional<uint64_t> last;
  const auto make = [&](uint64_t thread, uint64_t piece, Slice& slice) {
    return merge_slice(slices[piece], caches[thread], slice);
  };
  const auto write = [&](Slice& slice) -> Result<void> {
    if (slice.entries.empty()) return {};
    if (last) {
      YURAI_ASSIGN(slice.entries.front(),
                   following_entry(unpack(slice.entries.front()).position, *last, own));
    }
    last = unpack(slice.entries.back()).position;
    YURAI_TRY(writer.append(slice.entries));
    for (const RunMerger::Range& range : *slice.ranges) {
      free_records(*range.run, range.begin, range.end);
    }
    progress("merge", writer.num_points() * sizeof(RunRecord), total * sizeof(RunRecord));
    return {};
  };
  return make_and_write<Slice>(options.num_threads, slices.size(), make, write);
}

/// Merges some runs into one.
Result<Run> merge_into_run(std::span<const Run> runs, const TextFile& text, uint64_t memory_bytes,
                           std::string_view name, StagingDirectory& stage) {
  YURAI_ASSIGN(TextCache cache, TextCache::create(text, memory_bytes));
  Ranges ranges;
  for (const Run& run : runs) ranges.push_back({&run, 0, run.num_records});
  YURAI_ASSIGN(RunMerger merger, RunMerger::create(ranges, cache));
  YURAI_ASSIGN(RunWriter writer,
               RunWriter::create(stage, name, {runs.front().part.begin, runs.back().part.end}));
  std::vector<RunRecord> records(kBatch);
  for (size_t size = records.size(); size == records.size();) {
    YURAI_ASSIGN(size, merger.fill(records));
    for (size_t i = 0; i < size; ++i) YURAI_TRY(writer.append(records[i]));
  }
  YURAI_ASSIGN(Run merged, writer.finish());
  YURAI_TRY(remove(runs));
  return merged;
}

}  // namespace

Result<void> merge_runs(std::vector<Run> runs, const TextFile& text, const MergeOptions& options,
                        StagingDirectory& stage, SegmentWriter& writer, const Progress& progress) {
  const size_t at_once = std::max<size_t>(
      2,
      std::min(options.max_runs_at_once, kMaxOpenFiles / static_cast<size_t>(options.num_threads)));
  for (int round = 0; runs.size() > at_once; ++round) {
    std::vector<Run> merged;
    uint64_t num_records = 0, num_merged = 0;
    for (const Run& run : runs) num_records += run.num_records;
    for (size_t begin = 0; begin < runs.size(); begin += at_once) {
      progress("merge runs", num_merged * sizeof(RunRecord), num_records * sizeof(RunRecord));
      const size_t size = std::min(at_once, runs.size() - begin);
      YURAI_ASSIGN(Run run, merge_into_run(std::span(runs).subspan(begin, size), text,
                                           options.memory_bytes / 2,
                                           fmt::format("run.{}.{}", round, merged.size()), stage));
      num_merged += run.num_records;
      merged.push_back(std::move(run));
    }
    runs = std::move(merged);
  }
  YURAI_TRY(merge_into_segment(runs, text, options, writer, progress));
  return remove(runs);
}

}  // namespace yurai

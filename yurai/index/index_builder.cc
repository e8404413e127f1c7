#include "yurai/index/index_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/large_array.h"
#include "yurai/index/lcp.h"
#include "yurai/index/parallel.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/suffix_sort.h"
#include "yurai/index/symbols.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kFixedMemory = 64 << 20;  // buffers, the alphabet
constexpr uint64_t kLookAhead = 32;

/// Where each symbol begins in the text. Lies in the array of symbols, which it replaces.
class SymbolOffsets {
 public:
  SymbolOffsets(const Alphabet& alphabet, std::span<uint32_t> symbols) : offsets_(symbols) {
    uint64_t offset = 0;
    for (uint64_t s = 0; s < symbols.size(); ++s) {
      if (s % kGroup == 0) group_begins_.push_back(offset);
      const uint32_t bytes = Alphabet::num_bytes(alphabet.bytes(symbols[s]));
      offsets_[s] = static_cast<uint32_t>(offset - group_begins_.back());
      offset += bytes;
    }
  }
  uint64_t operator[](uint64_t s) const { return group_begins_[s / kGroup] + offsets_[s]; }
  void prefetch(uint64_t s) const { __builtin_prefetch(&offsets_[s]); }

 private:
  static constexpr uint64_t kGroup = 1 << 20;  // of at most 4 bytes each
  std::span<uint32_t> offsets_;
  std::vector<uint64_t> group_begins_;
};

/// The leaf entries of the points among the suffixes of ranks [begin, end).
template <class Index>
std::vector<uint64_t> pack_points(std::span<const Index> suffixes,
                                  std::span<const Index> neighbours, const SymbolOffsets& offsets,
                                  uint64_t begin, uint64_t end) {
  const auto neighbour = [&](uint64_t rank) {
    return Neighbour::unpack(
        static_cast<uint64_t>(neighbours[static_cast<uint64_t>(suffixes[rank])]));
  };
  // A point's lcp with the point before is the least of those between; the byte after it is that
  // of the last suffix which has the least.
  uint64_t from = begin;
  while (from > 0 && !neighbour(from - 1).is_point) --from;
  std::vector<uint64_t> entries;
  entries.reserve(end - begin);
  LeafEntry entry{0, kMaxLcp, 0};
  for (uint64_t rank = from; rank < end; ++rank) {
    if (rank + kLookAhead < end) {
      const auto ahead = static_cast<uint64_t>(suffixes[rank + kLookAhead]);
      __builtin_prefetch(&neighbours[ahead]);
      offsets.prefetch(ahead);
    }
    const Neighbour found = neighbour(rank);
    if (found.lcp <= entry.lcp) {
      entry.lcp = found.lcp;
      entry.branch = found.branch;
    }
    if (!found.is_point) continue;
    entry.position = offsets[static_cast<uint64_t>(suffixes[rank])];
    entries.push_back(pack(entry));
    entry = {0, kMaxLcp, 0};
  }
  return entries;
}

template <class Index>
Result<void> write_points(const Alphabet& alphabet, std::span<const Index> suffixes,
                          std::span<const Index> neighbours, const SymbolOffsets& offsets,
                          int num_threads, SegmentWriter& writer, const Progress& progress) {
  const uint64_t num_ranks = alphabet.num_characters();  // the separators come last
  const auto num_parts = static_cast<uint64_t>(num_threads);
  constexpr uint64_t kRanksAPart = 1 << 16;
  std::vector<std::vector<uint64_t>> parts(num_parts);
  for (uint64_t rank = 0; rank < num_ranks; rank += num_parts * kRanksAPart) {
    for_each_part(num_threads, num_parts, [&](uint64_t part, uint64_t) {
      const uint64_t begin = std::min(num_ranks, rank + part * kRanksAPart);
      const uint64_t end = std::min(num_ranks, begin + kRanksAPart);
      parts[part] = pack_points<Index>(suffixes, neighbours, offsets, begin, end);
    });
    for (const auto& entries : parts) YURAI_TRY(writer.append(entries));
    progress("write", rank + std::min(num_ranks - rank, num_parts * kRanksAPart), num_ranks);
  }
  return {};
}

template <class Index>
Result<void> sort_and_write(const TextFile& text, const Alphabet& alphabet,
                            const IndexBuildOptions& options, SegmentWriter& writer,
                            const Progress& progress) {
  const uint64_t size = alphabet.num_symbols();
  YURAI_ASSIGN(auto symbols, LargeArray<uint32_t>::allocate(size));
  YURAI_TRY(alphabet.read_symbols(text, symbols.span(), progress));
  YURAI_ASSIGN(auto suffixes, LargeArray<Index>::allocate(size));
  const uint64_t alphabet_size = alphabet.num_distinct() + alphabet.num_separators();
  const auto share_of_bytes = [&](double share) {
    progress("sort", static_cast<uint64_t>(share * static_cast<double>(text.size_bytes())),
             text.size_bytes());
  };
  sort_suffixes<Index>(symbols.span(), alphabet_size, suffixes.span(), share_of_bytes);
  progress("compare", 0, text.size_bytes());
  YURAI_ASSIGN(auto neighbours, LargeArray<Index>::allocate(size));
  compare_neighbours<Index>(symbols.span(), alphabet, options.points, suffixes.span(),
                            options.num_threads, neighbours.span());
  progress("compare", text.size_bytes(), text.size_bytes());
  const SymbolOffsets offsets(alphabet, symbols.span());
  return write_points<Index>(alphabet, suffixes.span(), neighbours.span(), offsets,
                             options.num_threads, writer, progress);
}

/// Bytes of memory for a sort with indexes of `index_bytes`: symbols, suffixes and neighbours; the
/// fences.
uint64_t memory_needed(const Alphabet& alphabet, uint64_t index_bytes) {
  const uint64_t size = alphabet.num_symbols();
  return size * (sizeof(uint32_t) + 2 * index_bytes) + size / 6 + kFixedMemory;
}

Result<void> check_memory(const fs::path& corpus_dir, uint64_t needed, uint64_t allowed) {
  if (needed <= allowed) return {};
  constexpr uint64_t kMebi = 1 << 20;
  const uint64_t needed_mebi = needed / kMebi + 1;
  return fail(
      ErrorCode::kResourceExhausted,
      fmt::format("indexing '{}' needs {} MiB of memory, {} MiB are allowed; allow them "
                  "with '--memory {}M', or index the corpus in parts",
                  for_terminal(corpus_dir.string()), needed_mebi, allowed / kMebi, needed_mebi));
}

Result<void> write_index_manifest(const fs::path& corpus_dir, const Corpus& corpus,
                                  const IndexBuildOptions& options, uint64_t num_points,
                                  StagingDirectory& stage) {
  std::error_code status;
  // The target is not there yet: only an absolute path has a canonical form.
  const fs::path relative = fs::relative(corpus_dir, fs::absolute(stage.target(), status), status);
  if (status || relative.empty()) {
    return fail(io_error("find the way to", corpus_dir, status.value()));
  }
  YURAI_ASSIGN(const std::string corpus_manifest, read_file(corpus_dir / "manifest.json"));
  const CorpusIdentity identity = corpus.identity();
  Manifest manifest;
  manifest.format = kIndexFormat;
  manifest.format_version = kIndexVersion;
  manifest.inputs = {{(relative / "manifest.json").generic_string(), corpus_manifest.size(),
                      sha256_hex(corpus_manifest)}};
  manifest.configuration = {{"corpus", relative.generic_string()},
                            {"corpus_sha256", identity.corpus_sha256},
                            {"points", name(options.points)}};
  manifest.facts = {{"num_points", num_points},
                    {"num_documents", identity.documents},
                    {"text_bytes", identity.bytes}};
  return write_manifest(std::move(manifest), stage);
}

}  // namespace

Result<void> build_index(const fs::path& corpus_dir, const IndexBuildOptions& options,
                         StagingDirectory& stage, const Progress& progress) {
  if (options.num_threads < 1) {
    return fail(ErrorCode::kInvalidArgument, "the number of threads must be 1 or more");
  }
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(corpus_dir));
  const TextFile& text = corpus.text();
  if (text.size_bytes() > kMaxPosition) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("'{}' has {} bytes of text, an index holds at most {}; index it in "
                            "parts",
                            for_terminal(corpus_dir.string()), text.size_bytes(), kMaxPosition));
  }
  YURAI_ASSIGN(const Alphabet alphabet, Alphabet::scan(text, progress));
  if (alphabet.num_separators() != corpus.num_documents() + 1) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' has {} separators around {} documents; build the corpus again",
                            for_terminal(text.path().string()), alphabet.num_separators(),
                            corpus.num_documents()));
  }
  const bool small = alphabet.num_symbols() <= std::numeric_limits<int32_t>::max();
  const uint64_t index_bytes = small ? sizeof(int32_t) : sizeof(int64_t);
  YURAI_TRY(check_memory(corpus_dir, memory_needed(alphabet, index_bytes), options.memory_bytes));
  YURAI_ASSIGN(SegmentWriter writer, SegmentWriter::create(stage, text));
  YURAI_TRY(small ? sort_and_write<int32_t>(text, alphabet, options, writer, progress)
                  : sort_and_write<int64_t>(text, alphabet, options, writer, progress));
  YURAI_TRY(writer.finish());
  return write_index_manifest(corpus_dir, corpus, options, writer.num_points(), stage);
}

}  // namespace yurai

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/record/artefact_folder.h"
#include "yurai/record/trace.h"

/// An opened index over a corpus: exact counts, places, next symbols and longest matches of any
/// text.
///
///     YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open("index"));
///     IndexSession session(index);
///     YURAI_ASSIGN(const RankRange range, session.find("吾輩は猫である"));
///     YURAI_ASSIGN(const auto places, session.positions(range, 0, 10));
namespace yurai {

inline constexpr std::string_view kIndexFormat = "yurai-index";
inline constexpr uint64_t kIndexVersion = 2;
/// Of a folder with several segments, or with documents taken down.
inline constexpr uint64_t kSegmentedIndexVersion = 3;

struct IndexOpenOptions {
  /// `kDirect`: every read goes to the disk, past all caches (`--cold`).
  ReadableFile::Mode mode = ReadableFile::Mode::kCached;
  uint64_t cache_bytes = 256 << 20;  ///< of memory for pages, shared by all sessions
  bool folded = false;               ///< opens the folded twin too, where there is one
};

/// Neighbouring suffixes in byte order; [begin, end) are ranks among the index's points.
struct RankRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

/// The longest prefix of a text that stands in the corpus, cut to a character border.
struct LongestMatch {
  uint64_t size_bytes = 0;
  RankRange range;  ///< its occurrences; empty when size_bytes is 0
  /// Where one of them begins in corpus().text(), if that was learned on the way.
  std::optional<uint64_t> position{};
};

/// A character that follows a context. `text` is empty for the end of a document.
struct NextSymbol {
  std::string text;
  uint64_t count = 0;
};

/// {"context", "context_count", "symbols": [{"text", "count", "probability"}]}, `context` having
/// been counted `context_count` times.
Json next_json(std::string_view context, uint64_t context_count,
               std::span<const NextSymbol> symbols);

/// A suffix and what it shares with the one before it in the order.
struct SuffixNeighbour {
  uint64_t position = 0;      ///< in corpus().text()
  uint32_t shared_bytes = 0;  ///< within the document; 65,535 stands for that many or more
};

struct IndexLayout;
struct Segment;

/// Immutable; const calls are thread-safe. Owns the corpora it was built from, which it finds by
/// the relative paths in its manifest and refuses when their hashes differ. Of several segments,
/// and where documents were taken down, every answer is that of an index built at once of the
/// documents that are left, in order. Format: docs/formats/index.md.
class CorpusIndex {
 public:
  static Result<CorpusIndex> open(const std::filesystem::path& dir,
                                  const IndexOpenOptions& options = {});
  static Result<CorpusIndex> open(const std::filesystem::path& dir, ReadableFile::Mode mode);
  CorpusIndex(CorpusIndex&&) noexcept;
  CorpusIndex& operator=(CorpusIndex&&) noexcept;
  ~CorpusIndex();

  const std::filesystem::path& dir() const;
  const Manifest& manifest() const;
  /// The documents that are left: of several segments a joined corpus.
  const Corpus& corpus() const;
  PointMode points() const;
  uint64_t num_points() const;
  uint64_t num_segments() const;
  /// The corpora of the segments, in order.
  std::vector<std::shared_ptr<const Corpus>> segment_corpora() const;
  /// Numbers of the documents that were taken down, ascending, counted over all segments.
  const std::vector<uint64_t>& taken_down() const;
  /// Where the document search is: the parts of consecutive documents.
  const std::vector<ArtefactFolder>& search_folders() const;
  /// The folded twin, if it was opened: an index of the documents as folding leaves them, under the
  /// same numbers. FoldedPlaces leads back.
  const CorpusIndex* folded() const;
  /// For what changes an index.
  std::span<const Segment> segments() const;
  /// Memory that the directory of the leaves takes, as far as it was needed.
  uint64_t directory_bytes() const;

 private:
  friend class IndexSession;
  friend class FoldedPlaces;
  struct State;
  static Result<CorpusIndex> open_folded(const std::filesystem::path& dir,
                                         const IndexLayout& layout, const State& original,
                                         const IndexOpenOptions& options);
  static Result<CorpusIndex> open_once(const std::filesystem::path& dir,
                                       const IndexOpenOptions& options);
  explicit CorpusIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One query's view of an index: what it reads it keeps, and counts. Cheap to make; not
/// thread-safe; the index must outlive it. Texts are valid UTF-8 (kInvalidArgument names the byte).
/// Calls that answer give up (kCancelled) once the thread's stop (yurai/base/stop.h) is requested.
class IndexSession {
 public:
  explicit IndexSession(const CorpusIndex& index);
  ~IndexSession();
  IndexSession(const IndexSession&) = delete;
  IndexSession& operator=(const IndexSession&) = delete;

  /// The suffixes that begin with `text`; overlapping occurrences all count. The empty text occurs
  /// before every point (see `count` for the ends of documents).
  Result<RankRange> find(std::string_view text);

  /// The same of a text that is known to stand in the corpus, which saves a look at it there. What
  /// it says of another text is nothing.
  Result<RankRange> find_known(std::string_view text);

  /// Occurrences of `text`. The empty text also occurs at the end of every document, so its count
  /// is num_points + num_documents.
  Result<uint64_t> count(std::string_view text);

  /// Longest prefix of `text` that occurs, on a character border.
  Result<LongestMatch> longest_match(std::string_view text);

  /// How many bytes at the end of `text` also stand before `position` of corpus().text(), within
  /// the document.
  Result<size_t> shared_before(uint64_t position, std::string_view text);

  /// That of each of these texts (`position` aside), all at once: where pages come from a disk, one
  /// is searched while those of others are read.
  Result<std::vector<LongestMatch>> longest_matches(std::span<const std::string_view> texts);

  /// Offsets into corpus().text() of ranks [range.begin + first, … + max_positions), in rank order.
  Result<std::vector<uint64_t>> positions(RankRange range, uint64_t first, uint64_t max_positions);

  /// The suffixes of these ranks, for walks through the order; the range must lie in
  /// [0, num_points).
  Result<std::vector<SuffixNeighbour>> neighbours(RankRange range);

  /// All characters that follow `context`, by count descending, then bytes; the end of a document
  /// included. The counts sum to count(context).
  Result<std::vector<NextSymbol>> next(std::string_view context);

  /// The occurrence of `size_bytes` bytes at `position` of corpus().text(), with its document and
  /// up to 40 characters on either side.
  Result<Occurrence> occurrence(uint64_t position, uint64_t size_bytes);

  /// Different 4 KiB pages asked for so far, leaves and text, wherever they came from.
  uint64_t num_reads() const;
  /// Those of them that came from a file, not from the index's cache.
  uint64_t num_missed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yurai

#include "yurai/index/corpus_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/corpus/row_table.h"
#include "yurai/index/corpus_index_state.h"
#include "yurai/index/folded_text.h"
#include "yurai/index/index_layout.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/taken_documents.h"
#include "yurai/text/fold.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

/// A folder may be replaced so often while it is opened.
constexpr int kMaxAttempts = 16;

tl::unexpected<Error> corrupt(const fs::path& dir, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}': {}; rebuild with 'yurai index build'",
                                               for_terminal(dir.string()), what));
}

/// Opens the corpus that a segment was built from, and no other.
Result<Corpus> open_corpus(const fs::path& dir, const IndexLayout::Segment& segment,
                           ReadableFile::Mode mode) {
  std::error_code status;
  const fs::path real_dir = fs::canonical(dir, status);  // what is relative to a link is not there
  const fs::path corpus_dir = ((status ? dir : real_dir) / segment.corpus).lexically_normal();
  auto corpus = Corpus::open(corpus_dir, mode);
  if (!corpus) {
    Error error = std::move(corpus).error();
    error.message =
        fmt::format("index '{}': its corpus '{}' cannot be opened: {}", for_terminal(dir.string()),
                    for_terminal(segment.corpus), error.message);
    return fail(std::move(error));
  }
  if (corpus->identity().corpus_sha256 != segment.corpus_sha256) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("index '{}' was built from a corpus with corpus_sha256 {}, but '{}' "
                            "has {}; put that corpus back, or rebuild with 'yurai index build' "
                            "(after a takedown: rebuild)",
                            for_terminal(dir.string()), for_terminal(segment.corpus_sha256),
                            for_terminal(corpus_dir.string()), corpus->identity().corpus_sha256));
  }
  if (corpus->identity().bytes != segment.text_bytes ||
      corpus->num_documents() != segment.num_documents) {
    return corrupt(dir, fmt::format("its corpus has {} documents of {} bytes, {} of {} bytes were "
                                    "indexed",
                                    corpus->num_documents(), corpus->identity().bytes,
                                    segment.num_documents, segment.text_bytes));
  }
  return corpus;
}

Result<Segment> open_segment(const fs::path& dir, const Manifest& manifest,
                             const IndexLayout::Segment& segment,
                             std::shared_ptr<const Corpus> corpus, ReadableFile::Mode mode) {
  YURAI_ASSIGN(const std::string directory,
               read_manifest_file(dir, manifest, name_in(segment.dir, kDirectoryName)));
  const fs::path folder = segment.dir.empty() ? dir : dir / segment.dir;
  auto fences = Fences::open(folder, directory, mode);
  if (!fences) return corrupt(folder, fences.error().message);
  if (fences->num_points() != segment.num_points) {
    return corrupt(folder, "manifest.json and directory.bin differ in the number of points");
  }
  YURAI_ASSIGN(PageFile leaves, PageFile::open(folder / kLeavesName, fences->size(), mode));
  return Segment{std::move(leaves), std::move(*fences), std::move(corpus), {}};
}

}  // namespace

Result<CorpusIndex> CorpusIndex::open(const fs::path& dir, ReadableFile::Mode mode) {
  return open(dir, IndexOpenOptions{.mode = mode});
}

namespace {

/// A cache of twice the pages that there are holds them all, wherever they fall in it.
uint64_t useful_cache_bytes(const Manifest& manifest,
                            const std::vector<std::shared_ptr<const Corpus>>& corpora) {
  constexpr uint64_t kLeast = 1 << 20;
  uint64_t bytes = 0;
  for (const ManifestFile& file : manifest.files) bytes += file.bytes;
  for (const auto& corpus : corpora) {
    for (const ManifestFile& file : corpus->manifest().files) bytes += file.bytes;
  }
  return kLeast + 2 * bytes;
}

}  // namespace

/// What was opened belongs together if the manifest is still the same afterwards.
Result<CorpusIndex> CorpusIndex::open(const fs::path& dir, const IndexOpenOptions& options) {
  const fs::path path = dir / kManifestName;
  auto before = read_file(path);
  for (int attempt = 1;; ++attempt) {
    auto index = open_once(dir, options);
    auto after = read_file(path);
    if (attempt == kMaxAttempts || !before || !after || *before == *after) return index;
    before = std::move(after);
  }
}

namespace {

/// Segments and what was taken down of them, opened.
struct Opened {
  std::vector<Segment> segments;
  std::vector<std::shared_ptr<const Corpus>> corpora;
  std::shared_ptr<const Corpus> corpus;  ///< of what is left
  std::optional<Segment> taken;
  uint64_t num_points = 0;  ///< of what is left
};

Result<Opened> open_segments(const fs::path& dir, const Manifest& manifest,
                             std::span<const IndexLayout::Segment> segments,
                             ReadableFile::Mode mode) {
  Opened opened;
  for (const IndexLayout::Segment& segment : segments) {
    YURAI_ASSIGN(Corpus corpus, open_corpus(dir, segment, mode));
    opened.corpora.push_back(std::make_shared<const Corpus>(std::move(corpus)));
    YURAI_ASSIGN(Segment one, open_segment(dir, manifest, segment, opened.corpora.back(), mode));
    opened.segments.push_back(std::move(one));
    opened.num_points += segment.num_points;
  }
  opened.corpus = opened.corpora.front();
  return opened;
}

/// Leaves the documents that were taken down out of what was opened.
Result<void> leave_out(const fs::path& dir, const Manifest& manifest,
                       const IndexLayout::Segment& taken, const std::vector<uint64_t>& taken_down,
                       ReadableFile::Mode mode, Opened& opened) {
  auto corpus = std::make_shared<const Corpus>(
      Corpus::join(opened.corpora, taken_runs(opened.corpora, taken_down)));
  if (corpus->identity().bytes != taken.text_bytes) {
    return corrupt(dir, "what was taken down does not fit the corpora");
  }
  YURAI_ASSIGN(opened.taken, open_segment(dir, manifest, taken, std::move(corpus), mode));
  opened.num_points -= taken.num_points;
  return {};
}

void join(const std::vector<uint64_t>& taken_down, Opened& opened) {
  opened.corpus = std::make_shared<const Corpus>(
      Corpus::join(opened.corpora, left_runs(opened.corpora, taken_down)));
}

/// The manifest as if `folder` of the index were one by itself.
Manifest manifest_of(const Manifest& manifest, const std::string& folder) {
  Manifest own = manifest;
  own.files.clear();
  for (ManifestFile file : manifest.files) {
    if (!file.name.starts_with(folder + "/")) continue;
    file.name.erase(0, folder.size() + 1);
    own.files.push_back(std::move(file));
  }
  return own;
}

}  // namespace

Result<CorpusIndex> CorpusIndex::open_once(const fs::path& dir, const IndexOpenOptions& options) {
  YURAI_ASSIGN(Manifest manifest, read_index_manifest(dir));
  YURAI_ASSIGN(const IndexLayout layout, read_layout(dir, manifest));
  YURAI_ASSIGN(Opened opened, open_segments(dir, manifest, layout.segments, options.mode));
  std::vector<uint64_t> taken_down;
  if (!layout.taken.dir.empty()) {
    YURAI_ASSIGN(const std::string bytes,
                 read_manifest_file(dir, manifest, name_in(layout.taken.dir, kTakenDocumentsName)));
    YURAI_ASSIGN(taken_down, parse_taken_documents(bytes, opened.corpora));
    YURAI_TRY(leave_out(dir, manifest, layout.taken, taken_down, options.mode, opened));
  }
  if (!layout.is_plain()) join(taken_down, opened);
  std::vector<ArtefactFolder> search_folders;
  for (const std::string& folder : layout.search_dirs) {
    search_folders.push_back(
        {dir / folder, folder.empty() ? manifest : manifest_of(manifest, folder)});
  }
  const bool direct = options.mode == ReadableFile::Mode::kDirect;
  auto cache = direct ? nullptr
                      : std::make_shared<PageCache>(std::min(
                            options.cache_bytes, useful_cache_bytes(manifest, opened.corpora)));
  auto state = std::make_unique<State>(
      State{dir, std::move(manifest), layout.points, opened.num_points, std::move(opened.corpus),
            std::move(opened.segments), std::move(opened.taken), std::move(taken_down),
            std::move(search_folders), std::move(cache), nullptr});
  if (options.folded && layout.folded) {
    YURAI_ASSIGN(CorpusIndex folded, open_folded(dir, layout, *state, options));
    state->folded = std::make_unique<CorpusIndex>(std::move(folded));
  }
  return CorpusIndex(std::move(state));
}

Result<CorpusIndex> CorpusIndex::open_folded(const fs::path& dir, const IndexLayout& layout,
                                             const State& original,
                                             const IndexOpenOptions& options) {
  if (layout.folded->folding != folding_version()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the folded twin of '{}' was made by folding {}, this program has {}; "
                            "rebuild with 'yurai index build --fold'",
                            for_terminal(dir.string()), for_terminal(layout.folded->folding),
                            folding_version()));
  }
  const Manifest& manifest = original.manifest;
  YURAI_ASSIGN(Opened opened, open_segments(dir, manifest, layout.folded->segments, options.mode));
  for (size_t i = 0; i < opened.segments.size(); ++i) {
    Segment& segment = opened.segments[i];
    YURAI_ASSIGN(segment.originals,
                 open_originals(dir / layout.folded->segments[i].dir,
                                segment.corpus->text().size_bytes(), options.mode));
  }
  if (!layout.taken.dir.empty()) {
    YURAI_TRY(
        leave_out(dir, manifest, layout.folded->taken, original.taken_down, options.mode, opened));
  }
  if (!layout.is_plain()) join(original.taken_down, opened);
  const fs::path own_dir = dir / kFoldedName;
  Manifest own = manifest_of(manifest, std::string(kFoldedName));
  return CorpusIndex(std::make_unique<State>(State{own_dir,
                                                   own,
                                                   PointMode::kChar,
                                                   opened.num_points,
                                                   std::move(opened.corpus),
                                                   std::move(opened.segments),
                                                   std::move(opened.taken),
                                                   original.taken_down,
                                                   {{own_dir, own}},
                                                   original.cache,
                                                   nullptr}));
}

CorpusIndex::CorpusIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
CorpusIndex::CorpusIndex(CorpusIndex&&) noexcept = default;
CorpusIndex& CorpusIndex::operator=(CorpusIndex&&) noexcept = default;
CorpusIndex::~CorpusIndex() = default;

const fs::path& CorpusIndex::dir() const { return state_->dir; }
const Manifest& CorpusIndex::manifest() const { return state_->manifest; }
const Corpus& CorpusIndex::corpus() const { return *state_->corpus; }
PointMode CorpusIndex::points() const { return state_->points; }
uint64_t CorpusIndex::num_points() const { return state_->num_points; }
uint64_t CorpusIndex::num_segments() const { return state_->segments.size(); }
const std::vector<uint64_t>& CorpusIndex::taken_down() const { return state_->taken_down; }
std::span<const Segment> CorpusIndex::segments() const { return state_->segments; }
const std::vector<ArtefactFolder>& CorpusIndex::search_folders() const {
  return state_->search_folders;
}

const CorpusIndex* CorpusIndex::folded() const { return state_->folded.get(); }

std::vector<std::shared_ptr<const Corpus>> CorpusIndex::segment_corpora() const {
  std::vector<std::shared_ptr<const Corpus>> corpora;
  for (const Segment& segment : state_->segments) corpora.push_back(segment.corpus);
  return corpora;
}

uint64_t CorpusIndex::directory_bytes() const {
  uint64_t bytes = state_->taken ? state_->taken->fences.memory_bytes() : 0;
  for (const Segment& segment : state_->segments) bytes += segment.fences.memory_bytes();
  if (state_->folded) bytes += state_->folded->directory_bytes();
  return bytes;
}

}  // namespace yurai

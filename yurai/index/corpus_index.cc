#include "yurai/index/corpus_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/corpus/row_table.h"
#include "yurai/index/corpus_index_state.h"
#include "yurai/index/index_layout.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/taken_documents.h"

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
                            "has {}; put that corpus back, or rebuild with 'yurai index build'",
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
  return Segment{std::move(leaves), std::move(*fences), std::move(corpus)};
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

Result<CorpusIndex> CorpusIndex::open_once(const fs::path& dir, const IndexOpenOptions& options) {
  YURAI_ASSIGN(Manifest manifest, read_index_manifest(dir));
  YURAI_ASSIGN(const IndexLayout layout, read_layout(dir, manifest));
  std::vector<Segment> segments;
  std::vector<std::shared_ptr<const Corpus>> corpora;
  uint64_t num_points = 0;
  for (const IndexLayout::Segment& segment : layout.segments) {
    YURAI_ASSIGN(Corpus corpus, open_corpus(dir, segment, options.mode));
    corpora.push_back(std::make_shared<const Corpus>(std::move(corpus)));
    YURAI_ASSIGN(Segment opened,
                 open_segment(dir, manifest, segment, corpora.back(), options.mode));
    segments.push_back(std::move(opened));
    num_points += segment.num_points;
  }
  std::shared_ptr<const Corpus> corpus = corpora.front();
  std::vector<uint64_t> taken_down;
  std::optional<Segment> taken;
  if (!layout.taken.dir.empty()) {
    YURAI_ASSIGN(const std::string bytes,
                 read_manifest_file(dir, manifest, name_in(layout.taken.dir, kTakenDocumentsName)));
    YURAI_ASSIGN(taken_down, parse_taken_documents(bytes, corpora));
    auto taken_corpus =
        std::make_shared<const Corpus>(Corpus::join(corpora, taken_runs(corpora, taken_down)));
    if (taken_corpus->identity().bytes != layout.taken.text_bytes) {
      return corrupt(dir, "what was taken down does not fit the corpora");
    }
    YURAI_ASSIGN(taken,
                 open_segment(dir, manifest, layout.taken, std::move(taken_corpus), options.mode));
    num_points -= layout.taken.num_points;
  }
  if (!layout.is_plain()) {
    corpus = std::make_shared<const Corpus>(Corpus::join(corpora, left_runs(corpora, taken_down)));
  }
  Manifest search_manifest = manifest;
  fs::path search_dir = dir;
  if (!layout.search_dir.empty()) {
    search_dir /= layout.search_dir;
    search_manifest.files.clear();
    for (ManifestFile file : manifest.files) {
      if (!file.name.starts_with(layout.search_dir + "/")) continue;
      file.name.erase(0, layout.search_dir.size() + 1);
      search_manifest.files.push_back(std::move(file));
    }
  }
  const bool direct = options.mode == ReadableFile::Mode::kDirect;
  auto cache = direct ? nullptr
                      : std::make_unique<PageCache>(
                            std::min(options.cache_bytes, useful_cache_bytes(manifest, corpora)));
  return CorpusIndex(std::make_unique<State>(
      State{dir, std::move(manifest), layout.points, num_points, std::move(corpus),
            std::move(segments), std::move(taken), std::move(taken_down), std::move(search_dir),
            std::move(search_manifest), std::move(cache)}));
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
const fs::path& CorpusIndex::search_dir() const { return state_->search_dir; }
const Manifest& CorpusIndex::search_manifest() const { return state_->search_manifest; }

std::vector<std::shared_ptr<const Corpus>> CorpusIndex::segment_corpora() const {
  std::vector<std::shared_ptr<const Corpus>> corpora;
  for (const Segment& segment : state_->segments) corpora.push_back(segment.corpus);
  return corpora;
}

uint64_t CorpusIndex::directory_bytes() const {
  uint64_t bytes = state_->taken ? state_->taken->fences.memory_bytes() : 0;
  for (const Segment& segment : state_->segments) bytes += segment.fences.memory_bytes();
  return bytes;
}

}  // namespace yurai

#include "yurai/index/corpus_index.h"

#include <fmt/format.h>

#include "yurai/base/terminal.h"
#include "yurai/index/corpus_index_state.h"
#include "yurai/index/segment_writer.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

tl::unexpected<Error> corrupt(const fs::path& dir, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}': {}; rebuild with 'yurai index build'",
                                               for_terminal(dir.string()), what));
}

/// Opens the corpus that the index was built from, and no other.
Result<Corpus> open_corpus(const fs::path& dir, const Manifest& manifest, ReadableFile::Mode mode) {
  const auto path = json_string(manifest.configuration, "corpus");
  const auto sha256 = json_string(manifest.configuration, "corpus_sha256");
  if (!path || !sha256 || fs::path(*path).is_absolute()) {
    return corrupt(dir, "manifest.json does not say where its corpus is");
  }
  std::error_code status;
  const fs::path real_dir = fs::canonical(dir, status);  // what is relative to a link is not there
  const fs::path corpus_dir = ((status ? dir : real_dir) / *path).lexically_normal();
  auto corpus = Corpus::open(corpus_dir, mode);
  if (!corpus) {
    Error error = std::move(corpus).error();
    error.message = fmt::format("index '{}': its corpus '{}' cannot be opened: {}",
                                for_terminal(dir.string()), for_terminal(*path), error.message);
    return fail(std::move(error));
  }
  if (corpus->identity().corpus_sha256 != *sha256) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("index '{}' was built from a corpus with corpus_sha256 {}, but '{}' "
                            "has {}; put that corpus back, or rebuild with 'yurai index build'",
                            for_terminal(dir.string()), for_terminal(*sha256),
                            for_terminal(corpus_dir.string()), corpus->identity().corpus_sha256));
  }
  return corpus;
}

Result<PointMode> point_mode(const fs::path& dir, const Manifest& manifest) {
  const auto points = json_string(manifest.configuration, "points");
  for (const PointMode mode : {PointMode::kChar, PointMode::kWord}) {
    if (points && *points == name(mode)) return mode;
  }
  return corrupt(dir, "manifest.json names no kind of points that this program knows");
}

}  // namespace

Result<CorpusIndex> CorpusIndex::open(const fs::path& dir, ReadableFile::Mode mode) {
  return open(dir, IndexOpenOptions{.mode = mode});
}

Result<CorpusIndex> CorpusIndex::open(const fs::path& dir, const IndexOpenOptions& options) {
  YURAI_ASSIGN(Manifest manifest, read_manifest(dir, kIndexFormat, kIndexVersion));
  YURAI_ASSIGN(const PointMode points, point_mode(dir, manifest));
  const auto num_points = json_uint(manifest.facts, "num_points");
  const auto text_bytes = json_uint(manifest.facts, "text_bytes");
  if (!num_points || !text_bytes || *num_points > kMaxPosition) {
    return corrupt(dir, "manifest.json does not say how many points there are");
  }
  YURAI_ASSIGN(Corpus corpus, open_corpus(dir, manifest, options.mode));
  if (corpus.identity().bytes != *text_bytes) {
    return corrupt(dir, fmt::format("its corpus has {} bytes of text, {} were indexed",
                                    corpus.identity().bytes, *text_bytes));
  }
  YURAI_ASSIGN(const std::string directory, read_manifest_file(dir, manifest, kDirectoryName));
  auto fences = Fences::open(dir, directory, options.mode);
  if (!fences) return corrupt(dir, fences.error().message);
  if (fences->num_points() != *num_points) {
    return corrupt(dir, "manifest.json and directory.bin differ in the number of points");
  }
  YURAI_ASSIGN(PageFile leaves, PageFile::open(dir / kLeavesName, fences->size(), options.mode));
  const bool direct = options.mode == ReadableFile::Mode::kDirect;
  auto cache = direct ? nullptr : std::make_unique<PageCache>(options.cache_bytes);
  return CorpusIndex(std::make_unique<State>(State{dir, std::move(manifest), points, *num_points,
                                                   std::move(corpus), std::move(leaves),
                                                   std::move(*fences), std::move(cache)}));
}

CorpusIndex::CorpusIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
CorpusIndex::CorpusIndex(CorpusIndex&&) noexcept = default;
CorpusIndex& CorpusIndex::operator=(CorpusIndex&&) noexcept = default;
CorpusIndex::~CorpusIndex() = default;

const fs::path& CorpusIndex::dir() const { return state_->dir; }
const Manifest& CorpusIndex::manifest() const { return state_->manifest; }
const Corpus& CorpusIndex::corpus() const { return state_->corpus; }
PointMode CorpusIndex::points() const { return state_->points; }
uint64_t CorpusIndex::num_points() const { return state_->num_points; }
uint64_t CorpusIndex::directory_bytes() const { return state_->fences.memory_bytes(); }

}  // namespace yurai

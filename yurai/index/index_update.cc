#include "yurai/index/index_update.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <utility>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/index/folded_twin.h"
#include "yurai/index/segment.h"
#include "yurai/index/segment_records.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/taken_documents.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSegmentKind = "segment.";
constexpr std::string_view kTakedownKind = "takedown.";
constexpr std::string_view kPartialSuffix = ".partial";
constexpr std::string_view kPartialManifestName = "manifest.json.partial";
constexpr uint64_t kUpdateCacheBytes = 8 << 20;
constexpr uint64_t kPointsBetweenSigns = 1 << 16;

/// The number in "segment.7" or "takedown.7", left by a killed change or not.
std::optional<uint64_t> folder_number(std::string_view name) {
  if (name.ends_with(kPartialSuffix)) name.remove_suffix(kPartialSuffix.size());
  for (const std::string_view kind : {kSegmentKind, kTakedownKind}) {
    if (!name.starts_with(kind)) continue;
    uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kind.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  }
  return {};
}

/// The folders that the layout names.
std::vector<std::string> folders_of(const IndexLayout& layout) {
  std::vector<std::string> folders = layout.search_dirs;
  folders.push_back(layout.taken.dir);
  for (const IndexLayout::Segment& segment : layout.segments) folders.push_back(segment.dir);
  return folders;
}

Result<void> remove_leftovers(const fs::path& dir, const IndexLayout& layout) {
  const std::vector<std::string> kept = folders_of(layout);
  std::error_code status;
  std::vector<fs::path> leftovers;
  fs::directory_iterator entry(dir, status);
  for (; !status && entry != fs::directory_iterator(); entry.increment(status)) {
    const std::string name = entry->path().filename().string();
    const bool is_ours = folder_number(name) || name == kPartialManifestName;
    if (!is_ours || std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
    leftovers.push_back(entry->path());
  }
  if (status) return fail(io_error("list", dir, status.value()));
  for (const fs::path& path : leftovers) {
    fs::remove_all(path, status);
    if (status) return fail(io_error("remove", path, status.value()));
  }
  return {};
}

bool is_in(const std::string& name, const std::string& dir) {
  return !dir.empty() && name.starts_with(dir + "/");
}

}  // namespace

Result<IndexUpdate> IndexUpdate::begin(const fs::path& dir, Disk& disk) {
  YURAI_TRY(read_index_manifest(dir));  // says what is wrong with it, if anything
  const int lock_fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_fd < 0) return fail(io_error("open", dir, errno));
  IndexUpdate update(dir, lock_fd, disk);
  struct stat locked {
  }, there{};
  if (::flock(lock_fd, LOCK_EX | LOCK_NB) != 0 || ::fstat(lock_fd, &locked) != 0 ||
      ::stat(dir.c_str(), &there) != 0 || locked.st_ino != there.st_ino) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("another process is changing '{}'; wait for it to end",
                            for_terminal(dir.string())));
  }
  YURAI_ASSIGN(CorpusIndex index,
               CorpusIndex::open(dir, {.cache_bytes = kUpdateCacheBytes, .folded = true}));
  update.manifest_ = index.manifest();
  YURAI_ASSIGN(update.layout_, read_layout(dir, update.manifest_));
  update.corpora_ = index.segment_corpora();
  update.index_.emplace(std::move(index));
  YURAI_TRY(remove_leftovers(dir, update.layout_));
  return update;
}

IndexUpdate::IndexUpdate(IndexUpdate&& other) noexcept
    : dir_(std::move(other.dir_)),
      lock_fd_(std::exchange(other.lock_fd_, -1)),
      disk_(other.disk_),
      index_(std::move(other.index_)),
      corpora_(std::move(other.corpora_)),
      layout_(std::move(other.layout_)),
      manifest_(std::move(other.manifest_)),
      stage_(std::move(other.stage_)),
      replaced_(std::move(other.replaced_)) {}

IndexUpdate::~IndexUpdate() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

std::string IndexUpdate::new_name(std::string_view kind) const {
  uint64_t number = 1;
  for (const std::string& folder : folders_of(layout_)) {
    if (const auto used = folder_number(folder)) number = std::max(number, *used + 1);
  }
  return fmt::format("{}{}", kind, number);
}

Result<void> IndexUpdate::stage_folder(const std::string& name) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / name, {.disk = disk_}));
  stage_.emplace(std::move(stage));
  return {};
}

/// That of the index; what left its corpora before stands in theirs.
Result<std::string> IndexUpdate::takedown_log() const {
  if (layout_.taken.dir.empty()) return std::string();
  return read_manifest_file(dir_, manifest_, name_in(layout_.taken.dir, kTakedownLogName));
}

Result<std::vector<std::string>> IndexUpdate::taken_down_before(const Corpus& corpus) const {
  YURAI_ASSIGN(std::string log, takedown_log());
  for (const auto& part : corpora_) {
    YURAI_ASSIGN(const std::string part_log, read_takedown_log(*part));
    log += part_log;
  }
  std::vector<std::string> ids;
  if (log.empty()) return ids;
  YURAI_ASSIGN(const std::set<std::string> hashes, hashes_in_takedown_log(log));
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(number));
    if (!hashes.contains(sha256)) continue;
    YURAI_ASSIGN(Document row, corpus.row(number));
    ids.push_back(std::move(row.id));
  }
  return ids;
}

Result<void> IndexUpdate::add(const fs::path& corpus_dir, IndexBuildOptions options,
                              const Progress& progress) {
  YURAI_ASSIGN(Corpus corpus, Corpus::open(corpus_dir));
  uint64_t text_bytes = corpus.text().size_bytes();
  for (const auto& part : corpora_) text_bytes += part->text().size_bytes();
  if (text_bytes > kMaxPosition) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("with '{}' the index would have {} bytes of text, it holds at most {}; "
                            "give it an index of its own",
                            for_terminal(corpus_dir.string()), text_bytes, kMaxPosition));
  }
  IndexLayout::Segment segment;
  segment.dir = new_name(kSegmentKind);
  YURAI_TRY(stage_folder(segment.dir));
  options.points = layout_.points;
  YURAI_ASSIGN(segment.num_points, build_segment(corpus, options, *stage_, progress));
  YURAI_ASSIGN(const fs::path corpus_path, path_from(dir_, corpus_dir));
  YURAI_ASSIGN(const std::string corpus_manifest, read_file(corpus_dir / kManifestName));
  segment.corpus = corpus_path.generic_string();
  segment.corpus_sha256 = corpus.identity().corpus_sha256;
  segment.num_documents = corpus.num_documents();
  segment.text_bytes = corpus.identity().bytes;
  if (layout_.folded) {
    YURAI_ASSIGN(IndexLayout::Segment folded, build_folded(corpus, options, *stage_, progress));
    layout_.folded->segments.push_back(std::move(folded));
  }
  manifest_.inputs.push_back({(corpus_path / kManifestName).generic_string(),
                              corpus_manifest.size(), sha256_hex(corpus_manifest)});
  layout_.segments.push_back(std::move(segment));
  corpora_.push_back(std::make_shared<const Corpus>(std::move(corpus)));
  return {};
}

std::vector<std::shared_ptr<const Corpus>> IndexUpdate::folded_corpora() const {
  return index_->folded()->segment_corpora();
}

StagingDirectory& IndexUpdate::search_stage() {
  layout_.search_dirs.push_back(layout_.segments.back().dir);
  return *stage_;
}

Result<IndexUpdate::Summary> IndexUpdate::take_down(const Takedown& takedown,
                                                    IndexBuildOptions options,
                                                    const Progress& progress) {
  YURAI_ASSIGN(TakedownNames names, TakedownNames::make(takedown));
  YURAI_ASSIGN(std::string log, takedown_log());
  Summary summary;
  const Corpus& corpus = index_->corpus();
  const std::vector<uint64_t>& before = index_->taken_down();
  std::vector<uint64_t> documents;
  auto gone = before.begin();
  uint64_t number = 0;  // over all segments
  for (uint64_t left = 0; left < corpus.num_documents(); ++left, ++number) {
    for (; gone != before.end() && *gone == number; ++gone) documents.push_back(number++);
    YURAI_ASSIGN(const Document row, corpus.row(left));
    YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(left));
    progress("look for documents", corpus.text_range(left).end, corpus.text().size_bytes());
    if (!names.match(row, sha256)) continue;
    documents.push_back(number);
    log += takedown_log_line(row, sha256, takedown);
    ++summary.taken_down;
  }
  documents.insert(documents.end(), gone, before.end());
  if (summary.taken_down == 0) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no document of '{}' is named; nothing was changed",
                            for_terminal(dir_.string())));
  }
  summary.not_found = names.not_found();

  IndexLayout::Segment taken;
  taken.dir = new_name(kTakedownKind);
  YURAI_TRY(stage_folder(taken.dir));
  const Corpus gone_corpus = Corpus::join(corpora_, taken_runs(corpora_, documents));
  options.points = layout_.points;
  YURAI_ASSIGN(taken.num_points, build_segment(gone_corpus, options, *stage_, progress));
  taken.num_documents = gone_corpus.num_documents();
  taken.text_bytes = gone_corpus.identity().bytes;
  if (layout_.folded) {
    const auto folded = folded_corpora();
    YURAI_ASSIGN(layout_.folded->taken,
                 build_folded_takedown(Corpus::join(folded, taken_runs(folded, documents)), options,
                                       *stage_, progress));
  }
  YURAI_TRY(stage_->add_file(kTakenDocumentsName, encode_taken_documents(documents)));
  YURAI_TRY(stage_->add_file(kTakedownLogName, log));
  replaced_ = layout_.taken.dir;
  layout_.taken = std::move(taken);
  summary.documents = corpus.num_documents() - summary.taken_down;
  for (const auto& part : corpora_) summary.bytes += part->identity().bytes;
  summary.bytes -= layout_.taken.text_bytes;
  return summary;
}

Result<void> IndexUpdate::commit() {
  const std::string name = stage_->target().filename().string();
  YURAI_ASSIGN(const std::vector<ManifestFile> added, list_files(stage_->path()));
  std::erase_if(manifest_.files, [&](const ManifestFile& file) {
    return is_in(file.name, replaced_) || is_in(file.name, name);
  });
  for (ManifestFile file : added) {
    file.name = name_in(name, file.name);
    manifest_.files.push_back(std::move(file));
  }
  std::sort(manifest_.files.begin(), manifest_.files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.name < b.name; });
  write_layout(layout_, manifest_);
  YURAI_TRY(stage_->commit());
  YURAI_TRY(replace_manifest(dir_, manifest_, *disk_));
  return remove_leftovers(dir_, layout_);
}

namespace {

/// What the index was made from; what a corpus was that it merged before stands for that.
Result<std::vector<ManifestFile>> merged_inputs(const CorpusIndex& index) {
  std::vector<ManifestFile> inputs;
  for (const ManifestFile& input : index.manifest().inputs) {
    if (input.name != name_in(std::string(kMergedCorpusName), kManifestName)) {
      inputs.push_back(input);
      continue;
    }
    YURAI_ASSIGN(const auto earlier, inputs_of_merged(index));
    inputs.insert(inputs.end(), earlier.begin(), earlier.end());
  }
  return inputs;
}

/// The documents that are left, as a corpus in "corpus" of the staging folder.
Result<Corpus> write_corpus(const CorpusIndex& index, StagingDirectory& stage,
                            const Progress& progress) {
  const Corpus& corpus = index.corpus();
  YURAI_ASSIGN(StagingDirectory own,
               StagingDirectory::create(stage.path() / kMergedCorpusName, {.disk = &stage.disk()}));
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(own));
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(Document document, corpus.document(number));
    YURAI_TRY(writer.add(std::move(document)));
    progress("copy text", corpus.text_range(number).end, corpus.text().size_bytes());
  }
  std::string log;
  Manifest manifest;
  YURAI_ASSIGN(manifest.inputs, merged_inputs(index));
  manifest.lineage = Json::array();
  Json mapped = Json::array();
  for (const auto& part : index.segment_corpora()) {
    YURAI_TRY(copy_rejects(*part, writer));
    YURAI_ASSIGN(const std::string part_log, read_takedown_log(*part));
    log += part_log;
    for (const Json& step : part->manifest().lineage) {
      if (std::find(manifest.lineage.begin(), manifest.lineage.end(), step) ==
          manifest.lineage.end()) {
        manifest.lineage.push_back(step);
      }
    }
    for (const Json& one : part->manifest().facts.value("licenses_mapped", Json::array())) {
      if (std::find(mapped.begin(), mapped.end(), one) == mapped.end()) mapped.push_back(one);
    }
  }
  YURAI_ASSIGN(const IndexLayout layout, read_layout(index.dir(), index.manifest()));
  if (!layout.taken.dir.empty()) {
    YURAI_ASSIGN(const std::string own_log,
                 read_manifest_file(index.dir(), index.manifest(),
                                    name_in(layout.taken.dir, kTakedownLogName)));
    log += own_log;
  }
  if (!log.empty()) YURAI_TRY(own.add_file(kTakedownLogName, log));
  YURAI_TRY(writer.finish(std::move(manifest), progress));
  YURAI_ASSIGN(Manifest written, read_manifest(own.path()));
  written.facts["licenses_mapped"] = std::move(mapped);
  if (!log.empty()) {
    written.facts["taken_down"] = static_cast<uint64_t>(std::count(log.begin(), log.end(), '\n'));
  }
  YURAI_TRY(write_manifest(std::move(written), own));
  YURAI_TRY(own.commit());
  return Corpus::open(own.target());
}

/// The points of each segment that are left, as a run.
Result<std::vector<Run>> write_runs(const CorpusIndex& index, const Corpus& corpus,
                                    StagingDirectory& stage, const Progress& progress) {
  std::vector<Run> runs;
  uint64_t done = 0;
  for (const Segment& segment : index.segments()) {
    SegmentView view = segment.view(nullptr);
    SegmentRecords records(view, 0, index.corpus(), runs.size(), true);
    YURAI_ASSIGN(RunWriter writer, RunWriter::create(stage, fmt::format("run.{}", runs.size()),
                                                     {0, corpus.text().size_bytes()}));
    RunRecord record;
    for (;;) {
      YURAI_ASSIGN(const bool more, records.next(record));
      if (!more) break;
      YURAI_TRY(writer.append(record));
      if (++done % kPointsBetweenSigns == 0)
        progress("read points", done * sizeof(uint64_t), index.num_points() * sizeof(uint64_t));
    }
    YURAI_ASSIGN(Run run, writer.finish());
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

Result<std::vector<ManifestFile>> inputs_of_merged(const CorpusIndex& index) {
  const fs::path dir = index.dir() / kMergedCorpusName;
  for (const auto& part : index.segment_corpora()) {
    std::error_code status;
    if (fs::equivalent(part->dir(), dir, status)) return read_inputs(dir, part->manifest());
  }
  return std::vector<ManifestFile>();
}

Result<uint64_t> merge_segments(const CorpusIndex& index, const Corpus& corpus,
                                const IndexBuildOptions& options, StagingDirectory& stage,
                                const Progress& progress) {
  YURAI_ASSIGN(std::vector<Run> runs, write_runs(index, corpus, stage, progress));
  return merge_segment(corpus, std::move(runs), options, stage, progress);
}

Result<void> merge_index(const CorpusIndex& index, const IndexBuildOptions& options,
                         StagingDirectory& stage, const Progress& progress) {
  YURAI_ASSIGN(const Corpus corpus, write_corpus(index, stage, progress));
  YURAI_ASSIGN(const uint64_t num_points, merge_segments(index, corpus, options, stage, progress));
  std::optional<IndexLayout::Segment> folded;
  if (index.folded() != nullptr) {
    YURAI_ASSIGN(folded, merge_folded(*index.folded(), corpus, options, stage, progress));
  }
  return write_index_manifest(corpus, kMergedCorpusName, index.points(), num_points,
                              std::move(folded), stage);
}

Result<std::string> index_sha256(const fs::path& dir, const Manifest& manifest) {
  YURAI_ASSIGN(const IndexLayout layout, read_layout(dir, manifest));
  const auto sha256_of = [&](const std::string& folder, std::string_view name) {
    const auto file =
        std::find_if(manifest.files.begin(), manifest.files.end(),
                     [&](const ManifestFile& one) { return one.name == name_in(folder, name); });
    return file == manifest.files.end() ? std::string() : file->sha256;
  };
  Sha256 hash;
  for (const IndexLayout::Segment& segment : layout.segments) {
    Sha256 own;
    own.update_field(name(layout.points));
    own.update_field(segment.corpus_sha256);
    for (const std::string_view file : {kLeavesName, kFencesName, kDirectoryName}) {
      own.update_field(sha256_of(segment.dir, file));
    }
    hash.update_field(own.hex());
  }
  if (!layout.taken.dir.empty()) {
    hash.update_field(sha256_of(layout.taken.dir, kTakenDocumentsName));
  }
  return hash.hex();
}

}  // namespace yurai

#include "yurai/curate/dedup_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kResumeFormat = "yurai-dedup-resume";
constexpr std::string_view kBatches = "batches";
constexpr std::string_view kRows = "rows";
constexpr std::string_view kHash = "rows_xxh3";
constexpr std::string_view kShards = "shards";

bool may_resume(const DedupJob& job) { return job.stage != nullptr && job.workers.size() == 1; }

/// What the keys depend on.
Json key_configuration(const DedupJob& job) {
  const DedupOptions& options = job.options;
  Json json = {{"exact", options.exact},
               {"minhash", options.minhash},
               {"map", options.map},
               {"shards", options.num_shards}};
  if (options.minhash) {
    json["parameters"] = {options.parameters.unit == ShingleUnit::kChar ? "char" : "word",
                          options.parameters.shingle_size, options.parameters.num_bands,
                          options.parameters.hashes_per_band};
  }
  return json;
}

Json input_names(const DedupJob& job) {
  Json names = Json::array();
  for (const InputEntry& entry : job.inputs.files) names.push_back(entry.name);
  return names;
}

/// Of what an interrupted run left, all but its keys.
Result<void> remove_rest(const DedupJob& job, const std::vector<PairSpill>& keys) {
  std::vector<fs::path> rest;
  std::error_code status;
  for (const fs::path& dir : {job.stage->path(), job.scratch}) {
    for (const auto& entry : fs::directory_iterator(dir, status)) {
      const auto is_key = [&](const PairSpill& spill) { return spill.path() == entry.path(); };
      const bool stays = entry.path() == job.scratch || entry.path().filename() == kStagingMark ||
                         std::any_of(keys.begin(), keys.end(), is_key);
      if (!stays) rest.push_back(entry.path());
    }
    if (status) return fail(io_error("look into", dir, status.value()));
  }
  for (const fs::path& path : rest) {
    fs::remove_all(path, status);
    if (status) return fail(io_error("remove", path, status.value()));
  }
  return {};
}

}  // namespace

std::vector<PairSpill> shard_spills(const DedupJob& job, std::string_view name, size_t count) {
  std::vector<PairSpill> spills;
  for (size_t i = 0; i < count; ++i) {
    spills.emplace_back(job.scratch / fmt::format("{}-{:05}-{:05}", name, job.workers.rank(), i));
  }
  return spills;
}

size_t shard_of(uint64_t hash, size_t num_shards) {
  return static_cast<size_t>((hash >> 32) * num_shards >> 32);
}

std::optional<uint64_t> finished_rows(const StagingDirectory& stage) {
  const auto point = parse_json(stage.resume_point(), kStagingMark);
  if (!point || !point->is_object() || point->value("format", "") != kResumeFormat) {
    return std::nullopt;
  }
  const auto rows = json_uint(*point, kRows);
  return rows ? std::optional(*rows) : std::nullopt;
}

KeyFiles::KeyFiles(const DedupJob& job)
    : job_(&job), spills_(shard_spills(job, "keys", job.options.num_shards)) {}

Result<KeyFiles> KeyFiles::open(const DedupJob& job) {
  KeyFiles files(job);
  if (may_resume(job) && !job.stage->resume_point().empty()) YURAI_TRY(files.resume());
  return files;
}

Result<void> KeyFiles::resume() {
  const std::string name = for_terminal(job_->stage->path().string());
  const auto unusable = [&](std::string_view why) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("what the interrupted run left in '{}' cannot be used ({}); begin anew "
                            "with --force",
                            name, why));
  };
  const auto point = parse_json(job_->stage->resume_point(), kStagingMark);
  if (!point) return unusable(point.error().message);
  if (!point->is_object() || point->value("format", "") != kResumeFormat) {
    return unusable("it is not of corpus dedup");
  }
  const auto batches = json_uint(*point, kBatches);
  const auto hash = json_uint(*point, kHash);
  const Json shards = point->value(kShards, Json());
  if (!batches || !hash || !shards.is_array()) return unusable("it does not say how far it came");
  for (const auto& [what, now] : {std::pair("configuration", key_configuration(*job_)),
                                  std::pair("inputs", input_names(*job_))}) {
    if (point->value(what, Json()) == now) continue;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' was begun with another {}: {}; go on with the same, or begin anew "
                    "with --force",
                    name, what, dump_json(point->value(what, Json()))));
  }
  if (shards.size() != spills_.size()) return unusable("its shards are not all there");
  YURAI_TRY(remove_rest(*job_, spills_));
  for (size_t i = 0; i < spills_.size(); ++i) {
    const auto size = json_uint(shards[i], "pairs");
    const auto shard_hash = json_uint(shards[i], "xxh3");
    if (!size || !shard_hash) return unusable("a shard has no size");
    const Result<void> reopened = spills_[i].reopen(*size, *shard_hash);
    if (!reopened) return unusable(reopened.error().message);
    spills_[i].keep_file();
  }
  num_finished_ = *batches;
  finished_hash_ = *hash;
  return {};
}

tl::unexpected<Error> KeyFiles::inputs_changed() const {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the first rows of the input are not those that '{}' was begun with; go "
                          "on with the same, or begin anew with --force",
                          for_terminal(job_->stage->path().string())));
}

Result<void> KeyFiles::add(const std::vector<Pair>& keys, uint64_t num_rows, uint64_t num_bytes,
                           uint64_t hash) {
  const bool was_finished = is_finished(num_batches_++);
  num_rows_ += num_rows;
  hash_ = xxh3({reinterpret_cast<const char*>(&hash), sizeof(hash)}, hash_);
  if (was_finished) {
    return num_batches_ == num_finished_ && hash_ != finished_hash_ ? inputs_changed()
                                                                    : Result<void>();
  }
  for (const Pair& pair : keys) YURAI_TRY(spills_[shard_of(pair.first, spills_.size())].add(pair));
  unsaved_bytes_ += num_bytes;
  return unsaved_bytes_ < job_->options.resume_bytes ? Result<void>() : save();
}

Result<std::vector<PairSpill>> KeyFiles::finish() {
  if (num_batches_ < num_finished_) return inputs_changed();
  if (unsaved_bytes_ > 0) YURAI_TRY(save());
  return std::move(spills_);
}

Result<void> KeyFiles::save() {
  unsaved_bytes_ = 0;
  if (!may_resume(*job_)) return {};
  Json shards = Json::array();
  for (PairSpill& spill : spills_) {
    YURAI_TRY(spill.flush());
    spill.keep_file();
    shards.push_back({{"pairs", spill.size()}, {"xxh3", spill.hash()}});
  }
  const Json point = {{"format", kResumeFormat},
                      {"configuration", key_configuration(*job_)},
                      {"inputs", input_names(*job_)},
                      {kBatches, num_batches_},
                      {kRows, num_rows_},
                      {kHash, hash_},
                      {kShards, std::move(shards)}};
  return job_->stage->save_resume_point(dump_json(point) + "\n");
}

}  // namespace yurai

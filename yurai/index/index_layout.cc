#include "yurai/index/index_layout.h"

#include <fmt/format.h>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/fences.h"
#include "yurai/index/folded_text.h"
#include "yurai/index/segment_writer.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

tl::unexpected<Error> corrupt(const fs::path& dir, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}': {}; rebuild with 'yurai index build'",
                                               for_terminal(dir.string()), what));
}

/// A folder's name inside of the index's folder.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

Result<void> read_numbers(const Json& json, IndexLayout::Segment& segment) {
  YURAI_ASSIGN(segment.num_points, json_uint(json, "num_points"));
  YURAI_ASSIGN(segment.num_documents, json_uint(json, "num_documents"));
  YURAI_ASSIGN(segment.text_bytes, json_uint(json, "text_bytes"));
  return {};
}

Json numbers_json(const IndexLayout::Segment& segment) {
  return {{"num_points", segment.num_points},
          {"num_documents", segment.num_documents},
          {"text_bytes", segment.text_bytes}};
}

Result<void> read_corpus(const Json& json, IndexLayout::Segment& segment) {
  YURAI_ASSIGN(segment.corpus, json_string(json, "corpus"));
  YURAI_ASSIGN(segment.corpus_sha256, json_string(json, "corpus_sha256"));
  if (fs::path(segment.corpus).is_absolute()) {
    return fail(ErrorCode::kInvalidArgument, "'corpus' must be relative");
  }
  return {};
}

/// What configuration and facts say of the segments after the first and of the takedown.
Result<void> read_further(const Manifest& manifest, IndexLayout& layout) {
  const Json dirs = manifest.configuration.value("segments", Json::array());
  const Json numbers = manifest.facts.value("segments", Json::array());
  if (!dirs.is_array() || !numbers.is_array() || numbers.size() != dirs.size() + 1) {
    return fail(ErrorCode::kInvalidArgument, "its segments are not well-formed");
  }
  YURAI_TRY(read_numbers(numbers[0], layout.segments[0]));
  for (size_t i = 0; i < dirs.size(); ++i) {
    IndexLayout::Segment& segment = layout.segments.emplace_back();
    YURAI_ASSIGN(segment.dir, json_string(dirs[i], "dir"));
    YURAI_TRY(read_corpus(dirs[i], segment));
    YURAI_TRY(read_numbers(numbers[i + 1], segment));
    if (!is_plain_name(segment.dir)) {
      return fail(ErrorCode::kInvalidArgument, "a segment has no plain name");
    }
  }
  if (manifest.configuration.contains("takedown")) {
    YURAI_ASSIGN(layout.taken.dir, json_string(manifest.configuration, "takedown"));
    YURAI_TRY(read_numbers(manifest.facts.value("taken_down", Json::object()), layout.taken));
    if (!is_plain_name(layout.taken.dir)) {
      return fail(ErrorCode::kInvalidArgument, "its takedown has no plain name");
    }
  }
  if (manifest.configuration.contains("search")) {
    const Json& search = manifest.configuration["search"];
    layout.search_dirs.clear();
    // One name: of one search over several segments, as they were made before.
    for (const Json& dir : search.is_array() ? search : Json::array({search})) {
      if (!dir.is_string() || (dir != "" && !is_plain_name(dir.get<std::string>()))) {
        return fail(ErrorCode::kInvalidArgument, "its document search has no plain name");
      }
      layout.search_dirs.push_back(dir.get<std::string>());
    }
  }
  return {};
}

/// The folders of the twin follow from those of the segments.
void name_folded(IndexLayout& layout) {
  IndexLayout::Folded& folded = *layout.folded;
  for (size_t i = 0; i < folded.segments.size(); ++i) {
    IndexLayout::Segment& segment = folded.segments[i];
    segment.dir = name_in(layout.segments[i].dir, kFoldedName);
    segment.corpus = name_in(segment.dir, kFoldedCorpusName);
  }
  if (!layout.taken.dir.empty()) folded.taken.dir = name_in(layout.taken.dir, kFoldedName);
}

Result<void> read_folded(const Manifest& manifest, IndexLayout& layout) {
  if (!manifest.configuration.contains("folded")) return {};
  const auto malformed = [] {
    return fail(ErrorCode::kInvalidArgument, "its folded twin is not well-formed");
  };
  const Json& how = manifest.configuration["folded"];
  const Json facts = manifest.facts.value("folded", Json::object());
  if (!how.is_object() || !facts.is_object()) return malformed();
  layout.folded = IndexLayout::Folded{};
  IndexLayout::Folded& folded = *layout.folded;
  YURAI_ASSIGN(folded.folding, json_string(how, "folding"));
  const Json hashes = how.value("corpus_sha256", Json::array());
  const Json numbers = facts.value("segments", Json::array());
  if (!hashes.is_array() || !numbers.is_array() || hashes.size() != layout.segments.size() ||
      numbers.size() != layout.segments.size()) {
    return malformed();
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    IndexLayout::Segment& segment = folded.segments.emplace_back();
    if (!hashes[i].is_string()) return malformed();
    segment.corpus_sha256 = hashes[i].get<std::string>();
    YURAI_TRY(read_numbers(numbers[i], segment));
    if (segment.num_documents != layout.segments[i].num_documents) return malformed();
  }
  if (!layout.taken.dir.empty()) {
    YURAI_TRY(read_numbers(facts.value("taken_down", Json::object()), folded.taken));
  }
  name_folded(layout);
  return {};
}

void write_folded(const IndexLayout& layout, Manifest& manifest) {
  if (!layout.folded) return;
  Json hashes = Json::array(), numbers = Json::array();
  for (const IndexLayout::Segment& segment : layout.folded->segments) {
    hashes.push_back(segment.corpus_sha256);
    numbers.push_back(numbers_json(segment));
  }
  manifest.configuration["folded"] = {{"folding", layout.folded->folding},
                                      {"corpus_sha256", std::move(hashes)}};
  manifest.facts["folded"] = {{"segments", std::move(numbers)}};
  if (!layout.taken.dir.empty()) {
    manifest.facts["folded"]["taken_down"] = numbers_json(layout.folded->taken);
  }
}

/// Whether the points can be those of an index.
bool is_possible(const std::vector<IndexLayout::Segment>& segments, uint64_t num_taken) {
  uint64_t sum = 0;
  for (const IndexLayout::Segment& segment : segments) {
    if (segment.num_points > kMaxPosition - sum) return false;
    sum += segment.num_points;
  }
  return num_taken <= sum;
}

}  // namespace

std::string name_in(const std::string& dir, std::string_view name) {
  return dir.empty() ? std::string(name) : fmt::format("{}/{}", dir, name);
}

Result<Manifest> read_index_manifest(const fs::path& dir) {
  auto manifest = read_manifest(dir);
  if (manifest && manifest->format == kIndexFormat &&
      manifest->format_version == kSegmentedIndexVersion) {
    return manifest;
  }
  return read_manifest(dir, kIndexFormat, kIndexVersion);
}

Result<IndexLayout> read_layout(const fs::path& dir, const Manifest& manifest) {
  IndexLayout layout;
  const auto points = json_string(manifest.configuration, "points");
  if (points && *points == name(PointMode::kWord)) {
    layout.points = PointMode::kWord;
  } else if (!points || *points != name(PointMode::kChar)) {
    return corrupt(dir, "manifest.json names no kind of points that this program knows");
  }
  IndexLayout::Segment& first = layout.segments.emplace_back();
  if (!read_corpus(manifest.configuration, first)) {
    return corrupt(dir, "manifest.json does not say where its corpus is");
  }
  Result<void> read = manifest.format_version == kSegmentedIndexVersion
                          ? read_further(manifest, layout)
                          : read_numbers(manifest.facts, first);
  if (read) read = read_folded(manifest, layout);
  if (!read) {
    return corrupt(dir, fmt::format("manifest.json: {}", for_terminal(read.error().message)));
  }
  if (!is_possible(layout.segments, layout.taken.num_points) ||
      (layout.folded && !is_possible(layout.folded->segments, layout.folded->taken.num_points))) {
    return corrupt(dir, "manifest.json does not say how many points there are");
  }
  return layout;
}

void write_layout(const IndexLayout& layout, Manifest& manifest) {
  const IndexLayout::Segment& first = layout.segments.front();
  manifest.format = kIndexFormat;
  manifest.format_version = layout.is_plain() ? kIndexVersion : kSegmentedIndexVersion;
  manifest.configuration = {{"corpus", first.corpus},
                            {"corpus_sha256", first.corpus_sha256},
                            {"points", name(layout.points)}};
  manifest.facts = numbers_json(first);
  if (layout.is_plain()) {
    write_folded(layout, manifest);
    return;
  }

  IndexLayout::Segment left;
  Json dirs = Json::array(), numbers = Json::array();
  for (const IndexLayout::Segment& segment : layout.segments) {
    left.num_points += segment.num_points;
    left.num_documents += segment.num_documents;
    left.text_bytes += segment.text_bytes;
    numbers.push_back(numbers_json(segment));
    if (segment.dir.empty()) continue;
    dirs.push_back({{"dir", segment.dir},
                    {"corpus", segment.corpus},
                    {"corpus_sha256", segment.corpus_sha256}});
  }
  left.num_points -= layout.taken.num_points;
  left.num_documents -= layout.taken.num_documents;
  left.text_bytes -= layout.taken.text_bytes;
  manifest.configuration["segments"] = std::move(dirs);
  manifest.facts = numbers_json(left);
  manifest.facts["segments"] = std::move(numbers);
  if (!layout.taken.dir.empty()) {
    manifest.configuration["takedown"] = layout.taken.dir;
    manifest.facts["taken_down"] = numbers_json(layout.taken);
  }
  if (layout.search_dirs != IndexLayout().search_dirs) {
    manifest.configuration["search"] = layout.search_dirs;
  }
  write_folded(layout, manifest);
}

}  // namespace yurai

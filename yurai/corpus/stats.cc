#include "yurai/corpus/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/license.h"

namespace yurai {
namespace {

constexpr std::string_view kStatsName = "stats.json";

Json group_json(const StatsGroup& group) {
  return {{"name", or_null(group.name)}, {"documents", group.documents}, {"bytes", group.bytes}};
}

Json breakdown_json(const StatsBreakdown& breakdown) {
  Json list = Json::array();
  for (const StatsGroup& group : breakdown.groups) list.push_back(group_json(group));
  return list;
}

Json licenses_json(const StatsBreakdown& breakdown) {
  Json list = Json::array();
  for (const StatsGroup& group : breakdown.groups) {
    const bool spdx = normalize_license(group.name).spdx;
    Json item = group_json(group);
    item["spdx"] = spdx;
    item["license_ref"] =
        spdx || group.name.empty() ? Json(nullptr) : Json(license_ref(group.name));
    list.push_back(std::move(item));
  }
  return list;
}

Result<StatsBreakdown> parse_breakdown(const Json& json) {
  StatsBreakdown breakdown;
  const auto parse_group = [](const Json& item) -> Result<StatsGroup> {
    StatsGroup group;
    if (item.contains("name") && item["name"].is_string()) group.name = item["name"];
    YURAI_ASSIGN(group.documents, json_uint(item, "documents"));
    YURAI_ASSIGN(group.bytes, json_uint(item, "bytes"));
    return group;
  };
  for (const Json& item : json.value("groups", Json::array())) {
    YURAI_ASSIGN(StatsGroup group, parse_group(item));
    breakdown.groups.push_back(std::move(group));
  }
  YURAI_ASSIGN(breakdown.other, parse_group(json.value("other", Json::object())));
  return breakdown;
}

Result<CorpusStats> parse_stats(const Json& json) {
  CorpusStats stats;
  YURAI_ASSIGN(stats.sources, parse_breakdown(json.value("sources", Json::object())));
  YURAI_ASSIGN(stats.licenses, parse_breakdown(json.value("licenses", Json::object())));
  YURAI_ASSIGN(stats.languages, parse_breakdown(json.value("languages", Json::object())));
  for (const Json& item : json.value("size_histogram", Json::array())) {
    SizeBucket bucket;
    YURAI_ASSIGN(bucket.bytes_from, json_uint(item, "bytes_from"));
    YURAI_ASSIGN(bucket.bytes_to, json_uint(item, "bytes_to"));
    YURAI_ASSIGN(bucket.documents, json_uint(item, "documents"));
    stats.size_histogram.push_back(bucket);
  }
  return stats;
}

}  // namespace

void StatsCollector::Counter::add(const std::string& name, uint64_t bytes) {
  auto found = groups.find(name);
  if (found == groups.end() && groups.size() < kMaxStatsGroups &&
      name_bytes + name.size() <= kMaxStatsNameBytes) {
    name_bytes += name.size();
    found = groups.emplace(name, StatsGroup{name}).first;
  }
  StatsGroup& group = found == groups.end() ? other : found->second;
  ++group.documents;
  group.bytes += bytes;
}

Json StatsCollector::Counter::stored() const {
  StatsBreakdown breakdown;
  for (const auto& [name, group] : groups) breakdown.groups.push_back(group);
  std::sort(breakdown.groups.begin(), breakdown.groups.end(),
            [](const StatsGroup& a, const StatsGroup& b) {
              return std::tie(b.bytes, a.name) < std::tie(a.bytes, b.name);
            });
  return {{"groups", breakdown_json(breakdown)}, {"other", group_json(other)}};
}

void StatsCollector::add(const Document& document) {
  const uint64_t size = document.text.size();
  ++documents_;
  bytes_ += size;
  characters_ += count_chars(document.text);
  sources_.add(document.source, size);
  licenses_.add(document.license, size);
  languages_.add(document.lang, size);
  ++sizes_[static_cast<size_t>(std::bit_width(size))];
}

Json StatsCollector::stored() const {
  Json histogram = Json::array();
  const auto used = [](uint64_t documents) { return documents > 0; };
  const auto first = std::find_if(sizes_.begin(), sizes_.end(), used);
  const auto end = std::find_if(sizes_.rbegin(), sizes_.rend(), used).base();
  for (auto bucket = first; bucket < end; ++bucket) {
    const auto width = bucket - sizes_.begin();  // sizes in [2^(width - 1), 2^width)
    histogram.push_back({{"bytes_from", width == 0 ? 0 : 1ull << (width - 1)},
                         {"bytes_to", 1ull << width},
                         {"documents", *bucket}});
  }
  return {{"sources", sources_.stored()},
          {"licenses", licenses_.stored()},
          {"languages", languages_.stored()},
          {"size_histogram", std::move(histogram)}};
}

namespace {

/// Of a joined corpus nothing is stored.
Result<CorpusStats> count_stats(const Corpus& corpus) {
  StatsCollector collector;
  uint64_t duplicate_ids = 0, missing_license = 0;
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    YURAI_ASSIGN(const bool repeats, corpus.repeats_id(number));
    duplicate_ids += repeats ? 1 : 0;
    missing_license += document.license.empty() ? 1 : 0;
    collector.add(document);
  }
  YURAI_ASSIGN(CorpusStats stats, parse_stats(collector.stored()));
  stats.characters = collector.characters();
  stats.duplicate_ids = duplicate_ids;
  stats.missing_license = missing_license;
  return stats;
}

/// What the corpus keeps in its files.
Result<CorpusStats> stored_stats(const Corpus& corpus) {
  YURAI_ASSIGN(const std::string bytes,
               read_manifest_file(corpus.dir(), corpus.manifest(), kStatsName));
  YURAI_ASSIGN(const Json json, parse_json(bytes, kStatsName));
  auto stats = parse_stats(json);
  if (!stats) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("corpus '{}': stats.json: {}; build it again",
                            for_terminal(corpus.dir().string()), stats.error().message));
  }
  YURAI_ASSIGN(stats->characters, json_uint(corpus.manifest().facts, "characters"));
  YURAI_ASSIGN(stats->duplicate_ids, json_uint(corpus.manifest().facts, "duplicate_ids"));
  YURAI_ASSIGN(stats->missing_license, json_uint(corpus.manifest().facts, "missing_license"));
  return stats;
}

}  // namespace

Result<CorpusStats> corpus_stats(const Corpus& corpus) {
  YURAI_ASSIGN(CorpusStats stats, corpus.is_joined() ? count_stats(corpus) : stored_stats(corpus));
  const CorpusIdentity identity = corpus.identity();
  stats.documents = identity.documents;
  stats.bytes = identity.bytes;
  stats.corpus_sha256 = identity.corpus_sha256;
  return stats;
}

Json to_json(const CorpusStats& stats) {
  Json histogram = Json::array();
  for (const SizeBucket& bucket : stats.size_histogram) {
    histogram.push_back({{"bytes_from", bucket.bytes_from},
                         {"bytes_to", bucket.bytes_to},
                         {"documents", bucket.documents}});
  }
  Json json = {{"documents", stats.documents},
               {"bytes", stats.bytes},
               {"characters", stats.characters},
               {"corpus_sha256", stats.corpus_sha256},
               {"sources", breakdown_json(stats.sources)},
               {"licenses", licenses_json(stats.licenses)},
               {"languages", breakdown_json(stats.languages)},
               {"duplicate_ids", stats.duplicate_ids},
               {"missing_license", stats.missing_license},
               {"size_histogram", std::move(histogram)}};
  const auto add_other = [&](std::string_view key, const StatsBreakdown& breakdown) {
    if (breakdown.other.documents == 0) return;
    json[std::string(key)] = {{"documents", breakdown.other.documents},
                              {"bytes", breakdown.other.bytes}};
  };
  add_other("other_sources", stats.sources);
  add_other("other_licenses", stats.licenses);
  add_other("other_languages", stats.languages);
  return json;
}

}  // namespace yurai

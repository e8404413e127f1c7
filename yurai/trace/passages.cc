#include "yurai/trace/passages.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <unordered_map>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kMaxPassages = 1600;
constexpr size_t kMinPassages = 200;
constexpr size_t kMaxPassagesOfSource = 300;
/// One passage for so much text: tracing them takes a small part of the time of the build.
constexpr uint64_t kBytesPerPassage = 4096;
constexpr size_t kMaxSources = 64;
constexpr uint64_t kTileBytes = 600;
/// A source with more of the text than this has too little beside it to be traced to.
constexpr double kDominantShare = 0.9;

template <class T>
void shuffle(std::vector<T>& items, std::mt19937_64& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

struct SourceDocuments {
  std::vector<uint64_t> documents;  ///< those that are not empty
  uint64_t bytes = 0;
};

/// The text of tile `tile` of a document: from the first character border in it.
Result<std::string> read_tile(const Corpus& corpus, uint64_t document, uint64_t tile) {
  const Corpus::TextRange range = corpus.text_range(document);
  const uint64_t begin = range.begin + tile * kTileBytes;
  TextReader reader(corpus.text());
  YURAI_ASSIGN(const std::string bytes,
               reader.bytes(begin, std::min<uint64_t>(range.end - begin, 4 * kPassageChars + 4)));
  size_t first = 0;
  while (first < bytes.size() && !begins_char(bytes[first])) ++first;
  return std::string(first_chars(std::string_view(bytes).substr(first), kPassageChars));
}

/// `quota` tiles of one source, a tile of each document before the second of any.
Result<void> draw(const Corpus& corpus, SourceDocuments source, uint32_t number, size_t quota,
                  std::mt19937_64& random, std::vector<SampledPassage>& passages) {
  shuffle(source.documents, random);
  if (source.documents.size() > quota) source.documents.resize(quota);
  std::vector<std::vector<uint64_t>> tiles;
  for (const uint64_t document : source.documents) {
    const Corpus::TextRange range = corpus.text_range(document);
    auto& own = tiles.emplace_back(std::max<uint64_t>(1, (range.end - range.begin) / kTileBytes));
    std::iota(own.begin(), own.end(), uint64_t{0});
    shuffle(own, random);
  }
  size_t drawn = 0;
  for (size_t round = 0; drawn < quota; ++round) {
    const size_t before = drawn;
    for (size_t i = 0; i < tiles.size() && drawn < quota; ++i) {
      if (round >= tiles[i].size()) continue;
      SampledPassage passage{source.documents[i], number, {}};
      YURAI_ASSIGN(passage.text, read_tile(corpus, passage.document, tiles[i][round]));
      passages.push_back(std::move(passage));
      ++drawn;
    }
    if (drawn == before) break;
  }
  return {};
}

}  // namespace

Result<PassageSample> draw_passages(const Corpus& corpus) {
  PassageSample sample;
  std::unordered_map<std::string, uint32_t> numbers;
  std::vector<SourceDocuments> sources;
  uint64_t bytes = 0;
  for (uint64_t document = 0; document < corpus.num_documents(); ++document) {
    YURAI_ASSIGN(const Document row, corpus.row(document));
    const auto [entry, added] = numbers.try_emplace(row.source, numbers.size());
    if (added) sources.emplace_back();
    sample.group_of_document.push_back(entry->second);
    const Corpus::TextRange range = corpus.text_range(document);
    if (range.begin == range.end) continue;
    sources[entry->second].documents.push_back(document);
    sources[entry->second].bytes += range.end - range.begin;
    bytes += range.end - range.begin;
  }
  sample.num_sources = sample.num_groups = static_cast<uint32_t>(sources.size());
  std::mt19937_64 random(1);
  std::vector<uint32_t> drawn(sources.size());
  std::iota(drawn.begin(), drawn.end(), 0u);
  if (drawn.size() > kMaxSources) {
    shuffle(drawn, random);
    drawn.resize(kMaxSources);
    std::sort(drawn.begin(), drawn.end());
  }
  const auto num_passages =
      std::clamp<size_t>(bytes / kBytesPerPassage, kMinPassages, kMaxPassages);
  for (const uint32_t source : drawn) {
    const size_t quota = std::min(kMaxPassagesOfSource, num_passages / drawn.size() + 1);
    const size_t first = sample.passages.size();
    YURAI_TRY(draw(corpus, sources[source], source, quota, random, sample.passages));
    const auto share = static_cast<double>(sources[source].bytes) / static_cast<double>(bytes);
    if (share <= kDominantShare) continue;
    sample.by_document = true;
    for (size_t i = first; i < sample.passages.size(); ++i) {
      uint32_t& group = sample.group_of_document[sample.passages[i].document];
      if (group == source) group = sample.num_groups++;
    }
  }
  return sample;
}

}  // namespace yurai

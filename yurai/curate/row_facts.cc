#include "yurai/curate/row_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr size_t kEntriesPerFence = 256;

/// Of a row in the facts file, before its id, licence and shingles; native byte order.
struct Header {
  uint64_t key;
  uint64_t num_shingles;
  uint32_t id_bytes;
  uint32_t license_bytes;
  TextHash text_hash;
};
struct IndexEntry {
  uint64_t key;
  uint64_t offset;
};

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}
template <class T>
std::span<char> bytes_into(T& value) {
  return {reinterpret_cast<char*>(&value), sizeof(value)};
}

fs::path facts_path(const fs::path& scratch, int rank) {
  return scratch / fmt::format("facts-{:05}", rank);
}
fs::path index_path(const fs::path& scratch, int rank) {
  return scratch / fmt::format("facts-{:05}.index", rank);
}

}  // namespace

Result<RowFactsWriter> RowFactsWriter::create(const fs::path& scratch, int rank) {
  RowFactsWriter writer;
  YURAI_ASSIGN(writer.facts_, posix_disk().create(facts_path(scratch, rank)));
  YURAI_ASSIGN(writer.index_, posix_disk().create(index_path(scratch, rank)));
  return writer;
}

Result<void> RowFactsWriter::add(const RowFacts& facts, std::span<const uint64_t> shingles) {
  const Header header{facts.key, shingles.size(), static_cast<uint32_t>(facts.id.size()),
                      static_cast<uint32_t>(facts.license.size()), facts.text_hash};
  YURAI_TRY(index_->append(bytes_of(IndexEntry{facts.key, offset_})));
  for (const std::string_view part :
       {bytes_of(header), std::string_view(facts.id), std::string_view(facts.license),
        std::string_view(reinterpret_cast<const char*>(shingles.data()), shingles.size_bytes())}) {
    YURAI_TRY(facts_->append(part));
    offset_ += part.size();
  }
  return {};
}

Result<void> RowFactsWriter::close() {
  YURAI_TRY(facts_->close());
  return index_->close();
}

Result<RowFactsReader> RowFactsReader::open(const fs::path& scratch, int num_workers,
                                            std::function<int(uint64_t)> owner) {
  RowFactsReader reader;
  reader.owner_ = std::move(owner);
  for (int rank = 0; rank < num_workers; ++rank) {
    YURAI_ASSIGN(ReadableFile facts, ReadableFile::open(facts_path(scratch, rank)));
    YURAI_ASSIGN(ReadableFile index, ReadableFile::open(index_path(scratch, rank)));
    std::vector<uint64_t> fences;
    constexpr uint64_t kStep = kEntriesPerFence * sizeof(IndexEntry);
    for (uint64_t at = 0; at < index.size_bytes(); at += kStep) {
      uint64_t key = 0;
      YURAI_TRY(index.read_exactly(at, bytes_into(key)));
      fences.push_back(key);
    }
    reader.parts_.push_back({std::move(facts), std::move(index), std::move(fences)});
  }
  return reader;
}

Result<RowFacts> RowFactsReader::find(uint64_t key) const {
  const Part& part = parts_[static_cast<size_t>(owner_(key))];
  const auto changed = [] {
    return fail(ErrorCode::kCorrupt,
                "the inputs changed while they were read; run it again when they are still");
  };
  const auto fence = std::upper_bound(part.fences.begin(), part.fences.end(), key);
  if (fence == part.fences.begin()) return changed();
  const auto number = static_cast<uint64_t>(fence - part.fences.begin() - 1);
  std::array<IndexEntry, kEntriesPerFence> entries;
  YURAI_ASSIGN(const size_t got,
               part.index.read(number * sizeof(entries),
                               {reinterpret_cast<char*>(entries.data()), sizeof(entries)}));
  const auto end = entries.begin() + static_cast<int64_t>(got / sizeof(IndexEntry));
  const auto entry =
      std::lower_bound(entries.begin(), end, key,
                       [](const IndexEntry& e, uint64_t wanted) { return e.key < wanted; });
  if (entry == end || entry->key != key) return changed();

  Header header;
  YURAI_TRY(part.facts.read_exactly(entry->offset, bytes_into(header)));
  RowFacts facts{key, header.text_hash, {}, {}, header.num_shingles, 0};
  facts.id.resize(header.id_bytes);
  facts.license.resize(header.license_bytes);
  uint64_t at = entry->offset + sizeof(header);
  YURAI_TRY(part.facts.read_exactly(at, facts.id));
  at += facts.id.size();
  YURAI_TRY(part.facts.read_exactly(at, facts.license));
  facts.shingles_offset = at + facts.license.size();
  return facts;
}

Result<std::vector<uint64_t>> RowFactsReader::shingles(const RowFacts& facts) const {
  std::vector<uint64_t> set(facts.num_shingles);
  YURAI_TRY(parts_[static_cast<size_t>(owner_(facts.key))].facts.read_exactly(
      facts.shingles_offset, {reinterpret_cast<char*>(set.data()), set.size() * sizeof(uint64_t)}));
  return set;
}

}  // namespace yurai

#include "yurai/corpus/id_table.h"

#include <algorithm>
#include <set>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"

namespace yurai {
namespace {
constexpr uint64_t kEntryBytes = 16;
}  // namespace

uint64_t id_hash(std::string_view id) {
  Sha256 hash;
  hash.update(id);
  const auto digest = hash.digest();
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = (value << 8) | digest[static_cast<size_t>(i)];
  return value;
}

Result<std::vector<uint64_t>> find_repeated_ids(const std::vector<IdEntry>& entries,
                                                const RowTable& rows) {
  std::vector<uint64_t> repeated;
  for (size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    while (end < entries.size() && entries[end].hash == entries[begin].hash) ++end;
    if (end - begin == 1) continue;
    std::set<std::string> seen;
    for (size_t i = begin; i < end; ++i) {
      YURAI_ASSIGN(Row row, rows.read(entries[i].number));
      if (!seen.insert(std::move(row.document.id)).second) repeated.push_back(entries[i].number);
    }
  }
  std::sort(repeated.begin(), repeated.end());
  return repeated;
}

Result<IdTable> IdTable::open(const std::filesystem::path& dir, uint64_t num_documents,
                              ReadableFile::Mode mode) {
  YURAI_ASSIGN(BlockFile entries,
               BlockFile::open(dir / "ids.bin", kEntryBytes * num_documents, mode));
  return IdTable(std::move(entries));
}

Result<std::vector<uint64_t>> IdTable::find(std::string_view id) const {
  const uint64_t hash = id_hash(id);
  uint64_t low = 0;
  uint64_t high = entries_.size_bytes() / kEntryBytes;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    YURAI_ASSIGN(const std::string entry, read_range(entries_, middle * kEntryBytes, 8));
    if (load_u64(entry.data()) < hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  std::vector<uint64_t> numbers;
  for (; (low + 1) * kEntryBytes <= entries_.size_bytes(); ++low) {
    YURAI_ASSIGN(const std::string entry, read_range(entries_, low * kEntryBytes, kEntryBytes));
    if (load_u64(entry.data()) != hash) break;
    numbers.push_back(load_u64(entry.data() + 8));
  }
  return numbers;
}

}  // namespace yurai

#include "yurai/corpus/row_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kShaBytes = 32;
constexpr size_t kHeaderBytes = kShaBytes + 4 * (kDocumentMembers.size() - 1);

struct alignas(kBlockBytes) Block {
  std::array<char, kBlockBytes> bytes;
};

uint32_t load_u32(const char* bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

std::string encode_row(const Document& document, std::string_view text_sha256) {
  YURAI_CHECK(text_sha256.size() == kShaBytes);
  std::string row(text_sha256);
  for (const auto member : kDocumentMembers) {
    if (member == &Document::text) continue;
    append_fixed((document.*member).size(), 4, row);
  }
  for (const auto member : kDocumentMembers) {
    if (member != &Document::text) row += document.*member;
  }
  return row;
}

Result<std::string> read_range(const BlockFile& file, uint64_t offset, uint64_t size) {
  YURAI_CHECK(offset <= file.size_bytes() && size <= file.size_bytes() - offset);
  std::string out;
  out.reserve(size);
  Block block;
  while (out.size() < size) {
    const uint64_t at = offset + out.size();
    YURAI_TRY(file.read_block(at / kBlockBytes, block.bytes.data()));
    const size_t skip = at % kBlockBytes;
    out.append(block.bytes.data() + skip, std::min(size - out.size(), kBlockBytes - skip));
  }
  return out;
}

Result<RowTable> RowTable::open(const std::filesystem::path& dir, uint64_t rows_bytes,
                                uint64_t num_rows, ReadableFile::Mode mode) {
  YURAI_ASSIGN(BlockFile rows, BlockFile::open(dir / "rows.bin", rows_bytes, mode));
  YURAI_ASSIGN(BlockFile offsets,
               BlockFile::open(dir / "row_offsets.bin", 8 * (num_rows + 1), mode));
  return RowTable(std::move(rows), std::move(offsets), num_rows);
}

Result<Row> RowTable::read(uint64_t number) const {
  YURAI_CHECK(number < num_rows_);
  const auto corrupt = [&] {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': row {} is not well-formed; build the corpus again",
                            for_terminal(rows_.path().string()), number));
  };
  YURAI_ASSIGN(const std::string offsets, read_range(offsets_, 8 * number, 16));
  const uint64_t begin = load_u64(offsets.data());
  const uint64_t end = load_u64(offsets.data() + 8);
  if (begin > end || end > rows_.size_bytes() || end - begin < kHeaderBytes) return corrupt();
  YURAI_ASSIGN(const std::string bytes, read_range(rows_, begin, end - begin));
  Row row;
  std::copy_n(bytes.begin(), kShaBytes, row.text_sha256.begin());
  size_t length_at = kShaBytes;
  size_t field_at = kHeaderBytes;
  for (const auto member : kDocumentMembers) {
    if (member == &Document::text) continue;
    const size_t size = load_u32(bytes.data() + length_at);
    if (size > bytes.size() - field_at) return corrupt();
    row.document.*member = bytes.substr(field_at, size);
    length_at += 4;
    field_at += size;
  }
  if (field_at != bytes.size()) return corrupt();
  return row;
}

}  // namespace yurai

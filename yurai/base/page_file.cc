#include "yurai/base/page_file.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

uint32_t page_sum(const char* page, uint64_t number) {
  return static_cast<uint32_t>(xxh3({page, kPagePayload}, number));
}

uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

PageFile::PageFile(ReadableFile file, uint64_t num_pages)
    : file_(std::move(file)), num_pages_(num_pages), id_(next_id()) {}

Result<PageFile> PageFile::open(const std::filesystem::path& path, uint64_t num_pages,
                                ReadableFile::Mode mode) {
  YURAI_ASSIGN(ReadableFile file, ReadableFile::open(path, mode));
  if (file.size_bytes() % kPageBytes != 0 || file.size_bytes() / kPageBytes != num_pages) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' has {} bytes, {} pages of {} were expected; build it again",
                            for_terminal(path.string()), file.size_bytes(), num_pages, kPageBytes));
  }
  return PageFile(std::move(file), num_pages);
}

uint64_t PageFile::offset_of(uint64_t number) const {
  YURAI_CHECK(number < num_pages_);
  return number * kPageBytes;
}

Result<void> PageFile::prove(const PageRequest& request, size_t got) const {
  const uint64_t offset = offset_of(request.number);
  if (got < kPageBytes) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' ends at byte {}, inside of a page; build it again",
                            for_terminal(path().string()), offset + got));
  }
  uint32_t stored;
  std::memcpy(&stored, request.out + kPagePayload, sizeof(stored));
  if (stored == page_sum(request.out, request.number)) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': checksum mismatch in the 4096 bytes from byte {}; build it again",
                          for_terminal(path().string()), offset));
}

Result<void> PageFile::read(std::span<const PageRequest> requests) const {
  std::vector<ReadableFile::Request> reads;
  reads.reserve(requests.size());
  for (const PageRequest& request : requests) {
    reads.push_back({offset_of(request.number), {request.out, kPageBytes}, 0});
  }
  YURAI_TRY(file_.read_batch(reads));
  for (size_t i = 0; i < reads.size(); ++i) YURAI_TRY(prove(requests[i], reads[i].done));
  return {};
}

Result<void> PageFile::read(uint64_t number, char* out) const {
  YURAI_ASSIGN(const size_t got, file_.read(offset_of(number), {out, kPageBytes}));
  return prove({number, out}, got);
}

Result<void> PageFile::verify() const {
  const auto page = std::make_unique_for_overwrite<PageBuffer>();
  for (uint64_t i = 0; i < num_pages(); ++i) YURAI_TRY(read(i, page->bytes.data()));
  return {};
}

Result<PageFileWriter> PageFileWriter::create(StagingDirectory& stage, std::string_view name) {
  YURAI_ASSIGN(auto file, stage.create_file(name));
  return PageFileWriter(std::move(file));
}

Result<void> PageFileWriter::append(std::string_view payload) {
  YURAI_CHECK(payload.size() <= kPagePayload);
  std::array<char, kPageBytes> page{};
  std::memcpy(page.data(), payload.data(), payload.size());
  const uint32_t sum = page_sum(page.data(), num_pages_);
  std::memcpy(page.data() + kPagePayload, &sum, sizeof(sum));
  ++num_pages_;
  return file_->append({page.data(), page.size()});
}

Result<void> PageFileWriter::close() { return file_->close(); }

}  // namespace yurai

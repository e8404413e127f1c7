#include "yurai/base/block_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

uint32_t block_sum(const char* block) { return static_cast<uint32_t>(xxh3({block, kBlockBytes})); }

std::filesystem::path sums_path(const std::filesystem::path& path) {
  std::filesystem::path sums = path;
  sums += ".sums";
  return sums;
}

}  // namespace

Result<BlockFile> BlockFile::open(const std::filesystem::path& path, uint64_t size_bytes,
                                  ReadableFile::Mode mode) {
  YURAI_ASSIGN(ReadableFile file, ReadableFile::open(path, mode));
  if (file.size_bytes() != size_bytes) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' has {} bytes, its manifest says {}; build it again",
                            for_terminal(path.string()), file.size_bytes(), size_bytes));
  }
  YURAI_ASSIGN(const ReadableFile sums_file, ReadableFile::open(sums_path(path)));
  std::vector<uint32_t> sums((size_bytes + kBlockBytes - 1) / kBlockBytes);
  if (sums_file.size_bytes() != sums.size() * sizeof(uint32_t)) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' has {} bytes, {} were expected; build it again",
                            for_terminal(sums_path(path).string()), sums_file.size_bytes(),
                            sums.size() * sizeof(uint32_t)));
  }
  YURAI_TRY(sums_file.read_exactly(
      0, {reinterpret_cast<char*>(sums.data()), sums.size() * sizeof(uint32_t)}));
  return BlockFile(std::move(file), size_bytes, std::move(sums));
}

Result<void> BlockFile::read_block(uint64_t number, char* out) const {
  YURAI_CHECK(number < num_blocks());
  const uint64_t offset = number * kBlockBytes;
  const size_t expected = std::min<uint64_t>(kBlockBytes, size_bytes_ - offset);
  YURAI_ASSIGN(const size_t got, file_.read(offset, {out, kBlockBytes}));
  if (got < expected) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' ends at byte {}, its manifest says {}",
                            for_terminal(path().string()), offset + got, size_bytes_));
  }
  std::memset(out + expected, 0, kBlockBytes - expected);
  if (block_sum(out) != sums_[number]) {
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("'{}': checksum mismatch in the 4096 bytes from byte {}; build it again",
                    for_terminal(path().string()), offset));
  }
  return {};
}

Result<void> BlockFile::verify() const {
  struct alignas(kBlockBytes) Block {
    std::array<char, kBlockBytes> bytes;
  };
  const auto block = std::make_unique<Block>();
  for (uint64_t i = 0; i < num_blocks(); ++i) YURAI_TRY(read_block(i, block->bytes.data()));
  return {};
}

Result<std::string_view> BlockReader::block(uint64_t number) {
  std::unique_ptr<Block>& slot = blocks_[number];
  if (slot == nullptr) {
    auto block = std::make_unique_for_overwrite<Block>();
    if (Result<void> read = file_->read_block(number, block->bytes.data()); !read) {
      blocks_.erase(number);
      return fail(std::move(read).error());
    }
    slot = std::move(block);
  }
  return std::string_view(slot->bytes.data(), kBlockBytes);
}

Result<std::string> BlockReader::bytes(uint64_t offset, uint64_t size) {
  YURAI_CHECK(offset <= file_->size_bytes() && size <= file_->size_bytes() - offset);
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    const uint64_t at = offset + out.size();
    YURAI_ASSIGN(const std::string_view in, block(at / kBlockBytes));
    out.append(in.substr(at % kBlockBytes, size - out.size()));
  }
  return out;
}

Result<BlockFileWriter> BlockFileWriter::create(StagingDirectory& stage, std::string_view name) {
  YURAI_ASSIGN(auto file, stage.create_file(name));
  return BlockFileWriter(stage, name, std::move(file));
}

Result<void> BlockFileWriter::append(std::string_view bytes) {
  size_bytes_ += bytes.size();
  YURAI_TRY(file_->append(bytes));
  while (!bytes.empty()) {
    const size_t part = std::min(bytes.size(), kBlockBytes - block_.size());
    block_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (block_.size() == kBlockBytes) finish_block();
  }
  return {};
}

Result<void> BlockFileWriter::close() {
  if (!block_.empty()) finish_block();
  YURAI_TRY(file_->close());
  return stage_->add_file(name_ + ".sums", sums_);
}

void BlockFileWriter::finish_block() {
  block_.resize(kBlockBytes, '\0');
  const uint32_t sum = block_sum(block_.data());
  for (int i = 0; i < 4; ++i) sums_.push_back(static_cast<char>(sum >> (8 * i)));
  block_.clear();
}

}  // namespace yurai

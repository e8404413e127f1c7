#include "yurai/curate/pair_spill.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr size_t kBufferPairs = 4096;
constexpr unsigned kSplitBits = 6;

/// `kSplitBits` bits of the 128-bit number first:second, `shift` of them below.
size_t digit(const Pair& pair, unsigned shift) {
  const uint64_t bits = shift >= 64  ? pair.first >> (shift - 64)
                        : shift == 0 ? pair.second
                                     : pair.second >> shift | pair.first << (64 - shift);
  return bits & ((1u << kSplitBits) - 1);
}

uint64_t hash_of(const Pair& pair, uint64_t before) {
  return xxh3({reinterpret_cast<const char*>(&pair), sizeof(pair)}, before);
}

/// The number of the highest bit in which the two differ, from 0.
unsigned highest_difference(const Pair& a, const Pair& b) {
  const uint64_t first = a.first ^ b.first;
  const uint64_t bits = first != 0 ? first : a.second ^ b.second;
  return (first != 0 ? 127u : 63u) - static_cast<unsigned>(std::countl_zero(bits));
}

}  // namespace

Result<void> PairSpill::reopen(uint64_t num_pairs, uint64_t hash) {
  YURAI_CHECK(size_ == 0 && !on_disk_);
  if (num_pairs == 0) return {};
  const auto damaged = [&] {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' is not as it was left", for_terminal(path_.filename().string())));
  };
  std::error_code status;
  if (std::filesystem::file_size(path_, status) < num_pairs * sizeof(Pair) || status) {
    return damaged();
  }
  std::filesystem::resize_file(path_, num_pairs * sizeof(Pair), status);
  if (status) return fail(io_error("cut", path_, status.value()));
  on_disk_ = keeps_file_ = true;
  size_ = num_pairs;
  YURAI_TRY(visit_chunks([&](std::span<const Pair> chunk) -> Result<void> {
    for (const Pair& pair : chunk) hash_ = hash_of(pair, hash_);
    return {};
  }));
  return hash_ == hash ? Result<void>() : damaged();
}

PairSpill::PairSpill(std::filesystem::path path) : path_(std::move(path)) {}

PairSpill::PairSpill(PairSpill&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      buffer_(std::move(other.buffer_)),
      size_(std::exchange(other.size_, 0)),
      hash_(std::exchange(other.hash_, 0)),
      on_disk_(std::exchange(other.on_disk_, false)),
      keeps_file_(std::exchange(other.keeps_file_, false)) {}

PairSpill& PairSpill::operator=(PairSpill&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  buffer_ = std::move(other.buffer_);
  size_ = std::exchange(other.size_, 0);
  hash_ = std::exchange(other.hash_, 0);
  on_disk_ = std::exchange(other.on_disk_, false);
  keeps_file_ = std::exchange(other.keeps_file_, false);
  return *this;
}

PairSpill::~PairSpill() { remove(); }

void PairSpill::remove() {
  std::error_code ignored;
  if (on_disk_ && !keeps_file_) std::filesystem::remove(path_, ignored);
  on_disk_ = false;
}

Result<void> PairSpill::add(const Pair& pair) {
  buffer_.push_back(pair);
  hash_ = hash_of(pair, hash_);
  ++size_;
  return buffer_.size() < kBufferPairs ? Result<void>() : flush();
}

Result<void> PairSpill::add(std::span<const Pair> pairs) {
  for (const Pair& pair : pairs) YURAI_TRY(add(pair));
  return {};
}

Result<void> PairSpill::flush() {
  if (buffer_.empty()) return {};
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (on_disk_ ? 0 : O_TRUNC);
  const int fd = ::open(path_.c_str(), flags, 0666);
  if (fd < 0) return fail(io_error("create", path_, errno));
  on_disk_ = true;
  std::span<const char> left(reinterpret_cast<const char*>(buffer_.data()),
                             buffer_.size() * sizeof(Pair));
  while (!left.empty()) {
    const ssize_t written = ::write(fd, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error_number = errno;
      ::close(fd);
      return fail(io_error("write", path_, error_number));
    }
    left = left.subspan(static_cast<size_t>(written));
  }
  if (::close(fd) != 0) return fail(io_error("close", path_, errno));
  buffer_.clear();
  return {};
}

Result<void> PairSpill::visit_chunks(
    const std::function<Result<void>(std::span<const Pair>)>& visit) {
  if (on_disk_) {
    YURAI_TRY(flush());
    YURAI_ASSIGN(const ReadableFile file, ReadableFile::open(path_));
    std::vector<Pair> chunk(std::min<uint64_t>(size_, 1 << 16));
    for (uint64_t done = 0; done < size_; done += chunk.size()) {
      chunk.resize(std::min<uint64_t>(chunk.size(), size_ - done));
      YURAI_TRY(file.read_exactly(done * sizeof(Pair), {reinterpret_cast<char*>(chunk.data()),
                                                        chunk.size() * sizeof(Pair)}));
      YURAI_TRY(visit(chunk));
    }
    return {};
  }
  return buffer_.empty() ? Result<void>() : visit(buffer_);
}

Result<void> PairSpill::visit_sorted(uint64_t memory_bytes, const Visit& visit) {
  if (size_ > kBufferPairs && size_ * sizeof(Pair) > memory_bytes) {
    return split(memory_bytes, visit);
  }
  std::vector<Pair> all;
  all.reserve(size_);
  YURAI_TRY(visit_chunks([&](std::span<const Pair> chunk) -> Result<void> {
    all.insert(all.end(), chunk.begin(), chunk.end());
    return {};
  }));
  std::sort(all.begin(), all.end());
  for (const Pair& pair : all) YURAI_TRY(visit(pair));
  return {};
}

Result<void> PairSpill::split(uint64_t memory_bytes, const Visit& visit) {
  Pair least{~0ull, ~0ull};
  Pair greatest{};
  YURAI_TRY(visit_chunks([&](std::span<const Pair> chunk) -> Result<void> {
    for (const Pair& pair : chunk) {
      least = std::min(least, pair);
      greatest = std::max(greatest, pair);
    }
    return {};
  }));
  if (least == greatest) {
    for (uint64_t i = 0; i < size_; ++i) YURAI_TRY(visit(least));
    return {};
  }
  const unsigned highest = highest_difference(least, greatest);
  const unsigned shift = highest + 1 < kSplitBits ? 0 : highest + 1 - kSplitBits;
  std::vector<PairSpill> parts;
  for (size_t i = 0; i < 1u << kSplitBits; ++i) {
    parts.emplace_back(path_.string() + fmt::format("-{:02}", i));
  }
  const auto distribute = [&](std::span<const Pair> chunk) -> Result<void> {
    for (const Pair& pair : chunk) YURAI_TRY(parts[digit(pair, shift)].add(pair));
    return {};
  };
  YURAI_TRY(visit_chunks(distribute));
  for (PairSpill& part : parts) {
    YURAI_TRY(part.visit_sorted(memory_bytes, visit));
    part.remove();
  }
  return {};
}

}  // namespace yurai

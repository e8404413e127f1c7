#pragma once

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

/// Gigabytes of plain values, zero at first, in huge pages where the system gives them: what
/// touches them at random would pay a page walk each time. Move-only.
template <class T>
class LargeArray {
 public:
  LargeArray() = default;  ///< empty
  /// The first `small_bytes` are in small pages: clearing a huge one does not pay for a few values.
  static Result<LargeArray> allocate(uint64_t size, uint64_t small_bytes = 0) {
    LargeArray array;
    if (size == 0) return array;
    void* memory = ::mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("the system refused {} bytes of memory; free some, or index a "
                              "smaller corpus",
                              size * sizeof(T)));
    }
    if (small_bytes < size * sizeof(T)) {
      ::madvise(static_cast<char*>(memory) + small_bytes, size * sizeof(T) - small_bytes,
                MADV_HUGEPAGE);
    }
    array.values_ = static_cast<T*>(memory);
    array.size_ = size;
    return array;
  }
  LargeArray(LargeArray&& other) noexcept
      : values_(std::exchange(other.values_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    std::swap(values_, other.values_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~LargeArray() {
    if (values_ != nullptr) ::munmap(values_, size_ * sizeof(T));
  }

  /// Gives the memory of all but the first `size` values back.
  void shrink(uint64_t size) {
    constexpr uint64_t kPage = 4096;
    const uint64_t used = (size * sizeof(T) + kPage - 1) / kPage * kPage;
    const uint64_t had = (size_ * sizeof(T) + kPage - 1) / kPage * kPage;
    if (size >= size_) return;
    if (used < had) ::munmap(reinterpret_cast<char*>(values_) + used, had - used);
    size_ = size;
    if (size_ == 0) values_ = nullptr;
  }

  std::span<T> span() { return {values_, size_}; }
  std::span<const T> span() const { return {values_, size_}; }

 private:
  T* values_ = nullptr;
  uint64_t size_ = 0;
};

/// A vector of `size` plain values, zero at first, in huge pages where the system gives them.
template <class T>
std::vector<T> huge_vector(size_t size) {
  std::vector<T> values;
  values.reserve(size);
  constexpr uintptr_t kPage =
      4096;  // the advice is for whole pages; it comes before the first touch
  const auto begin = (reinterpret_cast<uintptr_t>(values.data()) + kPage - 1) / kPage * kPage;
  const auto end = reinterpret_cast<uintptr_t>(values.data() + size) / kPage * kPage;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  values.resize(size);
  return values;
}

}  // namespace yurai

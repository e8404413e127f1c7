#include "yurai/model/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace yurai {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = 2 << 20;
constexpr size_t kMaxKept = 4ull << 30;

/// Sizes in quarters of powers of two: at most a fifth is left over.
size_t size_class(size_t bytes) {
  bytes = std::max(bytes, size_t{256});
  const size_t step = std::bit_floor(bytes) / 4;
  return (bytes + step - 1) / step * step;
}

/// Before each tensor's data.
struct alignas(kAlignment) Header {
  size_t size = 0;
};

class TensorMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) const override {
    if (bytes == 0) return {nullptr, nullptr, &give_back, c10::Device(c10::DeviceType::CPU)};
    Header* block = take(size_class(bytes + sizeof(Header)));
    void* data = block + 1;
    return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  static TensorMemory& instance() {
    static auto* memory = new TensorMemory();  // outlives every tensor
    return *memory;
  }

 private:
  Header* take(size_t size) const {
    {
      const std::lock_guard lock(mutex_);
      auto& free = free_[size];
      if (!free.empty()) {
        Header* block = free.back();
        free.pop_back();
        kept_ -= size;
        return block;
      }
    }
    const bool huge = size >= kHugePage;
    void* memory = nullptr;
    if (::posix_memalign(&memory, huge ? kHugePage : kAlignment, size) != 0) throw std::bad_alloc();
    if (huge) ::madvise(memory, size, MADV_HUGEPAGE);
    return new (memory) Header{size};
  }

  static void give_back(void* data) {
    if (data == nullptr) return;
    Header* block = static_cast<Header*>(data) - 1;
    const TensorMemory& memory = instance();
    const std::lock_guard lock(memory.mutex_);
    if (memory.kept_ + block->size > kMaxKept) {
      std::free(block);
      return;
    }
    memory.kept_ += block->size;
    memory.free_[block->size].push_back(block);
  }

  mutable std::mutex mutex_;
  mutable std::map<size_t, std::vector<Header*>> free_;
  mutable size_t kept_ = 0;
};

}  // namespace

void keep_tensor_memory() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&TensorMemory::instance(), /*priority=*/1); });
}

}  // namespace yurai

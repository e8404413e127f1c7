#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "yurai/model/safetensors.h"

/// A file of tensors: no bytes crash the reader, and one that opens has tensors that fill it, each
/// readable, and comes back when it is written.
namespace {

/// A file in memory with a path.
std::string path_of(const uint8_t* data, size_t size) {
  static const int fd = memfd_create("safetensors", 0);
  if (fd < 0 || ftruncate(fd, 0) != 0) std::abort();
  if (pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  return "/proc/self/fd/" + std::to_string(fd);
}

class Text final : public yurai::WritableFile {
 public:
  yurai::Result<void> append(std::string_view more) override {
    bytes += more;
    return {};
  }
  yurai::Result<void> flush() override { return {}; }
  yurai::Result<void> sync() override { return {}; }
  yurai::Result<void> close() override { return {}; }
  std::string bytes;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  const auto file = SafetensorsFile::open(path_of(data, size));
  if (!file) return 0;
  std::vector<std::string> bytes;
  uint64_t end = 0;
  for (const TensorEntry& entry : file->tensors()) {
    if (end != 0 && entry.byte_begin != end) std::abort();
    end = entry.byte_end;
    if (end > size || entry.num_values() > size) std::abort();
    bytes.emplace_back(entry.byte_end - entry.byte_begin, '\0');
    if (!file->read(entry, bytes.back())) std::abort();
    std::vector<float> values(entry.num_values());
    (void)file->read_f32(entry, values).has_value();  // integers are refused
  }
  std::vector<TensorSource> sources;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const TensorEntry& entry = file->tensors()[i];
    sources.push_back({entry.name, entry.dtype, entry.shape, bytes[i]});
  }
  Text written;
  if (!write_safetensors(written, sources, file->metadata())) std::abort();
  const auto again = SafetensorsFile::open(
      path_of(reinterpret_cast<const uint8_t*>(written.bytes.data()), written.bytes.size()));
  if (!again || again->tensors().size() != sources.size()) std::abort();
  if (again->metadata() != file->metadata()) std::abort();
  return 0;
}

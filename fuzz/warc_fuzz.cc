#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "yurai/base/utf8.h"
#include "yurai/corpus/warc_document.h"

/// A web archive with its HTTP responses, encodings and HTML: no bytes crash its readers, every
/// text that comes out is UTF-8, records are numbered in order, and each begins at or behind the
/// last.
namespace {

constexpr uint64_t kMaxRecordBytes = 1 << 20;

const std::filesystem::path& scratch_file() {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("yurai_warc_fuzz_" + std::to_string(::getpid()));
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  std::ofstream(scratch_file(), std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  auto file = yurai::InputFile::open(scratch_file(), yurai::Compression::kNone);
  if (!file) std::abort();
  yurai::ReadOptions options;
  options.max_record_bytes = kMaxRecordBytes;
  const auto reader = yurai::open_warc(std::move(*file), "fuzz.warc", options);
  if (!reader) std::abort();
  yurai::InputRecord record;
  uint64_t last_number = 0;
  uint64_t last_byte = 0;
  while (true) {
    const auto more = (*reader)->next(record);
    if (!more || !*more) break;
    if (record.number <= last_number || record.byte < last_byte || record.byte > size) std::abort();
    last_number = record.number;
    last_byte = record.byte;
    if (record.kind != yurai::InputRecord::Kind::kDocument) {
      if (record.reason.empty()) std::abort();
      continue;
    }
    if (yurai::find_invalid_utf8(record.document.text)) std::abort();
    if (yurai::find_invalid_utf8(record.document.title)) std::abort();
  }
  return 0;
}

#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/tokenizer/tokenizer.h"

/// What tests and benches of tokenizers share.
namespace yurai::testing {

/// All of a compressed file.
inline std::string read_compressed(const std::filesystem::path& path, Compression compression) {
  InputFile file = InputFile::open(path, compression).value();
  std::string bytes;
  std::string buffer(1 << 20, '\0');
  while (const size_t got = file.read(buffer).value()) bytes.append(buffer, 0, got);
  return bytes;
}

/// tokenizers/<name>.tokenizer.json.gz of the shared data.
inline std::unique_ptr<Tokenizer> open_shared_json(const std::string& name) {
  const auto path = test_data() / "tokenizers" / (name + ".tokenizer.json.gz");
  return Tokenizer::parse(read_compressed(path, Compression::kGzip), name).value();
}

/// Calls `use(line)` for each line of a .zst file.
template <class Use>
void for_each_line(const std::filesystem::path& path, const Use& use) {
  InputFile file = InputFile::open(path, Compression::kZstd).value();
  LineReader lines(file);
  Line line;
  while (lines.next(line).value()) use(line.bytes);
}

}  // namespace yurai::testing

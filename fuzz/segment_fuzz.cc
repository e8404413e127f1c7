#include <cstdint>
#include <string>

#include "yurai/base/testing.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/testing.h"

/// An index folder whose checksums are all right and whose contents are anything: opening and
/// asking must end in an answer or an error, whatever positions, lcps and lengths it claims.
/// Input: bytes laid over the pages of leaves.bin and fences.bin and over directory.bin of a good
/// index, a third for each, from the places that the first six bytes name.
namespace yurai {
namespace {

namespace fs = std::filesystem;

struct Fixture {
  testing::TemporaryDirectory dir;
  std::string leaves;  ///< the payloads of its pages, as of fences
  std::string fences;
  std::string directory;
  Manifest manifest;

  Fixture() {
    std::vector<std::string> texts = {"吾輩は猫である。名前はまだ無い。", "aaaaaaaabababab", ""};
    const std::string copy = "The same words, the same words, in one document after another: 由来";
    for (int i = 0; i < 30; ++i) texts.push_back(copy + std::to_string(i % 7));
    const CorpusIndex index = testing::write_index_of(dir.path(), texts).value();
    leaves = payloads(dir / "index" / kLeavesName);
    fences = payloads(dir / "index" / kFencesName);
    directory = read_file(dir / "index" / kDirectoryName).value();
    manifest = index.manifest();
  }

  static std::string payloads(const fs::path& path) {
    const std::string pages = read_file(path).value();
    std::string all;
    for (size_t at = 0; at < pages.size(); at += kPageBytes) all += pages.substr(at, kPagePayload);
    return all;
  }
};

Result<void> write_pages(StagingDirectory& stage, std::string_view name, std::string_view bytes) {
  YURAI_ASSIGN(PageFileWriter writer, PageFileWriter::create(stage, name));
  for (size_t at = 0; at < bytes.size(); at += kPagePayload) {
    YURAI_TRY(writer.append(bytes.substr(at, kPagePayload)));
  }
  return writer.close();
}

void overlay(std::string& file, size_t at, std::string_view bytes) {
  for (const char byte : bytes) file[at++ % file.size()] = byte;
}

Result<void> write_lying_index(const Fixture& fixture, std::string_view input) {
  const auto number = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(input[i])) << 8 |
           static_cast<unsigned char>(input[i + 1]);
  };
  const std::string_view payload = input.substr(6);
  const size_t third = payload.size() / 3;
  std::string leaves = fixture.leaves;
  std::string fences = fixture.fences;
  std::string directory = fixture.directory;
  overlay(leaves, number(0), payload.substr(0, third));
  overlay(fences, number(2), payload.substr(third, third));
  overlay(directory, number(4), payload.substr(2 * third));
  fs::remove_all(fixture.dir / "lying");
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(fixture.dir / "lying", {}));
  YURAI_TRY(write_pages(stage, kLeavesName, leaves));
  YURAI_TRY(write_pages(stage, kFencesName, fences));
  YURAI_TRY(stage.add_file(kDirectoryName, directory));
  YURAI_TRY(write_manifest(fixture.manifest, stage));
  return stage.commit();
}

void ask(const CorpusIndex& index) {
  for (const char* query : {"", "a", "the same", "猫である",
                            "The same words, the same words, in one "
                            "document after another: 由来3",
                            "zzz"}) {
    IndexSession session(index);
    (void)session.count(query);
    (void)session.longest_match(query);
    (void)session.next(query);
    const auto range = session.find(query);
    if (!range) continue;
    const auto positions = session.positions(*range, 0, 20);
    if (!positions) continue;
    for (const uint64_t position : *positions) {
      (void)session.occurrence(position, std::string_view(query).size());
    }
  }
}

}  // namespace
}  // namespace yurai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const yurai::Fixture fixture;
  if (size < 6) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (!yurai::write_lying_index(fixture, input)) return 0;
  if (const auto index = yurai::CorpusIndex::open(fixture.dir / "lying")) yurai::ask(*index);
  return 0;
}

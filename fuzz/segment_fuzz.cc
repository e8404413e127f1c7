#include <cstdint>
#include <string>

#include "yurai/base/testing.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/testing.h"

/// An index folder whose checksums are all right and whose contents are anything: opening and
/// asking must end in an answer or an error, whatever positions, lcps and lengths it claims.
/// Input: bytes laid over leaves.bin and fences.bin of a good index, from the places that the first
/// four bytes name.
namespace yurai {
namespace {

namespace fs = std::filesystem;

struct Fixture {
  testing::TemporaryDirectory dir;
  std::string leaves;
  std::string fences;
  Manifest manifest;

  Fixture() {
    std::vector<std::string> texts = {"吾輩は猫である。名前はまだ無い。", "aaaaaaaabababab", ""};
    const std::string copy = "The same words, the same words, in one document after another: 由来";
    for (int i = 0; i < 30; ++i) texts.push_back(copy + std::to_string(i % 7));
    const CorpusIndex index = testing::write_index_of(dir.path(), texts).value();
    leaves = read_file(dir / "index" / kLeavesName).value();
    fences = read_file(dir / "index" / kFencesName).value();
    manifest = index.manifest();
  }
};

void overlay(std::string& file, size_t at, std::string_view bytes) {
  for (const char byte : bytes) file[at++ % file.size()] = byte;
}

Result<void> write_lying_index(const Fixture& fixture, std::string_view input) {
  const auto number = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(input[i])) << 8 |
           static_cast<unsigned char>(input[i + 1]);
  };
  const std::string_view payload = input.substr(4);
  std::string leaves = fixture.leaves;
  std::string fences = fixture.fences;
  overlay(leaves, number(0), payload.substr(0, payload.size() / 2));
  overlay(fences, number(2), payload.substr(payload.size() / 2));
  fs::remove_all(fixture.dir / "lying");
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(fixture.dir / "lying", {}));
  YURAI_ASSIGN(BlockFileWriter writer, BlockFileWriter::create(stage, kLeavesName));
  YURAI_TRY(writer.append(leaves));
  YURAI_TRY(writer.close());
  YURAI_TRY(stage.add_file(kFencesName, fences));
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
  if (size < 4) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (!yurai::write_lying_index(fixture, input)) return 0;
  if (const auto index = yurai::CorpusIndex::open(fixture.dir / "lying")) yurai::ask(*index);
  return 0;
}

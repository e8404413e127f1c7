#include <cstdint>
#include <string>

#include "yurai/base/block_file.h"
#include "yurai/base/testing.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_folder.h"
#include "yurai/ledger/npy.h"
#include "yurai/ledger/step_log.h"
#include "yurai/ledger/testing.h"

/// A ledger whose hashes are all right and whose steps and documents are anything: opening and
/// asking must end in an answer or an error. The first byte of the input says whether there is an
/// order, or that the rest is a file of another trainer; the second how many of the bytes lie over
/// documents.bin; the others are payloads of steps, each after a byte with its length.
namespace yurai {
namespace {

namespace fs = std::filesystem;

const testing::ToyRun& run_of(bool ordered) {
  static const testing::ToyRun with = testing::toy_run(1, 5, 9, {3, 8, 2, false}, 0);
  static const testing::ToyRun without = testing::toy_listed_run(1, 5, 0);
  return ordered ? with : without;
}

Result<void> write_lying_ledger(const fs::path& dir, bool ordered, std::string_view overlay,
                                std::string_view steps) {
  const testing::ToyRun& run = run_of(ordered);
  fs::remove_all(dir);
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {}));
  YURAI_ASSIGN(Manifest manifest, write_ledger_folder(run.head, run.documents, stage));
  YURAI_ASSIGN(std::string documents, read_file(stage.path() / kDocumentsName));
  for (size_t i = 0; i < overlay.size(); ++i) documents[i % documents.size()] ^= overlay[i];
  YURAI_ASSIGN(BlockFileWriter file, BlockFileWriter::create(stage, kDocumentsName));
  YURAI_TRY(file.append(documents));
  YURAI_TRY(file.close());
  fs::remove(stage.path() / kStepLogName);
  fs::remove(stage.path() / kStepIndexName);
  YURAI_TRY(write_manifest(manifest, stage));
  YURAI_TRY(stage.add_file(kStepLogName, ""));
  YURAI_TRY(stage.add_file(kStepIndexName, ""));
  YURAI_TRY(stage.commit());
  YURAI_ASSIGN(const LedgerFolder folder, open_ledger_folder(dir));
  ChainHash hash = folder.genesis;
  std::string log;
  while (!steps.empty()) {
    const size_t size = static_cast<unsigned char>(steps[0]);
    const std::string_view payload = steps.substr(1, size);
    hash = next_hash(hash, payload);
    log += step_record(payload, hash);
    steps.remove_prefix(1 + payload.size());
  }
  return write_file(dir / kStepLogName, log);
}

void ask(const Ledger& ledger) {
  for (uint64_t n = 0; n < ledger.steps(); ++n) (void)ledger.step(n);
  for (uint64_t d = 0; d < ledger.num_documents(); ++d) {
    (void)ledger.document_rows(d);
    (void)ledger.document_id(d);
  }
  (void)ledger.document("文書-2");
  (void)ledger.verify();
}

}  // namespace
}  // namespace yurai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const yurai::testing::TemporaryDirectory dir;
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  if (bytes[0] % 3 == 2) {
    yurai::testing::overwrite(dir / "a.npy", input);
    (void)yurai::NpyArray::open(dir / "a.npy");
    return 0;
  }
  const std::string_view overlay = input.substr(0, bytes[1]);
  if (yurai::write_lying_ledger(dir / "ledger", bytes[0] % 3 == 1, overlay,
                                input.substr(overlay.size()))) {
    if (const auto ledger = yurai::Ledger::open(dir / "ledger")) yurai::ask(*ledger);
  }
  return 0;
}

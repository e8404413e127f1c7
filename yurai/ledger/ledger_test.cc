#include "yurai/ledger/ledger.h"

#include <gtest/gtest.h>

#include <thread>

#include "yurai/base/testing.h"
#include "yurai/ledger/ledger_writer.h"
#include "yurai/ledger/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryDirectory;
using testing::test_seed;
using testing::text_of;
using testing::ToyRun;

/// Writes the whole run; `sync_every` steps.
void write_run(const fs::path& dir, const ToyRun& run, uint64_t sync_every = 1) {
  LedgerWriter writer = LedgerWriter::create(dir, run.head, run.documents).value();
  for (const auto& rows : run.steps) {
    const auto appended = writer.append(rows);
    ASSERT_TRUE(appended) << appended.error().message;
    if (writer.steps() % sync_every == 0) {
      ASSERT_TRUE(writer.sync());
    }
  }
  ASSERT_TRUE(writer.sync());
}

ToyRun small_run(uint64_t steps = 9) { return testing::toy_run(7, 6, 14, {5, 8, 2}, steps); }

/// Asks everything, and compares what is answered with the rows that were written.
void expect_answers(const Ledger& ledger, const ToyRun& run) {
  std::vector<LedgerRow> all;
  ASSERT_LE(ledger.steps(), run.steps.size());
  for (uint64_t n = 0; n < ledger.steps(); ++n) {
    const auto rows = ledger.step(n);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(text_of(*rows), text_of(run.steps[n]));
    all.insert(all.end(), run.steps[n].begin(), run.steps[n].end());
  }
  for (uint64_t d = 0; d < run.documents.size(); ++d) {
    EXPECT_EQ(ledger.document_id(d).value(), run.documents[d].id);
    std::vector<LedgerRow> expected;
    for (const LedgerRow& row : all) {
      if (row.document == d) expected.push_back(row);
    }
    const auto rows = ledger.document_rows(d);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(text_of(*rows), text_of(expected)) << "document " << d;
  }
}

TEST(Ledger, AnswersBothWaysWhatARunWrote) {
  for (uint64_t round = 0; round < 25; ++round) {
    std::mt19937_64 random(test_seed() + round);
    const OrderSpec spec{random(), static_cast<uint32_t>(1 + random() % 30),
                         static_cast<uint32_t>(1 + random() % 5), round % 3 != 0};
    const ToyRun run = testing::toy_run(random(), 2 + random() % 15, 40, spec, random() % 30);
    const TemporaryDirectory dir;
    write_run(dir / "ledger", run, 1 + random() % 4);
    const auto ledger = Ledger::open(dir / "ledger");
    ASSERT_TRUE(ledger) << ledger.error().message;
    EXPECT_EQ(ledger->steps(), run.steps.size());
    EXPECT_EQ(ledger->head().order, spec);
    expect_answers(*ledger, run);
    const auto report = ledger->verify();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->order_checked);
    EXPECT_EQ(report->rows, run.rows().size());
    EXPECT_EQ(report->tokens, run.steps.size() * spec.sequence_tokens * spec.sequences_per_step);
    EXPECT_EQ(report->chain_head, ledger->chain_head().value());
  }
}

TEST(Ledger, AnswersWithoutAnOrderToo) {
  const ToyRun run = testing::toy_listed_run(test_seed(), 9, 40);
  const TemporaryDirectory dir;
  write_run(dir / "ledger", run);
  const Ledger ledger = Ledger::open(dir / "ledger").value();
  EXPECT_EQ(ledger.order(), nullptr);
  EXPECT_EQ(ledger.head().stage, "sft");
  expect_answers(ledger, run);
  const auto report = ledger.verify().value();
  EXPECT_FALSE(report.order_checked);
  EXPECT_EQ(report.steps, 40u);
}

TEST(Ledger, FindsWhoReadSomeBytesOfADocument) {
  const ToyRun run = testing::toy_run(3, 5, 60, {1, 8, 2}, 60);
  const TemporaryDirectory dir;
  write_run(dir / "ledger", run, 10);
  const Ledger ledger = Ledger::open(dir / "ledger").value();
  for (uint64_t d = 2; d < run.documents.size(); ++d) {
    for (uint64_t begin = 0; begin < run.documents[d].bytes; begin += 7) {
      std::vector<LedgerRow> expected;
      for (const LedgerRow& row : run.rows()) {
        if (row.document == d && row.byte_begin < begin + 5 && begin < row.byte_end) {
          expected.push_back(row);
        }
      }
      EXPECT_EQ(text_of(ledger.exposures(run.documents[d].id, begin, begin + 5).value()),
                text_of(expected));
    }
  }
  // The first two documents share an id: both are meant.
  const auto shared = ledger.document(run.documents[0].id).value();
  EXPECT_EQ(shared.size(), ledger.document_rows(0)->size() + ledger.document_rows(1)->size());
  EXPECT_EQ(ledger.document("no such").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ledger.step(60).error().message, "no step 60; the ledger has steps 0 to 59");
  EXPECT_EQ(ledger.exposures(run.documents[2].id, 4, 4).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ledger.document_rows(5).error().code, ErrorCode::kNotFound);
}

TEST(Ledger, FindsBytesThatDoNotJoinAcrossShuffledSequences) {
  ToyRun run = testing::toy_run(5, 1, 400, {1, 8, 2}, 20);
  const TemporaryDirectory dir;
  write_run(dir / "right", run);
  EXPECT_TRUE(Ledger::open(dir / "right")->verify());
  // The writer sees a sequence at a time; its neighbour in the stream may be read much later.
  LedgerRow& row = run.steps[3].back();
  ASSERT_GT(row.byte_end - row.byte_begin, 1u);
  --row.byte_end;
  write_run(dir / "wrong", run);
  const auto verified = Ledger::open(dir / "wrong")->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(verified.error().message.find("the one beside it in the stream"), std::string::npos);
}

TEST(Ledger, ReadsVersion1WhoseSequencesLieInTheOrderOfTheStream) {
  const ToyRun run = testing::toy_run(9, 5, 12, {5, 8, 2, false}, 8);
  const TemporaryDirectory dir;
  write_run(dir / "ledger", run);
  const Ledger ledger = Ledger::open(dir / "ledger").value();
  EXPECT_EQ(ledger.manifest().format_version, 1u);
  EXPECT_FALSE(ledger.head().order->shuffled);
  expect_answers(ledger, run);
  ASSERT_TRUE(ledger.verify());
  // As the program before shuffling wrote it.
  EXPECT_EQ(ledger.chain_head().value(),
            "ce816fff950d58c18f440bdbad30ec1701e4aa0d333f744f00e8dff66df4613c");
  EXPECT_EQ(fs::file_size(dir / "ledger" / "steps.log"), 492u);
}

TEST(Ledger, TakesLessThanATenthOfAByteForATrainedToken) {
  const OrderSpec spec{1, 512, 8};
  const ToyRun run = testing::toy_run(test_seed(), 400, 900, spec, 60);
  const TemporaryDirectory dir;
  write_run(dir / "ledger", run, 20);
  const auto bytes = static_cast<double>(fs::file_size(dir / "ledger" / "steps.log") +
                                         fs::file_size(dir / "ledger" / "steps.idx"));
  EXPECT_LT(bytes / (60.0 * 512 * 8), 0.1);
}

TEST(Ledger, IsReadWhileItIsWritten) {
  const ToyRun run = small_run(40);
  const TemporaryDirectory dir;
  LedgerWriter writer = LedgerWriter::create(dir / "ledger", run.head, run.documents).value();
  std::atomic<bool> done = false;
  std::thread reader([&] {
    uint64_t seen = 0;
    while (true) {
      const bool last = done;
      const auto ledger = Ledger::open(dir / "ledger");
      ASSERT_TRUE(ledger) << ledger.error().message;
      EXPECT_GE(ledger->steps(), seen);
      seen = ledger->steps();
      expect_answers(*ledger, run);
      if (last) break;
    }
    EXPECT_EQ(seen, run.steps.size());
  });
  for (const auto& rows : run.steps) {
    ASSERT_TRUE(writer.append(rows));
    if (writer.steps() % 5 == 0) {
      ASSERT_TRUE(writer.sync());
    }
  }
  done = true;
  reader.join();
}

TEST(Ledger, NeverTakesATornStepForAWholeOne) {
  const ToyRun run = small_run();
  const TemporaryDirectory dir;
  {
    LedgerWriter writer = LedgerWriter::create(dir / "ledger", run.head, run.documents).value();
    for (const auto& rows : run.steps) {
      ASSERT_TRUE(writer.append(rows));
      if (writer.steps() == 4) {
        ASSERT_TRUE(writer.sync());
      }
    }
  }
  const std::string log = read_file(dir / "ledger" / "steps.log").value();
  EXPECT_EQ(read_file(dir / "ledger" / "steps.idx")->size(), 4u * 8);
  uint64_t before = run.steps.size();
  for (size_t size = log.size(); size > 0; --size) {
    testing::overwrite(dir / "ledger" / "steps.log", std::string_view(log).substr(0, size));
    const auto ledger = Ledger::open(dir / "ledger");
    if (!ledger) {
      EXPECT_EQ(ledger.error().code, ErrorCode::kCorrupt);
      EXPECT_EQ(before, 4u);  // what was synced is never missing in silence
      continue;
    }
    EXPECT_LE(ledger->steps(), before);
    before = ledger->steps();
    EXPECT_GE(before, 4u);
    for (uint64_t n = 0; n < before; ++n) {
      EXPECT_EQ(text_of(ledger->step(n).value()), text_of(run.steps[n]));
    }
  }
}

/// A change in any file is either found or changes no answer.
void expect_found_or_harmless(const fs::path& dir, const ToyRun& run, const std::string& what) {
  const auto ledger = Ledger::open(dir);
  if (!ledger) return;
  EXPECT_FALSE(ledger->verify() && ledger->steps() < run.steps.size()) << what;
  for (uint64_t n = 0; n < ledger->steps(); ++n) {
    if (const auto rows = ledger->step(n)) {
      EXPECT_EQ(text_of(*rows), text_of(run.steps[n])) << what;
    }
  }
  for (uint64_t d = 0; d < run.documents.size(); ++d) {
    if (const auto rows = ledger->document_rows(d)) {
      std::vector<LedgerRow> expected;
      for (const LedgerRow& row : run.rows()) {
        if (row.document == d) expected.push_back(row);
      }
      EXPECT_EQ(text_of(*rows), text_of(expected)) << what;
    }
    if (const auto id = ledger->document_id(d)) {
      EXPECT_EQ(*id, run.documents[d].id) << what;
    }
  }
}

TEST(Ledger, FindsEveryFlippedBit) {
  for (const ToyRun& run : {small_run(4), testing::toy_listed_run(3, 5, 4)}) {
    const TemporaryDirectory dir;
    write_run(dir / "ledger", run);
    std::mt19937_64 random(test_seed());
    for (const auto& [name, bytes] : testing::files_of(dir / "ledger")) {
      for (size_t at = 0; at < bytes.size(); ++at) {
        std::string flipped = bytes;
        flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
        testing::overwrite(dir / "ledger" / name, flipped);
        const std::string what = name + " at byte " + std::to_string(at);
        const auto ledger = Ledger::open(dir / "ledger");
        EXPECT_FALSE(ledger && ledger->verify()) << what;
        expect_found_or_harmless(dir / "ledger", run, what);
      }
      testing::overwrite(dir / "ledger" / name, bytes);
    }
  }
}

TEST(Ledger, FindsEveryTruncation) {
  for (const ToyRun& run : {small_run(4), testing::toy_listed_run(3, 5, 4)}) {
    const TemporaryDirectory dir;
    write_run(dir / "ledger", run);
    for (const auto& [name, bytes] : testing::files_of(dir / "ledger")) {
      for (size_t size = 0; size < bytes.size(); ++size) {
        testing::overwrite(dir / "ledger" / name, std::string_view(bytes).substr(0, size));
        const std::string what = name + " of " + std::to_string(size) + " bytes";
        const auto ledger = Ledger::open(dir / "ledger");
        // The index alone may be short: the log says where steps end, too.
        const bool harmless = name == "steps.idx" ||
                              (name == "manifest.json" && size + 1 == bytes.size());  // its newline
        EXPECT_EQ(ledger && ledger->verify(), harmless) << what;
        expect_found_or_harmless(dir / "ledger", run, what);
      }
      testing::overwrite(dir / "ledger" / name, bytes);
    }
  }
}

}  // namespace
}  // namespace yurai

#include <gtest/gtest.h>

#include <fstream>

#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/corpus/record_parser.h"
#include "yurai/curate/chain.h"

/// The published Japanese chains against 20,000 decisions of their own code.
namespace yurai {
namespace {

namespace fs = std::filesystem;

class Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = testing::test_data() / "filters";
    if (!fs::exists(dir_ / "ja_cc_golden.jsonl.zst")) {
      GTEST_SKIP() << "no golden decisions in " << dir_ << "; set YURAI_TEST_DATA";
    }
  }

  /// Calls `check(document, golden)` for every row.
  template <class Check>
  uint64_t for_each(const Check& check) {
    InputFile texts = InputFile::open(dir_ / "ja_cc_input.jsonl.zst", Compression::kZstd).value();
    InputFile answers =
        InputFile::open(dir_ / "ja_cc_golden.jsonl.zst", Compression::kZstd).value();
    LineReader text_lines(texts);
    LineReader answer_lines(answers);
    Line text;
    Line answer;
    uint64_t rows = 0;
    for (; text_lines.next(text).value() && answer_lines.next(answer).value(); ++rows) {
      const Document document = parse_record(text.bytes, default_field_map()).value();
      const Json golden = Json::parse(answer.bytes);
      EXPECT_EQ(golden["id"], document.id);
      check(document, golden);
    }
    return rows;
  }

  Chain load(const std::string& name) {
    return Chain::load(name, {.words = dir_ / "words"}).value();
  }

  fs::path dir_;
};

/// Our step of a golden filter name.
std::string step_of(std::string name) {
  for (const char* suffix : {"_2", "_3", "_80", "_250", "_strict", "_normal"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
  }
  return name == "zlib" ? "zlib_ratio" : name;
}

TEST_F(Golden, JapaneseWebChainsDecideAndEditAsPublishedAndSoDoesEveryFilterAlone) {
  const Chain normal = load("ja_cc");
  const Chain strict = load("ja_cc_strict");
  uint64_t wrong = 0;
  uint64_t answers = 0;
  const auto differs = [&wrong](const std::string& what) {
    if (++wrong <= 10) ADD_FAILURE() << what;
  };
  const uint64_t rows = for_each([&](const Document& document, const Json& golden) {
    const Decision by_normal = normal.decide(document, true);
    const Decision by_strict = strict.decide(document, true);
    if (sha256_hex(by_normal.text(document)) != golden["ja_cc_text_sha256"]) {
      differs(document.id + ": another text");
    }
    for (const Decision* decision : {&by_normal, &by_strict}) {
      const Chain& chain = decision == &by_normal ? normal : strict;
      const Json& published = golden[decision == &by_normal ? "normal" : "strict"];
      const std::string drop = published.is_null() ? "" : step_of(published.get<std::string>());
      const std::string ours = decision->kept() ? "" : chain.steps()[*decision->dropped_by].name;
      if (ours != drop) differs(document.id + ": " + ours + ", published " + drop);
    }
    // Without measuring all, the same decision and text.
    const Decision short_way = normal.decide(document, false);
    if (short_way.dropped_by != by_normal.dropped_by ||
        (short_way.kept() && short_way.text(document) != by_normal.text(document))) {
      differs(document.id + ": --measure all decides otherwise");
    }
    for (const auto& [name, answer] : golden["each"].items()) {
      const bool is_strict = name.ends_with("_2") || name == "kuten_80" || name == "zlib_strict";
      const size_t step = (is_strict ? strict : normal).find_step(step_of(name)).value();
      const StepResult& result = (is_strict ? by_strict : by_normal).steps[step];
      ++answers;
      // null: nothing to measure in an empty text, which zlib's published code cannot take.
      const Json given = answer.is_null() && !result.value ? Json(nullptr) : Json(result.passed);
      if (given != answer) differs(document.id + ": " + name);
      if (step_of(name) == "zlib_ratio" && result.value &&
          *result.value != golden["zlib9"].get<double>() / golden["bytes"].get<double>()) {
        differs(document.id + ": zlib makes another size");
      }
    }
  });
  EXPECT_EQ(rows, 20'000u);
  EXPECT_EQ(answers, 280'000u);
  EXPECT_EQ(wrong, 0u);
}

TEST_F(Golden, WikipediaChainEditsAsPublished) {
  const Chain wiki = load("ja_wiki");
  uint64_t edited = 0;
  for_each([&](const Document& document, const Json& golden) {
    const Decision decision = wiki.decide(document, true);
    EXPECT_EQ(sha256_hex(decision.text(document)), golden["ja_wiki_text_sha256"]) << document.id;
    edited += decision.edited_text.has_value();
  });
  EXPECT_GT(edited, 0u);
}

}  // namespace
}  // namespace yurai

#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/curate/filter_run.h"
#include "yurai/gateway/gateway.h"
#include "yurai/index/index_builder.h"
#include "yurai/search/search_builder.h"
#include "yurai/trace/tracer.h"

/// For tests, benches and the fuzzer: a corpus of a few documents, its index and a gateway over it.
namespace yurai::testing {

/// Ids that break what decodes twice, splits at '/' or takes a name for a path.
inline const std::string kAwkwardId = "a/b%2Fc?d=e&f#g/../日本 +\"'\\\x01";

inline std::vector<Document> served_documents() {
  std::vector<Document> documents = {
      {.id = "neko",
       .text = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
       .source = "aozora",
       .license = "CC0-1.0",
       .author = "夏目漱石",
       .url = "https://example.org/neko",
       .title = "吾輩は猫である",
       .date = "1905",
       .lang = "ja"},
      {.id = "fox",
       .text = "The quick brown fox jumps over the lazy dog. The quick brown fox sleeps.",
       .source = "pangrams",
       .license = "MIT",
       .lang = "en"},
      {.id = kAwkwardId, .text = "awkward\n"},
      {.id = "twice", .text = "first of two"},
      {.id = "twice", .text = "second of two"},
      {.id = std::string(64 << 10, 'i'), .text = "an id of 64 KiB"},
      {.id = "nul", .text = std::string("a\0b", 3)}};
  return documents;
}

/// The artefacts of `served_documents()` in a folder that goes away.
class ServedIndex {
 public:
  ServedIndex() : ServedIndex(served_documents()) {}
  explicit ServedIndex(const std::vector<Document>& documents, bool fold = false) {
    YURAI_CHECK(write_corpus(folder_ / "corpus", documents).has_value());
    YURAI_CHECK(build(fold).has_value());
  }
  std::filesystem::path dir() const { return folder_ / "index"; }

 private:
  Result<void> build(bool fold) {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir(), {}));
    YURAI_TRY(build_index(folder_ / "corpus", {.fold = fold}, stage, no_progress));
    {
      YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(stage.path(), {.folded = true}));
      YURAI_TRY(calibrate(index, stage, no_progress));
      YURAI_TRY(build_document_search(index.corpus(), {}, stage, no_progress));
      YURAI_TRY(write_manifest(index.manifest(), stage));
    }
    return stage.commit();
  }

  TemporaryDirectory folder_;
};

/// What a chain decided on a few documents, as `yurai corpus filter` writes it, in a folder that
/// goes away.
class ServedDecisions {
 public:
  ServedDecisions() { YURAI_CHECK(build().has_value()); }
  std::filesystem::path dir() const { return folder_ / "filtered"; }
  std::filesystem::path input() const { return folder_ / "in.jsonl"; }

  static constexpr std::string_view kChain = R"(
[[filter]]
name = "words"
list = "bad.txt"
max = 1
[[filter]]
name = "length"
min = 10
max = 40
)";

 private:
  Result<void> build() {
    std::filesystem::create_directories(folder_ / "words");
    YURAI_TRY(write_file(folder_ / "words/bad.txt", "bad\n"));
    std::string lines;
    for (const auto& [id, text, license] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"good", "A document that stays as it is.", "MIT"},
             {"short", "Short.", "MIT"},
             {"long", "This one goes on for rather more than forty characters.", ""},
             {"bad/<b>1</b>", "A bad, bad document of bad words.", "CC0-1.0"},
             {"bad/2", "bad\x1b bad", ""},
             {"bad/3", "Two words of it, bad and bad, here.", "MIT"}}) {
      Json row = {{"id", id}, {"text", text}, {"source", "tests"}};
      if (!license.empty()) row["license"] = license;
      lines += dump_json(row) + "\n";
    }
    YURAI_TRY(write_file(input(), lines));
    YURAI_ASSIGN(const Chain chain,
                 Chain::parse(kChain, "tests", {}, {.words = folder_ / "words"}));
    YURAI_ASSIGN(const InputList inputs, list_inputs({input()}));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir(), {}));
    YURAI_TRY(filter_files(chain, "tests", inputs, {}, stage, no_progress));
    return stage.commit();
  }

  TemporaryDirectory folder_;
};

}  // namespace yurai::testing

#include "yurai/card/card.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/input_list.h"
#include "yurai/corpus/testing.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/dedup.h"
#include "yurai/curate/filter_run.h"
#include "yurai/curate/workers.h"
#include "yurai/record/manifest.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kChain = R"(
[[filter]]
name = "length"
min = 5
[[filter]]
name = "pii"
)";

Result<Json> card_of(const fs::path& dir, const CardOptions& options = {}) {
  return make_card(dir, options, no_progress);
}

std::vector<std::string> codes(const Json& card) {
  std::vector<std::string> list;
  for (const Json& limit : card["limits"]) list.push_back(limit["code"]);
  return list;
}

/// Raw rows → filtered → deduplicated → corpus.
class CardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(dir_ / "in.jsonl")
        << R"({"id":"1","text":"連絡先は user@example.co.jp です。","license":"CC-BY-4.0",)"
        << R"("source":"web","lang":"ja","url":"https://a.example.jp/x","date":"2019-04-01"})"
        << "\n"
        << R"({"id":"2","text":"A sentence that stands twice.","license":"public-domain"})"
        << "\n"
        << R"({"id":"3","text":"A sentence that stands twice.","license":"MIT"})"
        << "\n"
        << R"({"id":"4","text":"ab"})"
        << "\n"
        << "{broken\n"
        << R"({"id":"5","text":"Nothing is known of this one.","lang":"en"})"
        << "\n";
    filter(dir_ / "in.jsonl", "filtered");
    dedup_into("filtered", "unique");
    build("unique", "corpus");
  }

  void filter(const fs::path& in, const std::string& out) {
    const Chain chain = Chain::parse(kChain, "mine", dir_.path(), {}).value();
    StagingDirectory stage = StagingDirectory::create(dir_ / out, {.force = true}).value();
    ASSERT_TRUE(filter_files(chain, "mine", list_inputs({in}).value(), {}, stage, no_progress));
    ASSERT_TRUE(stage.commit());
  }
  void dedup_into(const std::string& in, const std::string& out) {
    StagingDirectory stage = StagingDirectory::create(dir_ / out, {.force = true}).value();
    const fs::path scratch = stage.path() / "scratch";
    fs::create_directory(scratch);
    const auto workers = one_worker();
    const auto done =
        dedup(list_inputs({dir_ / in}).value(), {}, &stage, scratch, *workers, no_progress);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_TRUE(stage.commit());
  }
  void build(const std::string& in, const std::string& out) {
    StagingDirectory stage = StagingDirectory::create(dir_ / out, {.force = true}).value();
    ASSERT_TRUE(build_corpus(list_inputs({dir_ / in}).value(), {}, stage, no_progress));
    ASSERT_TRUE(stage.commit());
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(CardTest, HoldsTheWholeLineageOldestFirst) {
  const Json card = card_of(dir_ / "corpus").value();
  ASSERT_EQ(card["lineage"].size(), 3u);
  EXPECT_EQ(card["lineage"][0]["format"], "yurai-filtered");
  EXPECT_EQ(card["lineage"][0]["inputs"][0]["name"], "in.jsonl");
  EXPECT_EQ(card["lineage"][0]["facts"]["steps"][0]["dropped"], 1);
  EXPECT_EQ(card["lineage"][0]["facts"]["rejected"], 1);
  EXPECT_EQ(card["lineage"][1]["format"], "yurai-dedup");
  EXPECT_EQ(card["lineage"][1]["facts"]["removed_exact"], 1);
  EXPECT_EQ(card["lineage"][1]["facts"]["license_conflicts"], 1);
  EXPECT_EQ(card["lineage"][2]["checksum"], card["data"]["manifest_checksum"]);
}

TEST_F(CardTest, CountsTheSameInACorpusAndInTheFilesItWasBuiltFrom) {
  const Json corpus = card_of(dir_ / "corpus").value();
  const Json files = card_of(dir_ / "unique").value();
  EXPECT_EQ(corpus["totals"]["documents"], 3);
  for (const char* member : {"licenses", "sources", "languages", "lengths", "size_histogram",
                             "dates", "domains", "fields"}) {
    EXPECT_EQ(corpus[member], files[member]) << member;
  }
  for (const char* total : {"documents", "bytes", "characters", "words"}) {
    EXPECT_EQ(corpus["totals"][total], files["totals"][total]) << total;
  }
  const Json& licenses = corpus["licenses"];
  EXPECT_EQ(licenses["missing"]["documents"], 1);
  EXPECT_EQ(licenses["names"], 2);
  for (const Json& group : licenses["groups"]) {
    if (group["name"] == "public-domain") {
      EXPECT_FALSE(group["spdx"]);
      EXPECT_EQ(group["license_ref"], "LicenseRef-public-domain");
    } else {
      EXPECT_TRUE(group["spdx"]);
    }
  }
}

TEST_F(CardTest, SaysHowMuchPersonalInformationWasMasked) {
  const Json card = card_of(dir_ / "corpus").value();
  ASSERT_EQ(card["personal_information"].size(), 1u);
  const Json& found = card["personal_information"][0];
  EXPECT_EQ(found["documents"]["part"], 1);
  EXPECT_EQ(found["documents"]["whole"], 4);
  EXPECT_EQ(found["spans"], 1);
  EXPECT_EQ(found["masked_documents"], 1);
  EXPECT_GT(found["documents"]["high"], 0.25);
}

TEST_F(CardTest, TellsTheKindsOfPersonalInformationApart) {
  const Json card = card_of(dir_ / "corpus").value();
  const Json& kinds = card["personal_information"][0]["kinds"];
  ASSERT_EQ(kinds.size(), 7u);
  for (const Json& kind : kinds) {
    const uint64_t expected = kind["kind"] == "email" ? 1 : 0;
    EXPECT_EQ(kind["spans"], expected) << kind;
    EXPECT_EQ(kind["documents"]["part"], expected);
    EXPECT_EQ(kind["documents"]["whole"], 4);
    EXPECT_GT(kind["documents"]["high"], 0.25);
  }
  EXPECT_THAT(card_markdown(card, CardLanguage::kEnglish),
              HasSubstr("| e-mail addresses | 1 | 1 | 25.000 |"));
  EXPECT_THAT(card_markdown(card, CardLanguage::kJapanese), HasSubstr("| マイナンバー | 0 | 0 |"));
}

TEST_F(CardTest, CountsWordsAndSaysThatTheyAreNoTokens) {
  testing::write_corpus(dir_ / "words",
                        {{.id = "a", .text = "It's 東京."}, {.id = "b", .text = "x y"}})
      .value();
  const Json card = card_of(dir_ / "words").value();
  EXPECT_EQ(card["totals"]["words"], 5);
  EXPECT_THAT(codes(card), ::testing::Contains("tokens_not_counted"));
  EXPECT_THAT(card_markdown(card, CardLanguage::kEnglish), HasSubstr("| Words (no tokens) | 5 |"));
}

TEST_F(CardTest, CountsTokensWithATokenizerAndNamesIt) {
  const std::string file =
      R"({"added_tokens":[{"id":3,"content":"</s>","special":true}],)"
      R"("model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},)"
      R"("decoder":{"type":"Fuse"}})";
  const auto tokenizer = Tokenizer::parse(file, "t.json").value();
  const std::string sha256 = sha256_hex(file);
  testing::write_corpus(dir_ / "ab", {{.id = "1", .text = "aab"}, {.id = "2", .text = "b"}})
      .value();
  const Json card = card_of(dir_ / "ab", {.tokenizer = tokenizer.get()}).value();
  EXPECT_EQ(card["totals"]["tokens"], 3);
  EXPECT_EQ(card["tokenizer"]["sha256"], sha256);
  EXPECT_EQ(card["tokenizer"]["kind"], "bpe");
  EXPECT_THAT(codes(card), ::testing::Contains("tokens_of_one_tokenizer"));
  EXPECT_THAT(codes(card), Not(::testing::Contains("tokens_not_counted")));
  const std::string shown = "bpe " + sha256.substr(0, 16);
  EXPECT_THAT(card_markdown(card, CardLanguage::kEnglish),
              HasSubstr("| Tokens, of the tokenizer " + shown + " | 3 |"));
  EXPECT_THAT(card_markdown(card, CardLanguage::kJapanese),
              HasSubstr("| トークン数、トークナイザー " + shown + " | 3 |"));
  EXPECT_THAT(card_eu_summary(card, CardLanguage::kEnglish),
              HasSubstr("3 tokens of the tokenizer " + shown));
  EXPECT_THAT(card_eu_summary(card, CardLanguage::kJapanese), HasSubstr("3 トークン"));
  const Json measured = card_croissant(card)["variableMeasured"];
  EXPECT_EQ(measured["value"], 3);
  EXPECT_THAT(measured["measurementTechnique"].get<std::string>(), HasSubstr(sha256));
  EXPECT_FALSE(card_croissant(card_of(dir_ / "ab").value()).contains("variableMeasured"));
  // A step's folder counts as the corpus that was built from it.
  const Json corpus = card_of(dir_ / "corpus", {.tokenizer = tokenizer.get()}).value();
  const Json files = card_of(dir_ / "unique", {.tokenizer = tokenizer.get()}).value();
  EXPECT_EQ(corpus["totals"]["tokens"], files["totals"]["tokens"]);
  EXPECT_GT(corpus["totals"]["tokens"], 0);
}

TEST_F(CardTest, TellsWhatWasFoundAndNotMaskedFromWhatWasNotMeasured) {
  const Chain chain =
      Chain::parse("[[filter]]\nname = 'pii'\nmask = false\n", "c", dir_.path(), {}).value();
  StagingDirectory stage = StagingDirectory::create(dir_ / "counted", {}).value();
  std::ofstream(dir_ / "mail.jsonl") << "{\"text\":\"a@example.jp\"}\n";
  ASSERT_TRUE(
      filter_files(chain, "c", list_inputs({dir_ / "mail.jsonl"}).value(), {}, stage, no_progress));
  ASSERT_TRUE(stage.commit());
  const Json card = card_of(dir_ / "counted").value();
  EXPECT_EQ(card["personal_information"][0]["documents"]["part"], 1);
  EXPECT_THAT(codes(card), ::testing::IsSupersetOf(
                               {"personal_information_found", "personal_information_rules"}));
  EXPECT_THAT(codes(card), Not(::testing::Contains("personal_information_not_masked")));
}

TEST_F(CardTest, CountsReasonsThatDifferOnlyInAPlaceTogether) {
  std::ofstream(dir_ / "bad.jsonl") << "{\"text\":\"a\"}\n{\"text\":x}\n{\"text\" :x}\n";
  build("bad.jsonl", "of_bad");
  const Json card = card_of(dir_ / "of_bad").value();
  EXPECT_EQ(card["rejects"]["records"], 2);
  ASSERT_EQ(card["rejects"]["reasons"].size(), 1u) << card["rejects"];
  EXPECT_EQ(card["rejects"]["reasons"][0]["records"], 2);
  EXPECT_THAT(card["rejects"]["reasons"][0]["reason"].get<std::string>(), HasSubstr("at byte …"));
}

TEST_F(CardTest, NamesItsLimits) {
  const auto of_corpus = codes(card_of(dir_ / "corpus").value());
  EXPECT_THAT(of_corpus,
              ::testing::IsSupersetOf({"licenses_missing", "licenses_not_spdx", "license_conflicts",
                                       "records_rejected", "toxicity_not_measured", "dates_missing",
                                       "urls_missing", "personal_information_rules"}));
  EXPECT_THAT(of_corpus, Not(::testing::Contains("not_filtered")));
  testing::write_corpus(dir_ / "alone", {{.id = "a", .text = "abc"}}).value();
  EXPECT_THAT(codes(card_of(dir_ / "alone").value()),
              ::testing::IsSupersetOf({"lineage_unknown", "not_filtered", "not_deduplicated",
                                       "personal_information_not_masked"}));
}

TEST_F(CardTest, IsTheSameBytesWhereverTheFolderLies) {
  const std::string one = card_of(dir_ / "corpus").value().dump();
  fs::rename(dir_ / "corpus", dir_ / "elsewhere");
  EXPECT_EQ(card_of(dir_ / "elsewhere").value().dump(), one);
  EXPECT_THAT(one, Not(HasSubstr(dir_.path().string())));
}

TEST_F(CardTest, InMarkdownShowsEveryStepInBothLanguages) {
  const Json card = card_of(dir_ / "corpus", {.name = "名 <b>", .creator = "a|b"}).value();
  const std::string english = card_markdown(card, CardLanguage::kEnglish);
  EXPECT_THAT(english, HasSubstr("# Data card: 名 &lt;b&gt;\n"));
  EXPECT_THAT(english, HasSubstr("a\\|b"));
  EXPECT_THAT(english, HasSubstr("### 1. Filter chain mine"));
  EXPECT_THAT(english, HasSubstr("| length | length | 5 … 50000 | 5 | 1 | 20.0 % |"));
  EXPECT_THAT(english, HasSubstr("### 2. Deduplication"));
  EXPECT_THAT(english, HasSubstr("| public-domain (LicenseRef-public-domain) | 1 |"));
  EXPECT_THAT(english, HasSubstr("| (not stated) | 1 |"));
  EXPECT_THAT(english, HasSubstr("1 of 4 documents, 25.000 %"));
  const std::string japanese = card_markdown(card, CardLanguage::kJapanese);
  EXPECT_THAT(japanese, HasSubstr("# データカード: "));
  EXPECT_THAT(japanese, HasSubstr("4 件中 1 件、25.000 %"));
  EXPECT_THAT(japanese, HasSubstr("来歴（古い順）"));
}

/// What the validator of the specification's authors (mlcroissant 1.1) refuses or warns of.
TEST_F(CardTest, AsCroissantHoldsWhatTheSpecificationRequires) {
  const CardOptions told = {.name = "n",
                            .description = "d",
                            .creator = "c",
                            .cite_as = "cite",
                            .url = "https://data.example/",
                            .created = "2026-01-31T00:00:00Z"};
  for (const char* folder : {"corpus", "unique"}) {
    const Json croissant = card_croissant(card_of(dir_ / folder, told).value());
    EXPECT_EQ(croissant["@type"], "sc:Dataset");
    EXPECT_EQ(croissant["conformsTo"], "http://mlcommons.org/croissant/1.1");
    EXPECT_TRUE(croissant_lacks(croissant).empty());
    for (const char* name : {"name", "description", "license", "url", "creator", "datePublished",
                             "citeAs", "version"}) {
      EXPECT_TRUE(croissant.contains(name)) << name;
    }
    EXPECT_EQ(croissant["creator"]["@type"], "sc:Organization");
    for (const Json& resource : croissant["distribution"]) {
      const bool file = resource["@type"] == "cr:FileObject";
      for (const char* name : {"@id", "name", "encodingFormat"}) {
        EXPECT_TRUE(resource[name].is_string()) << resource;
      }
      EXPECT_TRUE(!file || resource["sha256"].get<std::string>().size() == 64u);
      EXPECT_TRUE(resource.contains(file ? "contentUrl" : "includes"));
    }
    for (const Json& records : croissant.value("recordSet", Json::array())) {
      for (const Json& field : records["field"]) {
        EXPECT_TRUE(field["dataType"].is_string());
        EXPECT_TRUE(field.contains("source"));  // without it a field is refused
      }
    }
    // The terms of the specification's appendix 1, and those that the validator wants beside them.
    for (const char* term :
         {"@language",     "@vocab",      "sc",         "cr",        "rai",
          "dct",           "annotation",  "arrayShape", "citeAs",    "column",
          "conformsTo",    "containedIn", "data",       "dataType",  "equivalentProperty",
          "examples",      "excludes",    "extract",    "field",     "fileProperty",
          "fileObject",    "fileSet",     "format",     "includes",  "isArray",
          "isLiveDataset", "jsonPath",    "key",        "md5",       "parentField",
          "recordSet",     "references",  "regex",      "readLines", "sdVersion",
          "separator",     "source",      "subField",   "transform", "unArchive",
          "value",         "path",        "repeated",   "replace",   "samplingRate"}) {
      EXPECT_TRUE(croissant["@context"].contains(term)) << term;
    }
  }
  EXPECT_EQ(card_croissant(card_of(dir_ / "unique", {.creator = "c", .creator_type = "person"})
                               .value())["creator"]["@type"],
            "sc:Person");
}

TEST_F(CardTest, AsCroissantNamesEachFileAndField) {
  const Json croissant = card_croissant(card_of(dir_ / "unique").value());
  EXPECT_EQ(croissant["conformsTo"], "http://mlcommons.org/croissant/1.1");
  EXPECT_FALSE(croissant.contains("url"));
  bool has_part = false;
  for (const Json& file : croissant["distribution"]) {
    if (file["@id"] != "part-00000.jsonl") continue;
    has_part = true;
    EXPECT_EQ(file["sha256"].get<std::string>().size(), 64u);
    EXPECT_EQ(file["encodingFormat"], "application/jsonlines");
  }
  EXPECT_TRUE(has_part);
  for (const Json& field : croissant["recordSet"][0]["field"]) {
    EXPECT_EQ(field["source"]["extract"]["column"], field["name"]);
  }
  EXPECT_EQ(croissant["prov:wasDerivedFrom"].size(), 1u);
}

TEST_F(CardTest, AsSpdxWantsATimeAndDeclaresNoLicenceWhereOneIsMissing) {
  const Json card = card_of(dir_ / "corpus").value();
  EXPECT_EQ(card_spdx(card).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(card_of(dir_ / "corpus", {.created = "2026-13-01T00:00:00Z"}));
  const Json spdx =
      card_spdx(card_of(dir_ / "corpus", {.created = "2026-01-31T00:00:00Z"}).value()).value();
  const std::string text = spdx.dump();
  EXPECT_THAT(text, HasSubstr("\"dataset_datasetSize\":" +
                              std::to_string(card["totals"]["bytes"].get<uint64_t>())));
  EXPECT_THAT(text, Not(HasSubstr("declared-license")));
  EXPECT_THAT(text, HasSubstr("descendantOf"));
}

TEST_F(CardTest, AsADraftForRegulatorsMarksWhatOnlyTheProviderKnows) {
  const Json card = card_of(dir_ / "corpus").value();
  const std::string english = card_eu_summary(card, CardLanguage::kEnglish);
  const std::string japanese = card_eu_summary(card, CardLanguage::kJapanese);
  EXPECT_THAT(english, HasSubstr("Provider name and contact details**: *[to be filled in by the "
                                 "provider]*"));
  EXPECT_THAT(japanese, HasSubstr("*［提供者が記入］*"));
  // Every section of the template, in its order, and the same number of answers in each language.
  size_t at = 0;
  for (const char* number :
       {"## 1. ", "### 1.1 ", "### 1.2 ", "### 1.3 ", "## 2. ", "### 2.1 ", "### 2.2 ",
        "#### 2.2.1 ", "#### 2.2.2 ", "### 2.3 ", "### 2.4 ", "### 2.5 ", "### 2.6 ", "## 3. ",
        "### 3.1 ", "### 3.2 ", "### 3.3 "}) {
    const size_t found = english.find(std::string("\n") + number, at);
    ASSERT_NE(found, std::string::npos) << number;
    EXPECT_NE(japanese.find(std::string("\n") + number), std::string::npos) << number;
    at = found;
  }
  const auto items = [](const std::string& text) {
    size_t count = 0;
    for (size_t i = 0; (i = text.find("\n- **", i)) != std::string::npos; ++i) ++count;
    return count;
  };
  EXPECT_EQ(items(english), items(japanese));
}

TEST_F(CardTest, AsADraftForRegulatorsFillsInWhatTheDataTells) {
  const Json card = card_of(dir_ / "corpus").value();
  const std::string english = card_eu_summary(card, CardLanguage::kEnglish);
  EXPECT_THAT(english, HasSubstr("| example.jp |"));
  EXPECT_THAT(english, HasSubstr("3 documents"));
  EXPECT_THAT(english, HasSubstr("states is 2019-04-01 (1 of 3 documents state one)"));
  EXPECT_THAT(english, HasSubstr("official languages of the Union among them: en"));
  EXPECT_THAT(english, HasSubstr("| in.jsonl | "));
  EXPECT_THAT(english, HasSubstr("masked in 1; e-mail addresses 1."));
  EXPECT_THAT(english, HasSubstr("4 documents, 3 kept; 1 removed with the same text"));
  const std::string japanese = card_eu_summary(card, CardLanguage::kJapanese);
  EXPECT_THAT(japanese,
              HasSubstr("4 件中 1 件の文書で検出、1 件で伏せた。内訳は メールアドレス 1。"));
  EXPECT_THAT(japanese, HasSubstr("文書 4 件、3 件を残した。同じ本文 1 件"));
}

TEST_F(CardTest, RefusesWhatIsNoData) {
  EXPECT_EQ(card_of(dir_ / "nowhere").error().code, ErrorCode::kNotFound);
  StagingDirectory stage = StagingDirectory::create(dir_ / "other", {}).value();
  Manifest manifest;
  manifest.format = "yurai-index";
  ASSERT_TRUE(write_manifest(manifest, stage));
  ASSERT_TRUE(stage.commit());
  EXPECT_THAT(card_of(dir_ / "other").error().message, HasSubstr("yurai-index"));
}

TEST_F(CardTest, FindsAPartThatWasChanged) {
  const fs::path part = dir_ / "unique/part-00000.jsonl";
  std::string bytes = read_file(part).value();
  bytes[bytes.find("twice")] = 'T';
  std::ofstream(part, std::ios::binary) << bytes;
  EXPECT_EQ(card_of(dir_ / "unique").error().code, ErrorCode::kCorrupt);
}

/// The lineage comes from files that somebody else may have written.
TEST_F(CardTest, DrawsALineageOfAnyShape) {
  std::mt19937_64 random(testing::test_seed());
  const Json card = card_of(dir_ / "corpus", {.created = "2026-01-31T00:00:00Z"}).value();
  const std::vector<Json> odd = {nullptr, -1, 1.5, "<x>", Json::array({1}), {{"a", 1}}};
  for (int round = 0; round < 300; ++round) {
    Json other = card;
    Json& step = other["lineage"][random() % other["lineage"].size()];
    std::vector<Json*> places;
    const std::function<void(Json&)> collect = [&](Json& json) {
      for (Json& child : json) {
        places.push_back(&child);
        if (child.is_structured()) collect(child);
      }
    };
    collect(step);
    *places[random() % places.size()] = odd[random() % odd.size()];
    EXPECT_FALSE(card_markdown(other, CardLanguage::kEnglish).empty());
    EXPECT_FALSE(card_eu_summary(other, CardLanguage::kJapanese).empty());
    EXPECT_TRUE(card_spdx(other));
    EXPECT_FALSE(card_croissant(other).empty());
  }
}

}  // namespace
}  // namespace yurai

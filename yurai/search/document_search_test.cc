#include "yurai/search/document_search.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <random>

#include "yurai/search/passage.h"
#include "yurai/search/posting_cursor.h"
#include "yurai/search/postings.h"
#include "yurai/search/terms.h"
#include "yurai/search/testing.h"

namespace yurai {
namespace {

using testing::FailingDisk;
using testing::SearchedTexts;
using testing::TemporaryDirectory;

/// Scores every document by the formula and sorts all: the oracle.
std::vector<SearchHit> naive_search(const std::vector<std::string>& texts, std::string_view query,
                                    uint64_t limit) {
  Folder folder;
  std::vector<std::map<TermKey, uint32_t>> frequencies;
  std::map<TermKey, uint64_t> df;
  std::vector<uint8_t> lengths;
  uint64_t total = 0;
  for (const std::string& text : texts) {
    uint64_t length = 0;
    auto& counts = frequencies.emplace_back();
    for_each_term(folder, text, TermsOf::kDocument, [&](const Term& term) {
      ++counts[term.key];
      length += term.extra ? 0 : 1;
    });
    for (const auto& [key, count] : counts) ++df[key];
    lengths.push_back(length_byte(length));
    total += length_of_byte(lengths.back());
  }
  const double mean = static_cast<double>(total) / static_cast<double>(texts.size());
  std::map<TermKey, uint64_t> times, hiragana;
  for_each_term(folder, query, TermsOf::kQuery, [&](const Term& term) {
    const auto is_hiragana = [](TermKey c) { return c == 0 || (c >= 0x3041 && c <= 0x309F); };
    const bool grammar = (term.key & kWordKey) == 0 && is_hiragana(term.key >> 21) &&
                         is_hiragana(term.key & 0x1FFFFF);
    ++(grammar ? hiragana : times)[term.key];
  });
  if (times.empty()) times = hiragana;
  std::vector<SearchHit> hits;
  for (size_t i = 0; i < texts.size(); ++i) {
    uint64_t score = 0;
    for (const auto& [key, count] : times) {
      const auto found = frequencies[i].find(key);
      if (found == frequencies[i].end()) continue;
      score += score_part(term_weight(df[key], texts.size(), count),
                          saturation(found->second, length_norms(mean)[lengths[i]]));
    }
    if (score > 0) hits.push_back({i, static_cast<double>(score) / kScoreUnit});
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const SearchHit& a, const SearchHit& b) { return a.score > b.score; });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

/// Texts whose words follow a Zipf-like law, so that lists have from one to many blocks.
std::vector<std::string> random_texts(std::mt19937_64& random, size_t num_texts) {
  std::geometric_distribution<uint32_t> rank(0.05);
  std::vector<std::string> texts(num_texts);
  for (std::string& text : texts) {
    for (uint64_t n = random() % 30; n > 0; --n) {
      const uint32_t word = rank(random);
      if (word % 3 == 1) {
        append_char(0x3041 + word % 20, text);
      } else if (word % 2 == 0) {
        append_char(0x4E00 + word, text);
      } else {
        text.append(" w").append(std::to_string(word)).append(" ");
      }
    }
  }
  return texts;
}

TEST(DocumentSearch, FindsWhatScoringEveryDocumentFinds) {
  std::mt19937_64 random(testing::test_seed());
  for (const size_t num_texts : {1u, 10u, 200u, 6'000u}) {
    const auto texts = random_texts(random, num_texts);
    const SearchedTexts searched(texts);
    for (int round = 0; round < 8; ++round) {
      std::string query;
      for (const std::string& piece : random_texts(random, 1 + random() % 3))
        query.append(piece).append(" ");
      const uint64_t limit = std::vector<uint64_t>{1, 3, 10, 100, 100'000}[random() % 5];
      const auto found = searched.search().search(query, limit);
      ASSERT_TRUE(found.has_value()) << found.error().message;
      EXPECT_EQ(*found, naive_search(texts, query, limit)) << query;
    }
  }
}

TEST(DocumentSearch, ReadsLessThanEveryPosting) {
  std::vector<std::string> texts(20'000, "共通 common");
  for (size_t i = 0; i < texts.size(); i += 1000) texts[i] += " 由来";
  const SearchedTexts searched(texts);
  SearchCost cost;
  const auto hits = searched.search().search("共通 common 由来", 10, &cost).value();
  EXPECT_EQ(hits.size(), 10u);
  EXPECT_EQ(hits[0].document, 0u);
  EXPECT_EQ(hits[9].document, 9000u);
  EXPECT_LT(cost.num_postings, 30'000u);  // of 40,020: three windows, then those with 由来
}

TEST(DocumentSearch, FindsSingleCharactersAndFoldedForms) {
  const SearchedTexts searched({"吾輩は猫である", "犬も歩けば", "舊字體の國", "Free Software"});
  const auto first = [&](std::string_view query) {
    const auto hits = searched.search().search(query, 1).value();
    return hits.empty() ? -1 : static_cast<int>(hits[0].document);
  };
  EXPECT_EQ(first("猫"), 0);
  EXPECT_EQ(first("旧字体"), 2);
  EXPECT_EQ(first("ＦＲＥＥ"), 3);
  EXPECT_EQ(first("馬"), -1);
  EXPECT_EQ(first(""), -1);
  EXPECT_EQ(first("、。"), -1);
  EXPECT_TRUE(searched.search().search("猫", 0)->empty());
}

TEST(DocumentSearch, NamesTheByteThatIsNotUtf8AndBoundsTheQuery) {
  const SearchedTexts searched({"a"});
  const auto found = searched.search().search("ab\xff", 1);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(found.error().message.find("byte 2"), std::string::npos);
  std::string long_query;
  for (int i = 0; i < 5000; ++i) long_query.append(std::to_string(i)).append(" ");
  EXPECT_EQ(searched.search().search(long_query, 1).error().code, ErrorCode::kResourceExhausted);
}

TEST(DocumentSearch, AnEmptyCorpusHasNoHits) {
  const SearchedTexts none{std::vector<std::string>{}};
  EXPECT_TRUE(none.search().search("猫", 10)->empty());
  const SearchedTexts empty({"", "", "。"});
  EXPECT_TRUE(empty.search().search("猫", 10)->empty());
}

TEST(DocumentSearch, TheSameBytesWithAnyMemoryAndOnAnyThreads) {
  std::mt19937_64 random(testing::test_seed());
  for (const size_t num_texts : {size_t{3000}, size_t{3}}) {
    const auto texts = random_texts(random, num_texts);
    const SearchedTexts one(texts);
    for (const uint64_t memory : {uint64_t{1}, uint64_t{1} << 29}) {
      for (const int num_threads : {1, 2, 5}) {
        const SearchedTexts other(texts, {.memory_bytes = memory, .num_threads = num_threads});
        for (const auto name : {kSearchTermsName, kSearchPostingsName, kSearchDocumentsName}) {
          EXPECT_EQ(read_file(one.dir() / name).value(), read_file(other.dir() / name).value())
              << memory << " " << num_threads;
        }
        for (const auto& file : std::filesystem::directory_iterator(other.dir())) {
          EXPECT_NE(file.path().extension(), ".partial");
        }
      }
    }
  }
}

TEST(DocumentSearch, AFullDiskIsAnErrorAndLeavesNothing) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory directory;
  std::vector<Document> documents;
  for (const std::string& text : random_texts(random, 300)) documents.push_back({.text = text});
  const Corpus corpus = testing::write_corpus(directory / "corpus", documents).value();
  for (const uint64_t memory : {uint64_t{1}, uint64_t{1} << 20}) {
    FailingDisk counting(~uint64_t{0});
    const auto dir = directory / ("whole" + std::to_string(memory));
    ASSERT_TRUE(
        testing::write_search(dir, corpus, {.memory_bytes = memory}, &counting).has_value());
    const uint64_t step = std::max<uint64_t>(1, counting.num_operations() / 40);
    for (uint64_t fail_at = 0; fail_at < counting.num_operations() - 1; fail_at += step) {
      FailingDisk disk(fail_at);
      EXPECT_FALSE(testing::write_search(directory / "x", corpus, {.memory_bytes = memory}, &disk)
                       .has_value());
      EXPECT_FALSE(std::filesystem::exists(directory / "x"));
    }
  }
}

TEST(DocumentSearch, SeveralPartsGiveWhatOneOfAllDocumentsWould) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 8; ++round) {
    const auto texts = random_texts(random, 300 + random() % 9000);
    const SearchedTexts whole(texts);
    std::vector<std::unique_ptr<SearchedTexts>> parts;
    std::vector<ArtefactFolder> folders;
    for (size_t begin = 0; begin < texts.size();) {
      const size_t end = std::min<size_t>(texts.size(), begin + 1 + random() % 5000);
      parts.push_back(std::make_unique<SearchedTexts>(
          std::vector<std::string>(texts.begin() + static_cast<ptrdiff_t>(begin),
                                   texts.begin() + static_cast<ptrdiff_t>(end))));
      folders.push_back({parts.back()->dir(), read_manifest(parts.back()->dir()).value()});
      begin = end;
    }
    const auto searched = DocumentSearch::open(folders).value();
    EXPECT_EQ(searched->num_documents(), texts.size());
    for (int query = 0; query < 20; ++query) {
      const std::string& text = texts[random() % texts.size()];
      const uint64_t limit = 1 + random() % 30;
      EXPECT_EQ(searched->search(text, limit).value(), whole.search().search(text, limit).value());
    }
    const auto passages = [&](const DocumentSearch& search) {
      Json rows = Json::array();
      const auto found = search.search_passages(whole.corpus(), texts[0], 5, 20).value();
      for (const PassageHit& hit : found) rows.push_back(to_json(hit));
      return rows;
    };
    EXPECT_EQ(passages(*searched), passages(whole.search()));
  }
}

/// Cut or changed files: an error or the right answer, never another one.
TEST(DocumentSearch, NoDamagedFileGivesAWrongAnswer) {
  std::mt19937_64 random(testing::test_seed());
  const auto texts = random_texts(random, 1000);
  const SearchedTexts searched(texts);
  const std::string query = texts[1] + texts[2] + texts[3];
  const auto expected = searched.search().search(query, 10).value();
  const Manifest manifest = read_manifest(searched.dir()).value();
  for (const auto& entry : std::filesystem::directory_iterator(searched.dir())) {
    if (entry.path().filename() == "manifest.json") continue;
    const std::string bytes = read_file(entry.path()).value();
    for (int round = 0; round < 60; ++round) {
      std::string damaged = bytes;
      if (round % 3 == 0) {
        damaged.resize(random() % bytes.size());
      } else {
        damaged[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      }
      std::ofstream(entry.path(), std::ios::binary) << damaged;
      const auto opened = DocumentSearch::open({{searched.dir(), manifest}});
      if (!opened) continue;
      const auto hits = (*opened)->search(query, 10);
      if (hits) {
        EXPECT_EQ(*hits, expected) << entry.path();
      }
    }
    std::ofstream(entry.path(), std::ios::binary) << bytes;
  }
}

/// Pages and lists that no checksum guards: no crash, whatever the bytes.
TEST(DocumentSearch, DictionaryPagesAndListsMayHoldAnything) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 20'000; ++round) {
    std::string page;
    for (uint64_t n = random() % 40; n > 0; --n) page.push_back(static_cast<char>(random() % 200));
    (void)find_term(page, random() % 300, 10);
    std::vector<Posting> postings;
    if (read_postings(page, random() % 20, -1, 50, postings)) {
      for (const Posting& posting : postings) EXPECT_LT(posting.document, 50u);
    }
  }
}

TEST(Passage, IsTheWindowWithMostOfTheQuery) {
  const std::string filler = "これは関係のない文章です。";
  std::string text;
  for (int i = 0; i < 50; ++i) text += filler;
  const size_t there = text.size();
  text += "夏目漱石の猫の名前";
  for (int i = 0; i < 50; ++i) text += filler;
  const SearchedTexts searched({text, "猫", filler});
  const auto hits =
      searched.search().search_passages(searched.corpus(), "夏目漱石の猫の名前は？", 3, 40).value();
  ASSERT_EQ(hits.size(), 1u);
  const PassageHit& best = hits[0];
  EXPECT_LE(best.passage.byte_begin, there);
  EXPECT_NE(best.passage.text.find("夏目漱石の猫の名前"), std::string::npos);
  EXPECT_EQ(count_chars(best.passage.text), 40u);
  EXPECT_EQ(text.substr(best.passage.byte_begin, best.passage.byte_end - best.passage.byte_begin),
            best.passage.text);
}

/// The oracle tries every window.
TEST(Passage, WeighsNoLessThanAnyOtherWindow) {
  std::mt19937_64 random(testing::test_seed());
  Folder folder;
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_texts(random, 1)[0];
    std::map<TermKey, double> weights;
    for_each_term(folder, random_texts(random, 1)[0], TermsOf::kQuery, [&](const Term& term) {
      weights[term.key] = static_cast<double>(1 + term.key % 7);
    });
    const size_t max_chars = 3 + random() % 20;
    const Passage passage = best_passage(folder, text, weights, max_chars);
    EXPECT_LE(passage.score, 1e9);
    std::vector<Term> terms;
    for_each_term(folder, text, TermsOf::kDocument,
                  [&](const Term& term) { terms.push_back(term); });
    double best = 0;
    for (const Term& first : terms) {
      std::map<TermKey, double> inside;
      for (const Term& term : terms) {
        if (term.byte_begin < first.byte_begin || !weights.contains(term.key)) continue;
        const size_t chars = count_chars(
            std::string_view(text).substr(first.byte_begin, term.byte_end - first.byte_begin));
        if (chars <= max_chars) inside[term.key] = weights[term.key];
      }
      double score = 0;
      for (const auto& [key, weight] : inside) score += weight;
      best = std::max(best, score);
    }
    // Single terms longer than the window stand alone.
    EXPECT_GE(passage.score, best) << text;
  }
}

}  // namespace
}  // namespace yurai

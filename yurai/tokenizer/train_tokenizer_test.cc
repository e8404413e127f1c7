#include "yurai/tokenizer/train_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/corpus/testing.h"
#include "yurai/tokenizer/sentencepiece_model.h"
#include "yurai/tokenizer/testing.h"

/// Training, and SentencePiece models that lie.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TrainTokenizer : public ::testing::Test {
 protected:
  Corpus corpus(const std::string& name = "corpus") {
    if (fs::exists(dir_ / name)) return Corpus::open(dir_ / name).value();
    std::mt19937_64 random(1);
    const std::vector<std::string> words = {"吾輩", "猫",  "である", "名前", "まだ", "ない",
                                            "the",  "cat", "has",    "no",   "name", "yet"};
    std::vector<Document> documents;
    for (int i = 0; i < 60; ++i) {
      std::string text;
      for (int k = 0; k < 80; ++k) {
        text += words[random() % words.size()] + (k % 9 == 8 ? "\n" : k % 3 == 0 ? " " : "");
      }
      documents.push_back({.id = std::to_string(i), .text = text});
    }
    return testing::write_corpus(dir_ / name, documents).value();
  }

  Result<Manifest> train(const std::string& out, const TokenizerTrainOptions& options) {
    std::vector<Corpus> corpora;
    corpora.push_back(corpus());
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / out, {}));
    YURAI_ASSIGN(const Manifest manifest, train_tokenizer(corpora, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return manifest;
  }

  static TokenizerTrainOptions small(const std::string& model = "unigram") {
    return {.model = model, .vocabulary_size = 310, .character_coverage = 1};
  }

  /// A small model's bytes.
  std::string model() {
    if (!fs::exists(dir_ / "small")) {
      TokenizerTrainOptions options = small();
      options.normalization = "nfkc";
      const auto manifest = train("small", options);
      EXPECT_TRUE(manifest) << manifest.error().message;
    }
    return read_file(dir_ / "small" / kTokenizerModelName).value();
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(TrainTokenizer, WhatItLearnsGivesEveryTextBack) {
  for (const std::string kind : {"unigram", "bpe"}) {
    TokenizerTrainOptions options = small(kind);
    options.symbols = {"<|user|>"};
    const auto manifest = train(kind, options);
    ASSERT_TRUE(manifest) << manifest.error().message;
    const auto opened = Tokenizer::open(dir_ / kind);
    ASSERT_TRUE(opened) << opened.error().message;
    const Tokenizer& tokenizer = **opened;
    EXPECT_EQ(tokenizer.facts().kind, "sentencepiece-" + kind);
    EXPECT_EQ(tokenizer.vocabulary_size(), 310U);
    EXPECT_EQ(manifest->facts["tokenizer_sha256"], tokenizer.facts().sha256);
    EXPECT_EQ(manifest->facts["documents"], 60);
    ASSERT_EQ(manifest->inputs.size(), 1U);
    EXPECT_EQ(manifest->inputs[0].sha256, corpus().identity().corpus_sha256);
    ASSERT_EQ(manifest->lineage.size(), 1U);
    EXPECT_EQ(manifest->lineage[0]["format"], kCorpusFormat);
    EXPECT_EQ(tokenizer.facts().unknown, 0U);
    EXPECT_EQ(tokenizer.facts().begin, 1U);
    EXPECT_EQ(tokenizer.facts().end, 2U);
    EXPECT_EQ(tokenizer.facts().padding, 3U);
    EXPECT_EQ(tokenizer.facts().special.size(), 4U);
    for (const std::string text :
         {"吾輩は猫である。", "  two  spaces ", "a\n\nb\t\r\n", "😀é\x01"}) {
      const auto tokens = tokenizer.encode(text).value();
      EXPECT_EQ(tokenizer.decode(ids_of(tokens)).value(), text);
      EXPECT_EQ(tokens.back().byte_end, text.size());
    }
    const auto tokens = tokenizer.encode("a<|user|>b").value();
    const auto symbol = tokenizer.id_of("<|user|>");
    EXPECT_EQ(std::count_if(tokens.begin(), tokens.end(),
                            [&](const Token& token) { return token.id == symbol; }),
              1);
    EXPECT_EQ(tokenizer.id_of("nothing of the kind"), std::nullopt);
    EXPECT_FALSE(tokenizer.decode(std::vector<uint32_t>{310}));
    EXPECT_EQ(tokenizer.decode(std::vector<uint32_t>{1, *symbol, 2}).value(), "<|user|>");
  }
}

TEST_F(TrainTokenizer, TheSameCorpusGivesTheSameBytes) {
  TokenizerTrainOptions options = small();
  options.max_bytes = 12'000;  // some of the documents
  const auto first = train("a", options);
  const auto second = train("b", options);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(read_file(dir_ / "a/manifest.json").value(),
            read_file(dir_ / "b/manifest.json").value());
  EXPECT_LT(first->facts["documents"], 60);
  options.seed = 2;
  EXPECT_NE(train("c", options)->facts["tokenizer_sha256"], first->facts["tokenizer_sha256"]);
  EXPECT_EQ(second->facts, first->facts);
}

TEST_F(TrainTokenizer, SaysWhatCannotBeLearnt) {
  const auto fails = [&](TokenizerTrainOptions options, const std::string& words) {
    const auto manifest = train("x", options);
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().message, HasSubstr(words));
    EXPECT_FALSE(fs::exists(dir_ / "x"));
  };
  TokenizerTrainOptions options = small();
  options.vocabulary_size = 100'000;
  fails(options, "--vocabulary");
  options.vocabulary_size = 10;
  fails(options, "300 to 1000000 tokens");
  fails({.model = "word"}, "'unigram' or 'bpe'");
  fails({.normalization = "nfd"}, "known: identity");
  fails({.character_coverage = 2}, "0.9 to 1");
  fails({.max_bytes = 0}, "some text");
  fails({.symbols = {"a,b"}}, "cannot be a symbol");
}

TEST_F(TrainTokenizer, AChangedModelIsNotBelieved) {
  model();
  std::string bytes = model();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  fs::remove(dir_ / "small" / kTokenizerModelName);
  ASSERT_TRUE(write_file(dir_ / "small" / kTokenizerModelName, bytes));
  const auto tokenizer = Tokenizer::open(dir_ / "small");
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kCorrupt);
}

TEST_F(TrainTokenizer, AFullDiskLeavesNothing) {
  std::vector<Corpus> corpora;
  corpora.push_back(corpus());
  testing::FailingDisk counts(UINT64_MAX);
  const auto run = [&](testing::FailingDisk& disk) -> Result<void> {
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(dir_ / "full", {.force = true, .disk = &disk}));
    YURAI_TRY(train_tokenizer(corpora, small(), stage, no_progress));
    return stage.commit();
  };
  ASSERT_TRUE(run(counts));
  fs::remove_all(dir_ / "full");
  for (uint64_t i = 0; i + 1 < counts.num_operations(); i += 3) {
    testing::FailingDisk disk(i);
    EXPECT_FALSE(run(disk));
    EXPECT_FALSE(fs::exists(dir_ / "full"));
  }
}

// ---- models that lie ----

TEST_F(TrainTokenizer, ACutOrDamagedModelIsAnErrorOrStillATokenizer) {
  const std::string file = model();
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 300; ++round) {
    std::string bytes = file;
    if (round % 3 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      for (size_t i = 1 + random() % 4; i > 0; --i) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
    }
    const auto tokenizer = Tokenizer::parse(bytes, "damaged");
    if (!tokenizer) continue;
    if (const auto tokens = (*tokenizer)->encode("猫である the cat ﾊﾝｶｸ é①")) {
      (void)(*tokenizer)->decode(ids_of(*tokens));
    }
  }
}

/// Writes a field of Protocol Buffers that holds bytes.
std::string field(int number, const std::string& bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (size_t size = bytes.size();; size >>= 7) {
    out += static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0));
    if (size <= 0x7F) break;
  }
  return out + bytes;
}

std::string piece(const std::string& text, int type = 1) {
  return field(1, field(1, text) + std::string("\x18", 1) + static_cast<char>(type));
}

/// Rules with this array of units, and texts.
std::string rules(const std::vector<uint32_t>& units, const std::string& texts) {
  const auto size = static_cast<uint32_t>(units.size() * 4);
  std::string bytes(reinterpret_cast<const char*>(&size), 4);
  bytes.append(reinterpret_cast<const char*>(units.data()), size);
  return field(3, field(2, bytes + texts));
}

TEST(SentencePieceModel, SaysWhatIsWrongWithAModel) {
  const std::string sound = piece("<unk>", 2) + piece("a");
  EXPECT_TRUE(check_sentencepiece_model(sound));
  std::string nested;
  for (size_t i = 1; i <= 65; ++i) nested += piece(std::string(i, 'x'), 4);
  const std::string texts("x\0", 2);
  std::vector<uint32_t> empty_array(512, 1u << 31);  // such a unit is no child of any
  empty_array[0] = 256u << 10;                       // the root's children stand from 256 on
  EXPECT_TRUE(check_sentencepiece_model(sound + rules(empty_array, texts)));
  std::vector<uint32_t> circle = empty_array;
  circle[256 ^ 'a'] = 'a' | ('a' << 10);  // those of 'a', too
  std::vector<uint32_t> outside = empty_array;
  outside[256 ^ 'a'] = 'a' | (100'000u << 10);
  for (const auto& [bytes, words] : std::vector<std::pair<std::string, std::string>>{
           {"", "no pieces"},
           {"hello, world", ""},
           {piece("a"), "0 unknown pieces"},
           {sound + piece("b", 2), "2 unknown pieces"},
           {sound + piece(""), "piece 2 is empty"},
           {sound + piece(std::string("a\0b", 3)), "piece 2 is not UTF-8"},
           {sound + piece("\xFF"), "piece 2 is not UTF-8"},
           {sound + piece("b", 9), "piece 2 is of no known type"},
           {sound + piece(std::string(2000, 'a')), "piece 2 has 2000 bytes"},
           {sound + field(1, field(1, "b") + "\x15" + std::string("\x00\x00\xC0\x7F", 4)),
            "piece 2 has a score"},
           {sound + "\x12\x7F", "is cut"},
           {sound + "\x0B", "no SentencePiece model"},
           {sound + field(2, "\x18\x09"), "of no known type"},
           {sound + field(2, "") + field(2, ""), "field 2 comes twice"},
           {sound + nested, "begin with one another"},
           {sound + field(3, field(2, "abc")), "another size"},
           {sound + rules({}, texts), "is empty"},
           {sound + rules(std::vector<uint32_t>(255), texts), "out of its table"},
           {sound + rules(empty_array, "x"), "texts are broken"},
           {sound + rules(circle, texts), "in a circle"},
           {sound + rules(outside, texts), "out of its table"}}) {
    const auto model = check_sentencepiece_model(bytes);
    ASSERT_FALSE(model) << words;
    EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(model.error().message, HasSubstr(words));
  }
}

}  // namespace
}  // namespace yurai

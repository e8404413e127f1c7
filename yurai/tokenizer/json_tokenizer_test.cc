#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/utf8.h"
#include "yurai/tokenizer/byte_alphabet.h"
#include "yurai/tokenizer/testing.h"

/// Small tokenizer.json files of every kind that public models have.
namespace yurai {
namespace {

using ::testing::HasSubstr;

Json vocabulary(const std::vector<std::string>& pieces) {
  Json json = Json::object();
  for (const std::string& piece : pieces) json[piece] = json.size();
  return json;
}

Json added(uint32_t id, const std::string& content, Json flags = Json::object()) {
  Json token = {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", true}};
  token.update(flags);
  return token;
}

std::unique_ptr<Tokenizer> open(const Json& file) {
  auto tokenizer = Tokenizer::parse(dump_json(file), "t.json");
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

/// GPT-NeoX's kind: bytes, NFC, the words of GPT-2.
Json byte_level(const std::vector<std::string>& further = {}, Json merges = Json::array()) {
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) {
    pieces.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  }
  pieces.insert(pieces.end(), further.begin(), further.end());
  const Json part = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  return {{"added_tokens", Json::array()},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", part},
          {"post_processor", part},
          {"decoder", part},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary(pieces)}, {"merges", merges}}}};
}

/// Llama 2's kind: no words, bytes for what is unknown.
Json llama() {
  std::vector<std::string> pieces = {"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) pieces.push_back(fmt::format("<0x{:02X}>", byte));
  const size_t first = pieces.size();
  for (const char* piece : {"▁", "a", "b", "日", "ab", "▁ab"}) pieces.emplace_back(piece);
  EXPECT_EQ(first, 259U);
  return {{"added_tokens", {added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")}},
          {"normalizer",
           {{"type", "Sequence"},
            {"normalizers",
             {{{"type", "Prepend"}, {"prepend", "▁"}},
              {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}}}}}},
          {"pre_tokenizer", nullptr},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single",
             {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}},
              {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
              {{"SpecialToken", {{"id", "</s>"}, {"type_id", 0}}}}}},
            {"special_tokens",
             {{"<s>", {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}}},
              {"</s>", {{"id", "</s>"}, {"ids", {2}}, {"tokens", {"</s>"}}}}}}}},
          {"decoder",
           {{"type", "Sequence"},
            {"decoders",
             {{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
              {{"type", "ByteFallback"}},
              {{"type", "Fuse"}},
              {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
          {"model",
           {{"type", "BPE"},
            {"unk_token", "<unk>"},
            {"fuse_unk", true},
            {"byte_fallback", true},
            {"vocab", vocabulary(pieces)},
            {"merges", {"a b", "▁ ab"}}}}};
}

/// LLM-jp's kind: Unigram, normalisers of regular expressions.
Json llm_jp() {
  // Json::array: two texts and numbers would be an object.
  Json pieces = Json::array({Json::array({"<unk>", 0.0}), Json::array({"</s>", 0.0})});
  for (int byte = 0; byte < 256; ++byte) {
    pieces.push_back(Json::array({fmt::format("<0x{:02X}>", byte), -9.0}));
  }
  for (const char* piece : {"▁", "日", "本", "語", "a", "\n"})
    pieces.push_back(Json::array({piece, -6.0}));
  pieces.push_back(Json::array({"日本", -7.0}));
  pieces.push_back(Json::array({"▁日本", -7.5}));
  return {
      {"added_tokens", {added(0, "<unk>"), added(1, "</s>")}},
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers",
         {{{"type", "Replace"}, {"pattern", {{"Regex", "^"}}}, {"content", "▁"}},
          {{"type", "Replace"}, {"pattern", {{"Regex", "\n▁"}}}, {"content", "\n"}},
          {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}}}}}},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders",
         {{{"type", "ByteFallback"}},
          {{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
          {{"type", "Fuse"}},
          {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
      {"model", {{"type", "Unigram"}, {"unk_id", 0}, {"byte_fallback", true}, {"vocab", pieces}}}};
}

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text,
                                const EncodeOptions& options = {}) {
  const auto tokens = tokenizer.encode(text, options);
  EXPECT_TRUE(tokens) << tokens.error().message;
  std::vector<std::string> out;
  for (const Token& token : *tokens) {
    out.push_back(fmt::format("{}[{},{}]", tokenizer.piece(token.id).value(), token.byte_begin,
                              token.byte_end));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(JsonTokenizer, BytesOfACharacterShareItsRangeAndSpacesAreTrimmed) {
  const auto tokenizer = open(byte_level({"ab", "Ġab"}, {"a b", "Ġ ab"}));
  EXPECT_EQ(tokenizer->facts().kind, "byte-level-bpe");
  EXPECT_EQ(pieces(*tokenizer, "ab ab"), (Strings{"ab[0,2]", "Ġab[3,5]"}));
  EXPECT_EQ(pieces(*tokenizer, "日"), (Strings{"æ[0,3]", "Ĺ[0,3]", "¥[0,3]"}));
  EXPECT_EQ(pieces(*tokenizer, "a "), (Strings{"a[0,1]", "Ġ[2,2]"}));
}

TEST(JsonTokenizer, AComposedCharacterHasTheRangeOfItsFirstPart) {
  const auto tokenizer = open(byte_level());
  EXPECT_EQ(pieces(*tokenizer, "e\xCC\x81x"), (Strings{"Ã[0,1]", "©[0,1]", "x[3,4]"}));
}

TEST(JsonTokenizer, LlamaPrependsReplacesAndFallsBackToBytes) {
  const auto tokenizer = open(llama());
  EXPECT_EQ(tokenizer->facts().kind, "bpe");
  EXPECT_EQ(tokenizer->facts().unknown, 0U);
  EXPECT_EQ(pieces(*tokenizer, "ab ab日é"),
            (Strings{"▁ab[0,2]", "▁ab[2,5]", "日[5,8]", "<0xC3>[8,10]", "<0xA9>[8,10]"}));
  EXPECT_EQ(pieces(*tokenizer, "a", {.add_special = true}),
            (Strings{"<s>[0,0]", "▁[0,1]", "a[0,1]", "</s>[1,1]"}));
  for (const std::string text : {"ab", " ab", "ab\n日é😀 ", "\x01\x7F"}) {
    const auto ids = ids_of(tokenizer->encode(text).value());
    EXPECT_EQ(tokenizer->decode(ids).value(), text);
  }
}

TEST(JsonTokenizer, SpecialTextIsATokenUnlessTheTextIsNotTrusted) {
  const auto tokenizer = open(llama());
  EXPECT_EQ(pieces(*tokenizer, "a</s>a"),
            (Strings{"▁[0,1]", "a[0,1]", "</s>[1,5]", "▁[5,6]", "a[5,6]"}));
  const auto plain = tokenizer->encode("a</s>", {.match_special = false}).value();
  EXPECT_EQ(plain.back().id, 3U + '>');
  EXPECT_EQ(tokenizer->decode(std::vector<uint32_t>{1, 260, 2}).value(), "<s>a</s>");
  EXPECT_EQ(tokenizer->decode(std::vector<uint32_t>{1, 260, 2}, {.skip_special = true}).value(),
            "a");
  ASSERT_EQ(tokenizer->facts().special.size(), 3U);
  EXPECT_EQ(tokenizer->facts().special[2].text, "</s>");
  EXPECT_EQ(tokenizer->id_of("</s>"), 2U);
  EXPECT_EQ(tokenizer->id_of("nothing"), std::nullopt);
}

TEST(JsonTokenizer, LlmJpBeginsLinesWithoutASpace) {
  const auto tokenizer = open(llm_jp());
  EXPECT_EQ(tokenizer->facts().kind, "unigram");
  EXPECT_EQ(pieces(*tokenizer, "日本\n日本 日"),
            (Strings{"▁日本[0,6]", "\n[6,7]", "日本[7,13]", "▁[13,14]", "日[14,17]"}));
  EXPECT_EQ(pieces(*tokenizer, "é"), (Strings{"▁[0,0]", "<0xC3>[0,2]", "<0xA9>[0,2]"}));
  for (const std::string text : {"日本語", "a\n\n日", " a", "日本é😀"}) {
    EXPECT_EQ(tokenizer->decode(ids_of(tokenizer->encode(text).value())).value(), text);
  }
}

TEST(JsonTokenizer, AddedTokensTakeTheLongestAndStripWhatTheySay) {
  Json file = byte_level();
  file["added_tokens"] = {added(256, "<a>"), added(257, "<a>b"),
                          added(258, "<l>", {{"lstrip", true}, {"rstrip", true}}),
                          added(259, "word", {{"single_word", true}, {"special", false}})};
  file["post_processor"] = nullptr;
  const auto tokenizer = open(file);
  EXPECT_EQ(tokenizer->vocabulary_size(), 260U);
  EXPECT_EQ(pieces(*tokenizer, "<a>b<a>"), (Strings{"<a>b[0,4]", "<a>[4,7]"}));
  EXPECT_EQ(pieces(*tokenizer, "x  <l>\n y"), (Strings{"x[0,1]", "<l>[1,8]", "y[8,9]"}));
  EXPECT_EQ(pieces(*tokenizer, "word"), (Strings{"word[0,4]"}));
  EXPECT_EQ(pieces(*tokenizer, "words").size(), 5U);
}

TEST(JsonTokenizer, AddedTokensAreFoundInNormalisedText) {
  Json file = byte_level();
  file["normalizer"] = {{"type", "Lowercase"}};
  file["added_tokens"] =
      Json::array({added(256, "DAY", {{"normalized", true}, {"special", false}})});
  EXPECT_EQ(pieces(*open(file), "xDay"), (Strings{"x[0,1]", "DAY[1,4]"}));
}

TEST(JsonTokenizer, MetaspaceCutsBeforeEachSpace) {
  Json file = llama();
  file["normalizer"] = nullptr;
  file["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "first"}};
  file["decoder"] = file["pre_tokenizer"];
  const auto tokenizer = open(file);
  EXPECT_EQ(pieces(*tokenizer, "ab ab</s>ab"),
            (Strings{"▁ab[0,2]", "▁ab[2,5]", "</s>[5,9]", "ab[9,11]"}));
  EXPECT_EQ(tokenizer->decode(ids_of(tokenizer->encode("ab a").value())).value(), "ab a");
}

TEST(JsonTokenizer, PreTokenizersCutAsTheyAreNamed) {
  const auto cut = [](Json pre_tokenizer, const std::string& text) {
    // Whole words as tokens show where the pre-tokenizer cuts.
    Json file = byte_level();
    file["normalizer"] = nullptr;
    file["post_processor"] = nullptr;
    file["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers",
         {pre_tokenizer,
          {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
    file["model"]["ignore_merges"] = true;
    size_t id = file["model"]["vocab"].size();
    for (size_t begin = 0; begin < text.size(); ++begin) {
      for (size_t size = 2; begin + size <= text.size(); ++size) {
        const std::string piece = to_byte_alphabet(text.substr(begin, size));
        if (!file["model"]["vocab"].contains(piece)) file["model"]["vocab"][piece] = id++;
      }
    }
    Strings out;
    const std::vector<Token> tokens = open(file)->encode(text).value();
    for (const Token& token : tokens) {
      out.push_back(text.substr(token.byte_begin, token.byte_end - token.byte_begin));
    }
    return out;
  };
  const auto split = [](const std::string& behavior, bool invert = false) {
    return Json{{"type", "Split"},
                {"pattern", {{"String", "-"}}},
                {"behavior", behavior},
                {"invert", invert}};
  };
  const std::string text = "the-final--countdown";
  EXPECT_EQ(cut(split("Removed"), text), (Strings{"the", "final", "countdown"}));
  EXPECT_EQ(cut(split("Isolated"), text), (Strings{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(cut(split("MergedWithPrevious"), text), (Strings{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(cut(split("MergedWithNext"), text), (Strings{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(cut(split("Contiguous"), text), (Strings{"the", "-", "final", "--", "countdown"}));
  EXPECT_EQ(cut(split("Removed", true), text), (Strings{"-", "-", "-"}));
  EXPECT_EQ(cut({{"type", "Digits"}, {"individual_digits", true}}, "a12"),
            (Strings{"a", "1", "2"}));
  EXPECT_EQ(cut({{"type", "Digits"}}, "a12b"), (Strings{"a", "12", "b"}));
  EXPECT_EQ(cut({{"type", "Punctuation"}}, "Hey friend!  $5?!"),
            (Strings{"Hey friend", "!", "  ", "$", "5", "?", "!"}));
  EXPECT_EQ(cut({{"type", "Whitespace"}}, "a_b ok?!"), (Strings{"a_b", "ok", "?!"}));
  EXPECT_EQ(cut({{"type", "WhitespaceSplit"}}, "Hey friend!\t a"),
            (Strings{"Hey", "friend!", "a"}));
}

TEST(JsonTokenizer, EveryTextComesBackFromBytesWithoutANormaliser) {
  Json file = byte_level({"ab", "Ġab"}, {"a b", "Ġ ab"});
  file["normalizer"] = nullptr;
  const auto tokenizer = open(file);
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (size_t i = random() % 40; i > 0; --i) {
      const auto c = static_cast<char32_t>(random() % (round % 2 == 0 ? 0x80 : 0x11000));
      if (c < 0xD800 || c > 0xDFFF) append_char(c, text);
    }
    const auto tokens = tokenizer->encode(text).value();
    ASSERT_EQ(tokenizer->decode(ids_of(tokens)).value(), text);
  }
}

TEST(JsonTokenizer, BytesThatAreNoTextBecomeReplacementCharacters) {
  const auto tokenizer = open(byte_level());
  const auto id = [](unsigned char byte) { return uint32_t{byte}; };
  EXPECT_EQ(tokenizer->decode(std::vector<uint32_t>{id('a'), id(0xE6), id(0x97), id('b')}).value(),
            "a\xEF\xBF\xBD"
            "b");
  const auto other = tokenizer->decode(std::vector<uint32_t>{999});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("no token 999"));
}

TEST(JsonTokenizer, TextsThatAreTooLongOrNoUtf8AreRefused) {
  const auto tokenizer = open(byte_level());
  EXPECT_THAT(tokenizer->encode("ab\xFF").error().message, HasSubstr("byte 2 is not UTF-8"));
  EXPECT_EQ(tokenizer->encode(std::string(kMaxTokenizerTextBytes + 1, 'a')).error().code,
            ErrorCode::kResourceExhausted);
  EXPECT_TRUE(tokenizer->encode("").value().empty());
}

TEST(JsonTokenizer, WhatWeDoNotHaveIsRefusedByName) {
  const auto refused = [](const char* path, const Json& value, const std::string& words) {
    Json file = llama();
    file[Json::json_pointer(path)] = value;
    const auto tokenizer = Tokenizer::parse(dump_json(file), "t.json");
    ASSERT_FALSE(tokenizer) << path;
    EXPECT_EQ(tokenizer.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(tokenizer.error().message, HasSubstr(words));
    EXPECT_THAT(tokenizer.error().message, HasSubstr("t.json"));
  };
  refused("/model/type", "WordPiece", "model 'WordPiece' is not supported; known: BPE, Unigram");
  refused("/model/dropout", 0.1, "dropout");
  refused("/model/end_of_word_suffix", "</w>", "'end_of_word_suffix' is not supported");
  refused("/model/vocab", 5, "'vocab' must be an object");
  refused("/model/vocab/a", -1, "its id must be a whole number");
  refused("/model/vocab/a", 4'000'000'000u, "far beyond 265 tokens");
  refused("/model/vocab/a", 5, "and so has");
  refused("/model/merges/0", "a", "merge 0 must be two tokens");
  refused("/model/merges/0", "a b c", "merge 0 must be two tokens");
  refused("/model/merges/0", "a c", "'c' is not in the vocabulary");
  refused("/model/merges/0", Json{"", "a"}, "merge 0 must be two tokens");
  refused("/model/unk_token", "?", "unk_token '?' is not in the vocabulary");
  refused("/normalizer/normalizers/0/type", "Precompiled", "known: Sequence, NFC");
  refused("/normalizer/normalizers/1/pattern", Json{{"Regex", "["}}, "regular expression '['");
  refused("/pre_tokenizer", Json{{"type", "BertPreTokenizer"}}, "pre_tokenizer 'BertPreTokenizer'");
  refused("/post_processor/type", "BertProcessing", "known: Sequence, ByteLevel, Template");
  refused("/post_processor/special_tokens/<s>/ids", Json{-1}, "an id of '<s>' is none");
  refused("/post_processor/special_tokens/<s>/ids", Json{70'000}, "there is no token 70000");
  refused("/decoder/decoders/0/type", "CTC", "decoder 'CTC' is not supported");
  refused("/decoder/decoders/3/content", "ab", "one character");
  refused("/added_tokens/1/id", 4'000'000'000u, "far beyond the vocabulary");
  refused("/added_tokens/1/id", 7, "in the vocabulary that is another token");
  refused("/added_tokens/1/content", "\x1b[31m", "\\u001b[31m' has id 1");
}

TEST(JsonTokenizer, ADeepFileIsRefusedBeforeItIsRead) {
  const std::string deep = "{\"model\":" + std::string(100'000, '[');
  EXPECT_FALSE(Tokenizer::parse(deep, "deep"));
  EXPECT_FALSE(Tokenizer::parse(
      "{\"model\":{\"vocab\":" + std::string(70, '[') + std::string(70, ']') + "}}", "deep"));
}

TEST(JsonTokenizer, ACutOrDamagedFileIsAnErrorOrStillATokenizer) {
  std::mt19937_64 random(testing::test_seed());
  for (const Json& json : {byte_level({"ab"}, {"a b"}), llama(), llm_jp()}) {
    const std::string file = dump_json(json);
    for (int round = 0; round < 150; ++round) {
      std::string bytes = file;
      if (round % 3 == 0) {
        bytes.resize(random() % bytes.size());
        EXPECT_FALSE(Tokenizer::parse(bytes, "cut"));
        continue;
      }
      for (size_t i = 1 + random() % 3; i > 0; --i) {
        bytes[random() % bytes.size()] = static_cast<char>(random() % 128);
      }
      const auto tokenizer = Tokenizer::parse(bytes, "damaged");
      if (!tokenizer) continue;
      if (const auto tokens = (*tokenizer)->encode("ab 日本\né</s>", {.add_special = true})) {
        (void)(*tokenizer)->decode(ids_of(*tokens));
      }
    }
  }
}

TEST(JsonTokenizer, OneTokenizerServesManyThreads) {
  const auto tokenizer = open(llama());
  std::vector<std::thread> threads;
  const std::string text = "ab ab日é ab\n";
  const auto expected = tokenizer->encode(text).value();
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        if (tokenizer->encode(text).value() != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(JsonTokenizer, AModelFolderNamesItsRoles) {
  const testing::TemporaryDirectory dir;
  ASSERT_TRUE(write_file(dir / "tokenizer.json", dump_json(llama())));
  ASSERT_TRUE(write_file(dir / "tokenizer_config.json",
                         R"({"bos_token":"<s>","eos_token":{"content":"</s>"},"pad_token":null})"));
  const auto tokenizer = Tokenizer::open(dir.path());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->facts().begin, 1U);
  EXPECT_EQ((*tokenizer)->facts().end, 2U);
  EXPECT_EQ((*tokenizer)->facts().padding, std::nullopt);
  EXPECT_EQ((*tokenizer)->facts().sha256.size(), 64U);
  EXPECT_EQ(Tokenizer::open(dir / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace yurai

#include <gtest/gtest.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <unordered_map>

#include "yurai/base/utf8.h"
#include "yurai/tokenizer/sentencepiece_model.h"
#include "yurai/tokenizer/testing.h"

/// Our reading of SentencePiece models against its library's: models learnt here, and models made
/// of them with other flags, scores and types.
namespace yurai {
namespace {

using Random = std::mt19937_64;
using Sections = std::vector<std::pair<int, std::string>>;

const std::vector<std::string>& words() {
  static const std::vector<std::string> kWords = {
      "吾輩", "猫", "である", "名前",    "まだ",     "ない",   "the",    "cat",
      "has",  "no", "name",   "yet",     "ｶﾞｷﾞ",     "ガギ",   "ＡＢＣ", "１２３",
      "2024", "ﬁn", "é",      "e\u0301", "か\u3099", "㍿",     "😀",      "👩‍👩‍👧",
      "…",    "。", "、",     "\u3000",  "naïve",    "Straße", "İ",      "ǅ",
      "~",    "〜", "\u200b"};
  return kWords;
}

std::string pick(Random& random, const std::vector<std::string>& from) {
  return from[random() % from.size()];
}

std::string random_text(Random& random) {
  static const std::vector<std::string> kOdd = {
      " ",       "  ",       "   ",    "\t",      "\n",     "\r\n",      std::string(1, '\0'),
      "▁",       "▁▁",       "<s>",    "</s>",    "<unk>",  "<0x41>",    "<0x0A>",
      "<|a|>",   "<|ab|>",   "<|a",    "<|a b|>", "猫猫",   "\u0301",    "\u0301\u0302\u0303",
      "\u200d",  "\u00ad",   "\ufeff", "\u2028",  "\u00a0", "\ufffd",    "⁇",
      "aaaaaaa", "ああああ", "\x7f",   "\x01",    "𠮷",     "\U0010ffff"};
  std::string text;
  for (uint64_t i = random() % 12; i > 0; --i) {
    switch (random() % 4) {
      case 0:
        text += pick(random, kOdd);
        break;
      case 1: {
        auto c = static_cast<char32_t>(random() % (random() % 2 == 0 ? 0x3400 : 0x11'0000));
        if (c >= 0xD800 && c < 0xE000) c = 'x';
        append_char(c, text);
        break;
      }
      default:
        text += pick(random, words());
        if (random() % 3 == 0) text += ' ';
    }
  }
  if (random() % 60 == 0) {
    const std::string part = pick(random, words());
    while (text.size() < 3000) text += part;
  }
  return text;
}

/// The lines to learn from.
class Lines final : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(uint64_t seed) : random_(seed) { Next(); }
  bool done() const override { return left_ == 0; }
  void Next() override {
    --left_;
    line_.clear();
    for (int i = 0; i < 12; ++i) {
      line_ += pick(random_, words());
      if (random_() % 3 == 0) line_ += "  ";
    }
  }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  Random random_;
  int left_ = 300;
  std::string line_;
};

std::string learn(std::unordered_map<std::string, std::string> options) {
  for (const auto& [key, value] : std::map<std::string, std::string>{{"vocab_size", "420"},
                                                                     {"character_coverage", "0.98"},
                                                                     {"hard_vocab_limit", "false"},
                                                                     {"num_threads", "2"},
                                                                     {"minloglevel", "4"}}) {
    options.emplace(key, value);
  }
  Lines lines(7);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &lines, &model);
  EXPECT_TRUE(status.ok()) << status.message();
  return model;
}

// ---- the file, taken apart and put together ----

std::string varint(uint64_t value) {
  std::string out;
  for (; value > 0x7F; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  return out + static_cast<char>(value);
}
std::string bytes_field(int number, const std::string& bytes) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string number_field(int number, uint64_t value) {
  return varint(static_cast<uint64_t>(number) << 3) + varint(value);
}

/// The fields of a model; all hold bytes.
Sections sections(std::string_view bytes) {
  Sections out;
  while (!bytes.empty()) {
    const int number = bytes[0] >> 3;
    uint64_t size = 0;
    size_t at = 1;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      size |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) break;
    }
    out.emplace_back(number, bytes.substr(at, size));
    bytes.remove_prefix(at + size);
  }
  return out;
}

std::string piece_field(const SentencePiece& piece) {
  const auto score = std::bit_cast<uint32_t>(piece.score);
  return bytes_field(1, bytes_field(1, piece.text) + '\x15' +
                            std::string(reinterpret_cast<const char*>(&score), 4) +
                            number_field(3, static_cast<uint64_t>(piece.type)));
}

/// The same model with flags, types and scores drawn anew.
std::string variant(const std::string& model, Random& random) {
  const auto coin = [&] { return random() % 2; };
  SentencePieceModel parsed = parse_sentencepiece_model(model).value();
  const bool ties = coin() == 0;
  const uint64_t share = coin() == 0 ? 0 : 5;
  std::string out;
  for (SentencePiece& piece : parsed.pieces) {
    if (ties) piece.score = std::round(piece.score);
    if (piece.type == SentencePieceType::kNormal && share > 0) {
      if (random() % share == 0) piece.type = SentencePieceType::kUnused;
      if (random() % 100 == 0) piece.type = SentencePieceType::kUserDefined;
    }
    out += piece_field(piece);
  }
  std::string rules;
  for (auto [number, bytes] : sections(model)) {
    if (number == 2) {
      bytes += number_field(24, coin());
      if (coin() == 0) bytes += bytes_field(44, coin() == 0 ? "" : "<?>");
      out += bytes_field(2, bytes);
    } else if (number == 3) {
      rules = bytes;
      for (const int flag : {3, 4}) bytes += number_field(flag, coin());
      if (random() % 4 == 0) bytes += number_field(5, 0);
      out += bytes_field(3, bytes);
    }
  }
  for (const int flag : {3, 4, 5}) rules += number_field(flag, coin());
  if (coin() == 0) out += bytes_field(5, rules);
  return out;
}

// ---- the comparison ----

std::vector<int> ints(const std::vector<uint32_t>& ids) { return {ids.begin(), ids.end()}; }

/// How many texts were compared.
size_t compare(const std::string& model, const std::string& name, int num_texts, Random& random) {
  const auto parsed = Tokenizer::parse(model, name);
  sentencepiece::SentencePieceProcessor library;
  const auto loaded = library.LoadFromSerializedProto(model);
  EXPECT_EQ(parsed.has_value(), loaded.ok()) << name << " " << loaded.message();
  if (!parsed || !loaded.ok()) return 0;
  const Tokenizer& ours = **parsed;
  const auto size = static_cast<uint32_t>(library.GetPieceSize());
  EXPECT_EQ(ours.vocabulary_size(), size);
  EXPECT_EQ(ours.facts().unknown.value_or(UINT32_MAX), static_cast<uint32_t>(library.unk_id()));
  EXPECT_EQ(ours.facts().begin.value_or(UINT32_MAX), static_cast<uint32_t>(library.bos_id()));
  EXPECT_EQ(ours.facts().end.value_or(UINT32_MAX), static_cast<uint32_t>(library.eos_id()));
  EXPECT_EQ(ours.facts().padding.value_or(UINT32_MAX), static_cast<uint32_t>(library.pad_id()));
  for (uint32_t id = 0; id < size; ++id) {
    const std::string piece = library.IdToPiece(static_cast<int>(id));
    EXPECT_EQ(ours.piece(id), piece);
    EXPECT_EQ(ours.id_of(piece), static_cast<uint32_t>(library.PieceToId(piece)));
  }
  for (int i = 0; i < num_texts; ++i) {
    const std::string text = i == 0 ? "" : i < 5 ? std::string(i, ' ') : random_text(random);
    sentencepiece::ImmutableSentencePieceText expected;
    const bool ok = library.Encode(text, expected.mutable_proto()).ok();
    const auto tokens = ours.encode(text);
    EXPECT_EQ(tokens.has_value(), ok) << name << ": " << ::testing::PrintToString(text);
    std::vector<uint32_t> ids;
    if (ok && tokens) {
      std::vector<Token> theirs;
      for (const auto& piece : expected.pieces()) {
        theirs.push_back({piece.id(), piece.begin(), piece.end()});
      }
      const bool equal = *tokens == theirs;
      EXPECT_TRUE(equal) << name << ": " << ::testing::PrintToString(text);
      if (!equal) return static_cast<size_t>(i);
      ids = ids_of(*tokens);
    }
    for (int round = 0; round < 2; ++round) {  // what was encoded, then any ids
      std::string decoded;
      EXPECT_TRUE(library.Decode(ints(ids), &decoded).ok());
      EXPECT_EQ(ours.decode(ids).value(), decoded) << name;
      ids.resize(random() % 12);
      for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % size);
    }
  }
  return static_cast<size_t>(num_texts);
}

class SentencePieceLibrary : public ::testing::TestWithParam<const char*> {};

TEST_P(SentencePieceLibrary, GivesTheSameIdsRangesAndTextForAnyModelAndText) {
  Random random(testing::test_seed());
  const std::string kind = GetParam();
  size_t num_texts = 0;
  size_t num_models = 0;
  for (const std::string rules : {"identity", "nfkc", "nfkc_cf", "nmt_nfkc", "nmt_nfkc_cf"}) {
    for (const std::string fallback : {"false", "true"}) {
      const bool both = kind == "unigram" || kind == "bpe";
      if (!both && (rules != "nmt_nfkc" || fallback == "true")) continue;
      std::unordered_map<std::string, std::string> options = {
          {"model_type", kind},
          {"normalization_rule_name", rules},
          {"byte_fallback", fallback},
          {"user_defined_symbols", "<|a|>,<|ab|>,<|a,猫猫,aa"},
          {"allow_whitespace_only_pieces", fallback},
          {"pad_id", fallback == "true" ? "3" : "-1"}};
      const std::string model = learn(options);
      const std::string name = kind + " " + rules + " " + fallback;
      num_texts += compare(model, name, 200, random);
      for (int i = 0; i < 8; ++i, ++num_models) {
        num_texts += compare(variant(model, random), name + " changed", 100, random);
      }
    }
  }
  RecordProperty("texts", static_cast<int>(num_texts));
  EXPECT_GE(num_texts, num_models * 100);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SentencePieceLibrary,
                         ::testing::Values("unigram", "bpe", "word", "char"));

TEST(SentencePieceLongText, IsCutTheSame) {
  Random random(testing::test_seed());
  std::string text;
  while (text.size() < 300'000) text += random_text(random);
  for (const std::string kind : {"unigram", "bpe"}) {
    const std::string model = learn({{"model_type", kind}, {"byte_fallback", "true"}});
    sentencepiece::SentencePieceProcessor library;
    ASSERT_TRUE(library.LoadFromSerializedProto(model).ok());
    std::vector<int> expected;
    ASSERT_TRUE(library.Encode(text, &expected).ok());
    const auto tokens = Tokenizer::parse(model, kind).value()->encode(text);
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_TRUE(ints(ids_of(*tokens)) == expected) << kind;
  }
}

TEST(SentencePieceFile, OneThatItsLibraryRefusesIsRefused) {
  const auto piece = [](const std::string& text, SentencePieceType type) {
    return piece_field({text, 0, type});
  };
  const std::string unknown = piece("<unk>", SentencePieceType::kUnknown);
  const std::string sound = unknown + piece("a", SentencePieceType::kNormal);
  for (const std::string& bytes :
       {sound + piece("a", SentencePieceType::kUserDefined),
        sound + piece("<0x41>", SentencePieceType::kByte),
        sound + piece("<0x41>", SentencePieceType::kByte) + bytes_field(2, number_field(35, 1)),
        sound + piece("x", SentencePieceType::kByte) + bytes_field(2, number_field(35, 1)),
        sound + bytes_field(2, number_field(35, 1)), unknown}) {
    sentencepiece::SentencePieceProcessor library;
    EXPECT_FALSE(library.LoadFromSerializedProto(bytes).ok());
    EXPECT_FALSE(Tokenizer::parse(bytes, "refused"));
  }
  Random random(1);
  EXPECT_EQ(compare(sound, "sound", 20, random), 20U);
}

}  // namespace
}  // namespace yurai

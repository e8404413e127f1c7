#include "yurai/corpus/record_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/json.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using namespace std::string_literals;

Result<Document> parse(std::string_view line) { return parse_record(line, default_field_map()); }
std::string reason(std::string_view line) {
  const auto document = parse(line);
  return document ? "accepted" : document.error().message;
}

TEST(RecordParser, ReadsAllFieldsAndDropsTheOthers) {
  const auto document = parse(
      R"( { "x" : [1, {"text": 5}, null, true, -0.5e+3] , "text":"a\n\u00e9\ud842\udfb7\/","id":"i",)"
      R"("source":"s","license":"l","author":"a","url":"u","title":"t","date":"d","lang":null} )"
      "\t");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->text, "a\né𠮷/");
  EXPECT_EQ(document->id + document->source + document->license + document->author + document->url +
                document->title + document->date + document->lang,
            "islautd");
}

TEST(RecordParser, TakesWholeNumbersAsIdsDigitByDigit) {
  EXPECT_EQ(parse(R"({"id":123,"text":""})")->id, "123");
  EXPECT_EQ(parse(R"({"id":-7,"text":""})")->id, "-7");
  EXPECT_EQ(parse(R"({"id":123456789012345678901234567890,"text":""})")->id,
            "123456789012345678901234567890");
  EXPECT_EQ(reason(R"({"id":1.5,"text":""})"), "'id' must be a string, not a number (byte 6)");
}

TEST(RecordParser, KeepsAnEscapedNulAndAnEmptyText) {
  EXPECT_EQ(parse(R"({"text":"a\u0000b"})")->text, "a\0b"s);
  EXPECT_EQ(parse(R"({"text":""})")->text, "");
}

TEST(RecordParser, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(reason(R"({"text":5})"), "'text' must be a string, not a number (byte 8)");
  EXPECT_EQ(reason(R"({"text":["a"]})"), "'text' must be a string, not an array (byte 8)");
  EXPECT_EQ(reason(R"({"text":"a","url":{}})"), "'url' must be a string, not an object (byte 18)");
  EXPECT_EQ(reason(R"({"text":"a","date":true})"),
            "'date' must be a string, not true or false (byte 19)");
  EXPECT_EQ(reason(R"({"id":"a"})"), "'text' is missing");
  EXPECT_EQ(reason(R"({"text":null})"), "'text' is missing");
  EXPECT_EQ(reason("{}"), "'text' is missing");
  EXPECT_EQ(reason("[]"), "a record must be a JSON object (byte 0)");
  EXPECT_EQ(reason("5"), "a record must be a JSON object (byte 0)");
  EXPECT_EQ(reason(R"({"text":"a","text":"b"})"), "'text' stands twice (byte 19)");
  EXPECT_EQ(reason(R"({"text":"a")"),
            "broken JSON: it ends at byte 11: ',' or '}' must stand here");
  EXPECT_EQ(reason(R"({"text":"a)"), "broken JSON: it ends at byte 10: a string is not closed");
  EXPECT_EQ(reason(R"({"text":"a",})"),
            "broken JSON at byte 12: a member's name in quotes must stand here");
  EXPECT_EQ(reason(R"({"text":"a"}x)"), "broken JSON at byte 12: more follows the object");
  EXPECT_EQ(reason(R"({"text":"a" "id":"b"})"),
            "broken JSON at byte 12: ',' or '}' must stand here");
  EXPECT_EQ(reason(R"({"text" "a"})"), "broken JSON at byte 8: ':' must stand here");
  EXPECT_EQ(reason(R"({"text":nul})"), "broken JSON at byte 8: a value must stand here");
  EXPECT_EQ(reason(R"({"text":"a\x"})"), "broken JSON at byte 11: unknown escape");
  EXPECT_EQ(reason(R"({"text":"a","x":01})"), "broken JSON at byte 17: ',' or '}' must stand here");
  EXPECT_EQ(reason("{\"text\":\"a\nb\"}"),
            "broken JSON at byte 10: a control character must be escaped");
}

TEST(RecordParser, RefusesSurrogatesThatStandAloneEverywhere) {
  EXPECT_EQ(reason(R"({"text":"\ud800"})"),
            "broken JSON at byte 15: a high surrogate stands alone");
  EXPECT_EQ(reason(R"({"text":"\udc00"})"), "broken JSON at byte 15: a low surrogate stands alone");
  EXPECT_EQ(reason(R"({"text":"\ud800\u0041"})"),
            "broken JSON at byte 21: a high surrogate stands alone");
  EXPECT_NE(reason(R"({"text":"a","x":"\ud800"})"), "accepted");
  EXPECT_NE(reason(R"({"text":"a","\ud800":1})"), "accepted");
}

TEST(RecordParser, RefusesBytesThatAreNotText) {
  EXPECT_EQ(reason("{\"text\":\"\xff\"}"), "not UTF-8 at byte 9");
  EXPECT_EQ(reason("{\"text\":\"\xc0\x80\"}"), "not UTF-8 at byte 9");      // overlong
  EXPECT_EQ(reason("{\"text\":\"\xed\xa0\x80\"}"), "not UTF-8 at byte 9");  // surrogate
  EXPECT_EQ(reason("{\"text\":\"a\"}\0"s), "a raw NUL byte at byte 12");
  EXPECT_EQ(reason("{\"text\":\"\0\"}"s), "a raw NUL byte at byte 9");
  EXPECT_EQ(reason("{\"text\":\"\x93\xfa\x96\x7b\x82\xcc\"}"),
            "not UTF-8 at byte 9; it looks like Shift_JIS: convert the file with 'iconv -f "
            "Shift_JIS -t UTF-8'");
  EXPECT_NE(reason("{\"text\":\"\x1b$BF|K\\\\\x1b(B\"}").find("it looks like ISO-2022-JP"),
            std::string::npos);
}

TEST(RecordParser, SurvivesNestingBombs) {
  const auto nested = [](size_t depth, char open, char close) {
    return R"({"text":"a","x":)" + std::string(depth, open) + std::string(depth, close) + "}";
  };
  EXPECT_EQ(reason(nested(kMaxNesting - 1, '[', ']')), "accepted");
  EXPECT_EQ(reason(nested(kMaxNesting, '[', ']')), "nested deeper than 128 at byte 143");
  EXPECT_EQ(reason(R"({"text":)" + std::string(10'000'000, '[')),
            "nested deeper than 128 at byte 135");
  std::string objects = R"({"text":"a","x":)";
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_NE(reason(objects).find("nested deeper"), std::string::npos);
}

TEST(RecordParser, RenamesFields) {
  const FieldMap map = parse_field_map("text=content,id=url,title=url").value();
  const auto document =
      parse_record(R"({"content":"a","text":5,"id":[],"url":"u","source":"s"})", map);
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->text, "a");
  EXPECT_EQ(document->id, "u");
  EXPECT_EQ(document->title, "u");
  EXPECT_EQ(document->url, "u");
  EXPECT_EQ(document->source, "s");
  EXPECT_EQ(parse_record("{}", map).error().message, "'content' is missing");
  for (const std::string_view bad :
       {"", "text", "text=", "=a", "body=text", "text=a,text=b", "text=a,", "text=a,,id=b"}) {
    EXPECT_FALSE(parse_field_map(bad)) << bad;
  }
  EXPECT_EQ(parse_field_map("body=text").error().message,
            "'body' is no field of a document; there are id, text, source, license, author, url, "
            "title, date, lang");
}

/// Any JSON, sometimes damaged.
class RandomJson {
 public:
  explicit RandomJson(uint64_t seed) : random_(seed) {}

  std::string record() {
    std::string out = "{";
    std::vector<std::string> names = {"text", "id", "source", "lang", "other", "x"};
    std::shuffle(names.begin(), names.end(), random_);
    names.resize(1 + random_() % names.size());
    for (const std::string& name : names) {
      if (out.size() > 1) out += space() + ",";
      const bool plain = name == "other" || name == "x" || pick(6);
      out += space() + "\"" + name + "\"" + space() + ":" + space() + (plain ? value(4) : string());
    }
    out += "}";
    if (pick(3)) out[random_() % out.size()] = "\"{}[],:\\u0x \x01\xe3"[random_() % 15];
    return out;
  }

 private:
  bool pick(int one_in) { return random_() % static_cast<uint64_t>(one_in) == 0; }
  std::string space() { return pick(8) ? " \t" : ""; }
  std::string string() {
    static const std::vector<std::string> parts = {
        "a",       "猫",      "𠮷",    "\\n", "\\u0000", "\\u3042", "\\\"", "\\uD83D\\uDE00",
        "\\ud800", "\\udc00", "\\u12", "\\/", "e",       "\\\\",    "\x7f", "\\b\\f\\r\\t",
        "\\uFFFF", "é"};
    std::string out = "\"";
    for (size_t i = random_() % 6; i > 0; --i) {
      // Broken escapes are rare, so that most records can be read.
      const size_t part = random_() % parts.size();
      if (part >= 8 && part <= 10 && !pick(8)) continue;
      out += parts[part];
    }
    return out + "\"";
  }
  std::string value(int depth) {
    static const std::vector<std::string> scalars = {
        "null",   "true",  "false", "0",    "-0",
        "12",     "-3.25", "1e5",   "1E-2", "01",
        "1.",     "-",     "+1",    "nul",  "18446744073709551615",
        "0.1e+10"};
    switch (random_() % (depth > 0 ? 5 : 3)) {
      case 0:
        return string();
      case 1:
      case 2:
        return scalars[random_() % scalars.size()];
      case 3: {
        std::string out = "[";
        for (size_t i = random_() % 4; i > 0; --i) {
          out += value(depth - 1) + space() + (i > 1 ? "," : "");
        }
        return out + "]";
      }
      default: {
        std::string out = "{";
        for (size_t i = random_() % 3; i > 0; --i) {
          out += string() + ":" + value(depth - 1) + (i > 1 ? "," : "");
        }
        return out + "}";
      }
    }
  }

  std::mt19937_64 random_;
};

/// What nlohmann::json makes of a line, by the rules of parse_record.
Result<Document> oracle(const std::string& line) {
  YURAI_ASSIGN(const Json json, parse_json(line, "record"));
  Document document;
  if (!json.is_object() || !json.contains("text") || !json["text"].is_string()) {
    return fail(ErrorCode::kInvalidArgument, "no text");
  }
  for (size_t i = 0; i < kDocumentFields.size(); ++i) {
    const auto member = json.find(kDocumentFields[i]);
    if (member == json.end() || member->is_null()) continue;
    if (kDocumentFields[i] == "id" && member->is_number_integer()) {
      document.id = line.find("-0") != std::string::npos && *member == 0 ? "-0" : member->dump();
      continue;
    }
    if (!member->is_string()) return fail(ErrorCode::kInvalidArgument, "type");
    document.*kDocumentMembers[i] = member->get<std::string>();
  }
  return document;
}

TEST(RecordParser, AgreesWithAnotherParserOnRandomLines) {
  RandomJson random(testing::test_seed());
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string line = random.record();
    const auto document = parse(line);
    const auto expected = oracle(line);
    ASSERT_EQ(document.has_value(), expected.has_value())
        << line << '\n'
        << (document ? expected.error().message : document.error().message);
    if (!document) continue;
    ++accepted;
    for (const auto member : kDocumentMembers) {
      if (member == &Document::id && (*expected).id == "-0") continue;
      ASSERT_EQ((*document).*member, (*expected).*member) << line;
    }
  }
  EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace yurai

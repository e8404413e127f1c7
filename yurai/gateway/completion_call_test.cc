#include "yurai/gateway/completion_call.h"

#include <gtest/gtest.h>

#include <cmath>

namespace yurai {
namespace {

ApiResult<CompletionCall> read(const Json& json, bool chat) {
  const ApiRequest request{.method = "POST",
                           .target = "/",
                           .headers = {{"content-type", "application/json"}},
                           .body = dump_json(json),
                           .stop = {}};
  return read_completion_call(RequestBody::parse(request).value(), chat, 7);
}

GeneratedSymbol symbol(std::string text, double probability = 1) {
  GeneratedSymbol made;
  made.text = std::move(text);
  made.probability = probability;
  return made;
}

Generation cat() {
  return {.text = "猫だ",
          .finish_reason = "stop",
          .symbols = {symbol("猫", 0.5), symbol("だ", 0.25), symbol("")}};
}

TEST(CompletionCall, ReadsWhatOpenAisClientsSend) {
  const auto call =
      read({{"model", "ngram"},
            {"messages",
             {{{"role", "system"}, {"content", nullptr}},
              {{"role", "user"},
               {"content", {{{"type", "text"}, {"text", "a"}}, {{"type", "text"}, {"text", "b"}}}}},
              {{"role", "user"}, {"content", "c"}}}},
            {"max_completion_tokens", 5},
            {"temperature", 0.5},
            {"stop", {"x", "y"}},
            {"stream", true},
            {"stream_options", {{"include_usage", true}}},
            {"logprobs", true},
            {"top_p", 0.9},
            {"never_heard_of", {1, 2}}},
           true);
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_EQ(call->generate.messages.size(), 3u);
  EXPECT_EQ(call->generate.messages[1].content, "ab");
  EXPECT_EQ(call->generate.max_chars, 5u);
  EXPECT_EQ(call->generate.temperature, 0.5);
  EXPECT_EQ(call->generate.seed, 7u);
  EXPECT_EQ(call->generate.stop, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(call->stream && call->include_usage && call->logprobs);
}

TEST(CompletionCall, NamesWhatItCannotDo) {
  const Json user = {{{"role", "user"}, {"content", "a"}}};
  const std::vector<std::pair<Json, std::string>> chats = {
      {{{"model", "ngram"}}, "messages"},
      {{{"messages", Json::array()}}, "messages"},
      {{{"messages", "a"}}, "messages"},
      {{{"messages", {{{"content", "a"}}}}}, "messages[0].role"},
      {{{"messages", {3}}}, "messages[0].role"},
      {{{"messages", {{{"role", "user"}, {"content", 3}}}}}, "messages[0].content"},
      {{{"messages", {{{"role", "user"}, {"content", {{{"type", "image_url"}}}}}}}},
       "messages[0].content"},
      {{{"messages", user}, {"n", 2}}, "n"},
      {{{"messages", user}, {"max_tokens", -1}}, "max_tokens"},
      {{{"messages", user}, {"max_tokens", 1'000'000}}, "max_tokens"},
      {{{"messages", user}, {"temperature", -0.1}}, "temperature"},
      {{{"messages", user}, {"temperature", "warm"}}, "temperature"},
      {{{"messages", user}, {"seed", 1.5}}, "seed"},
      {{{"messages", user}, {"stop", 5}}, "stop"},
      {{{"messages", user}, {"stop", {"a", ""}}}, "stop"},
      {{{"messages", user}, {"stream", "yes"}}, "stream"},
      {{{"messages", user}, {"stream_options", Json::object()}}, "stream_options"},
      {{{"messages", user}, {"logprobs", 3}}, "logprobs"}};
  for (const auto& [json, param] : chats) {
    const auto call = read(json, true);
    ASSERT_FALSE(call) << dump_json(json);
    EXPECT_EQ(call.error().param, param) << dump_json(json);
    EXPECT_EQ(call.error().status, 400);
  }
  EXPECT_EQ(read({{"prompt", {1, 2}}}, false).error().param, "prompt");
  EXPECT_EQ(read({{"prompt", {"a", "b"}}}, false).error().param, "prompt");
  EXPECT_EQ(read({{"prompt", "a"}, {"best_of", 3}}, false).error().param, "best_of");
  EXPECT_EQ(read({{"prompt", {"a"}}}, false)->generate.prompt, "a");
}

TEST(CompletionAnswer, OfAChatHasOpenAisShape) {
  const auto call =
      read({{"messages", {{{"role", "user"}, {"content", "吾輩は"}}}}, {"logprobs", true}}, true);
  const Json answer = CompletionAnswer(*call, "ngram", "1", 99).whole(cat());
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["id"], "chatcmpl-1");
  EXPECT_EQ(answer["created"], 99);
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "猫だ");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  const Json& content = answer["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 2u);
  EXPECT_EQ(content[0]["token"], "猫");
  EXPECT_DOUBLE_EQ(content[0]["logprob"], std::log(0.5));
  EXPECT_EQ(content[0]["bytes"], Json({0xe7, 0x8c, 0xab}));
  EXPECT_EQ(answer["usage"],
            Json({{"prompt_tokens", 3}, {"completion_tokens", 2}, {"total_tokens", 5}}));
}

TEST(CompletionAnswer, OfACompletionEchoesItsPromptAndCountsItsOffsets) {
  const auto call = read({{"prompt", "吾輩は"}, {"echo", true}, {"logprobs", 0}}, false);
  const Json answer = CompletionAnswer(*call, "ngram", "1", 99).whole(cat());
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["choices"][0]["text"], "吾輩は猫だ");
  EXPECT_EQ(answer["choices"][0]["logprobs"]["tokens"], Json({"猫", "だ"}));
  EXPECT_EQ(answer["choices"][0]["logprobs"]["text_offset"], Json({3, 4}));
}

TEST(CompletionAnswer, ChunksSpellTheWhole) {
  for (const bool chat : {true, false}) {
    Json json = {{"prompt", "p"},
                 {"messages", {{{"role", "user"}, {"content", "p"}}}},
                 {"stream", true},
                 {"stream_options", {{"include_usage", true}}}};
    const auto call = read(json, chat);
    ASSERT_TRUE(call);
    CompletionAnswer answer(*call, "ngram", "1", 99);
    const Json first = answer.first();
    EXPECT_TRUE(first["usage"].is_null());
    std::string text;
    for (const char* text_of_symbol : {"猫", "だ"}) {
      const Json piece = answer.piece(text_of_symbol, {symbol(text_of_symbol)});
      EXPECT_EQ(piece["id"], first["id"]);
      text += (chat ? piece["choices"][0]["delta"]["content"] : piece["choices"][0]["text"])
                  .get<std::string>();
    }
    EXPECT_EQ(text, "猫だ");
    EXPECT_EQ(answer.last("length")["choices"][0]["finish_reason"], "length");
    EXPECT_EQ(answer.usage(2)["choices"], Json::array());
    EXPECT_EQ(answer.usage(2)["usage"]["total_tokens"], 3);
  }
}

}  // namespace
}  // namespace yurai

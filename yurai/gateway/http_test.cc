#include "yurai/gateway/http.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "yurai/base/testing.h"
#include "yurai/gateway/request_body.h"
#include "yurai/gateway/worker_pool.h"

namespace yurai {
namespace {

ApiRequest post(std::string body, std::string content_type = "application/json") {
  return {.method = "POST",
          .target = "/",
          .headers = {{"content-type", std::move(content_type)}},
          .body = std::move(body),
          .stop = {}};
}

TEST(Http, DecodesPercentOnceAndOnly) {
  EXPECT_EQ(*percent_decode("a%2Fb%252F+%E7%8C%AB"), "a/b%2F+猫");
  EXPECT_EQ(*percent_decode("a+b", true), "a b");
  EXPECT_EQ(*percent_decode("%00"), std::string(1, '\0'));
  for (const std::string_view broken : {"%", "%4", "a%zz", "%4g", "%%41"}) {
    EXPECT_FALSE(percent_decode(broken)) << broken;
  }
}

TEST(Http, DecodingUndoesEncoding) {
  std::mt19937_64 random(testing::test_seed());
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random() % 50, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(*percent_decode(percent_encode(bytes)), bytes);
    EXPECT_EQ(*percent_decode(percent_encode(bytes), true), bytes);
  }
}

TEST(Http, ReadsQueryParameters) {
  const auto parameters = parse_query("q=a+b%26c&empty=&&flag&x=1=2");
  ASSERT_TRUE(parameters);
  const QueryParameters expected = {{"q", "a b&c"}, {"empty", ""}, {"flag", ""}, {"x", "1=2"}};
  EXPECT_EQ(*parameters, expected);
}

TEST(Http, RefusesQueryParametersThatAreBrokenOrGivenTwice) {
  for (const std::string_view query : {"q=%", "q=%FF", "q=1&q=2", "%=1", "%FF=1"}) {
    const auto parameters = parse_query(query);
    ASSERT_FALSE(parameters) << query;
    EXPECT_EQ(parameters.error().status, 400);
  }
  EXPECT_EQ(parse_query("q=%").error().param, "q");
}

TEST(Http, ErrorsHaveOpenAisShape) {
  const ApiResponse response = error_response(ApiError(400, "'q' is off", "q", "bad"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            "{\"error\":{\"message\":\"'q' is off\",\"type\":\"invalid_request_error\","
            "\"param\":\"q\",\"code\":\"bad\"}}\n");
  EXPECT_EQ(error_response(ApiError(500, "x")).body,
            "{\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":null}}\n");
}

TEST(Http, ErrorsOfTheDiskKeepTheirPathsToThemselves) {
  const ApiError io(Error{ErrorCode::kIo, "open '/secret/place'"});
  EXPECT_EQ(io.status, 500);
  EXPECT_EQ(io.message.find("secret"), std::string::npos);
  EXPECT_EQ(ApiError(Error{ErrorCode::kInvalidArgument, "text: byte 3"}).message, "text: byte 3");
}

TEST(RequestBody, WantsAJsonObject) {
  EXPECT_EQ(RequestBody::parse(post("{}", "text/plain")).error().status, 415);
  EXPECT_EQ(RequestBody::parse(post("{}", "")).error().status, 415);
  EXPECT_TRUE(RequestBody::parse(post("{}", "Application/JSON ; charset=utf-8")));
  for (const std::string_view body :
       {"", "[]", "{", "3", "{\"a\":\xff}", "{\"a\":1}x", "{\"a\":\"\\ud800\"}"}) {
    const auto parsed = RequestBody::parse(post(std::string(body)));
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().status, 400) << body;
  }
  EXPECT_FALSE(RequestBody::parse(post(std::string(100'000, '['))));
}

TEST(RequestBody, NamesTheMemberThatIsWrong) {
  const auto body = RequestBody::parse(
      post(R"({"text":"abc","list":["a","bb"],"n":5,"half":0.5,"yes":true,"no":null,"neg":-1})"));
  ASSERT_TRUE(body);
  EXPECT_EQ(*body->text("text", 3), "abc");
  EXPECT_EQ(body->text("text", 2).error().status, 413);
  EXPECT_EQ(body->text("missing", 3).error().param, "missing");
  EXPECT_EQ(body->text("n", 3).error().param, "n");
  EXPECT_EQ(body->texts("list", 2, 2)->size(), 2u);
  EXPECT_EQ(body->texts("list", 1, 2).error().status, 413);
  EXPECT_EQ(body->texts("list", 2, 1).error().status, 413);
  EXPECT_EQ(body->texts("text", 2, 1).error().status, 400);
  EXPECT_EQ(*body->integer("n", 1, 0, 5), 5u);
  EXPECT_EQ(*body->integer("no", 7, 0, 9), 7u);
  EXPECT_EQ(body->integer("n", 1, 0, 4).error().param, "n");
  EXPECT_EQ(body->integer("neg", 1, 0, 4).error().param, "neg");
  EXPECT_EQ(body->integer("half", 1, 0, 4).error().param, "half");
  EXPECT_EQ(*body->number("half", 1, 0, 1), 0.5);
  EXPECT_EQ(body->number("n", 1, 0, 1).error().param, "n");
  EXPECT_EQ(*body->boolean("yes", false), true);
  EXPECT_EQ(body->boolean("n", false).error().param, "n");
  const auto unknown = body->allow({"text", "list", "n", "half", "yes", "no"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().param, "neg");
}

TEST(WorkerPool, RunsEveryJobAndLetsTheRunningOnesEnd) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool(3);
    std::atomic<int> started = 0;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(pool.submit([&] {
        ++started;
        ++done;
      }));
    }
    while (started < 100) std::this_thread::yield();
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace yurai

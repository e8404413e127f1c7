#include "yurai/lm/remote_model.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>

#include "yurai/lm/scripted_server.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using yurai::testing::ScriptedServer;
using Connection = ScriptedServer::Connection;

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: "
    "close\r\n\r\n";
constexpr std::string_view kKey = "sk-very-secret";

/// One `data:` event of a chat answer.
std::string chat_event(std::string_view text) {
  return "data: " + dump_json(Json{{"choices", {{{"index", 0}, {"delta", {{"content", text}}}}}}}) +
         "\n\n";
}

const std::string kStop =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// A server that reads one request and sends these bytes, in pieces of `piece_bytes`.
ScriptedServer::Script sending(std::string bytes, size_t piece_bytes = 1 << 20) {
  return [bytes = std::move(bytes), piece_bytes](Connection& c) {
    c.read_request();
    c.send_pieces(bytes, piece_bytes);
  };
}

ScriptedServer::Script answering(int status, std::string type, std::string body) {
  return [=](Connection& c) {
    while (!c.read_request().empty()) c.respond(status, type, body);
  };
}

/// What a model at `url` answers to a question.
Result<Generation> ask(const std::string& url, const LanguageModel::OnSymbol& on_symbol = {},
                       HttpLimits limits = {}) {
  YURAI_ASSIGN(
      const auto model,
      RemoteModel::open(
          {.base_url = url, .model = "m", .api_key = std::string(kKey), .limits = limits}));
  GenerateRequest request;
  request.messages = {{"user", "由来は?"}};
  return model->generate(request, on_symbol);
}

Json body_of(const std::string& request) {
  return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

TEST(RemoteModel, StreamsAnAnswerHoweverItsBytesAreSplit) {
  const std::string stream = std::string(kStreamHead) +
                             "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":"
                             "\"\"}}]}\n\n: ping\n\n" +
                             chat_event("もとの") + chat_event("文書🗻") +
                             "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n" + kStop;
  for (const size_t piece_bytes : {1, 2, 3, 7, 1 << 20}) {
    ScriptedServer server(sending(stream, piece_bytes));
    std::vector<std::string> heard;
    const auto answer = ask(server.url(), [&](const GeneratedSymbol& symbol) {
      heard.push_back(symbol.text);
      return true;
    });
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "もとの文書🗻");
    EXPECT_EQ(answer->finish_reason, "stop");
    EXPECT_THAT(heard, ElementsAre("もとの", "文書🗻"));
    ASSERT_EQ(answer->symbols.size(), 2u);
    EXPECT_EQ(answer->symbols[0].probability, std::nullopt);
  }
}

TEST(RemoteModel, SendsTheConversationTheOptionsAndTheKey) {
  ScriptedServer server(sending(std::string(kStreamHead) + chat_event("a") + kStop));
  const auto model = RemoteModel::open({.base_url = server.url() + "/v1/",
                                        .model = "名",
                                        .api_key = std::string(kKey),
                                        .limits = {}});
  GenerateRequest request;
  request.messages = {{"system", "s"}, {"user", "u"}};
  request.max_chars = 7;
  request.temperature = 0.5;
  request.seed = 3;
  request.stop = {"。"};
  ASSERT_TRUE((*model)->generate(request, {}));
  EXPECT_EQ((*model)->id(), "名");
  const std::string sent = server.requests().at(0);
  EXPECT_TRUE(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << sent;
  EXPECT_THAT(sent, HasSubstr("Authorization: Bearer sk-very-secret\r\n"));
  EXPECT_EQ(body_of(sent), Json::parse(R"({"model":"名","messages":[{"role":"system","content":"s"},
              {"role":"user","content":"u"}],"logprobs":true,"max_tokens":7,"temperature":0.5,
              "seed":3,"stop":["。"],"stream":true})"));
}

TEST(RemoteModel, ContinuesAPromptWithTheModelThatTheServerListsFirst) {
  ScriptedServer server([](Connection& c) {
    for (std::string request; !(request = c.read_request()).empty();) {
      if (request.starts_with("GET /v1/models ")) {
        c.respond(200, "application/json", R"({"data":[{"id":"first"},{"id":"second"}]})");
      } else {
        c.respond(
            200, "text/event-stream",
            "data: {\"choices\":[{\"text\":\" は猫\",\"finish_reason\":\"length\",\"logprobs\":"
            "{\"tokens\":[\" は\",\"猫\"],\"token_logprobs\":[-0.5,-1.5]}}]}\n\n"
            "data: [DONE]\n\n");
      }
    }
  });
  const auto model =
      RemoteModel::open({.base_url = server.url(), .model = "", .api_key = "", .limits = {}});
  EXPECT_EQ((*model)->id(), "remote");
  GenerateRequest request;
  request.prompt = "吾輩";
  const auto answer = (*model)->generate(request, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text, " は猫");
  EXPECT_EQ(answer->finish_reason, "length");
  ASSERT_EQ(answer->symbols.size(), 2u);
  EXPECT_DOUBLE_EQ(answer->symbols[0].probability.value(), std::exp(-0.5));
  EXPECT_EQ(answer->symbols[1].text, "猫");
  EXPECT_THAT(server.requests().at(1), HasSubstr("POST /v1/completions "));
  EXPECT_THAT(server.requests().at(1), Not(HasSubstr("Authorization")));
  EXPECT_EQ(body_of(server.requests().at(1))["model"], "first");
  EXPECT_EQ(body_of(server.requests().at(1))["prompt"], "吾輩");
}

TEST(RemoteModel, ReadsLogProbabilitiesOfTokensThatEndWithinACharacter) {
  const auto event = [](std::string_view text, std::string_view tokens) {
    return fmt::format(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}},\"logprobs\":{{\"content\":{}}}}}]"
        "}}\n\n",
        text, tokens);
  };
  ScriptedServer server(sending(
      std::string(kStreamHead) +
      event("a由", R"([{"token":"a","logprob":-1},{"token":"由","logprob":-2}])") +
      event("", R"([{"token":"\\xe6","logprob":-0.25}])") +
      event("来", R"([{"token":"\\x9d\\xa5","logprob":-0.5}])") +
      event("b", R"([{"token":"b","logprob":0.1}])") + event("c", R"([{"token":"c"}])") + kStop));
  const auto answer = ask(server.url());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text, "a由来bc");
  ASSERT_EQ(answer->symbols.size(), 5u);
  EXPECT_EQ(answer->symbols[1].text, "由");
  EXPECT_DOUBLE_EQ(answer->symbols[1].probability.value(), std::exp(-2));
  EXPECT_EQ(answer->symbols[2].text, "来");
  EXPECT_DOUBLE_EQ(answer->symbols[2].probability.value(), std::exp(-0.75));
  EXPECT_EQ(answer->symbols[3].probability, 1.0);  // rounding gave the server more than 1
  EXPECT_EQ(answer->symbols[4].probability, std::nullopt);
}

TEST(RemoteModel, ReadsAnAnswerInOnePiece) {
  ScriptedServer server(answering(
      200, "application/json",
      R"({"choices":[{"message":{"role":"assistant","content":"全部"},"finish_reason":"stop"}]})"));
  EXPECT_EQ(ask(server.url()).value().text, "全部");
}

TEST(RemoteModel, AsksAgainWithoutTheFieldsThatAServerRefuses) {
  ScriptedServer server([](Connection& c) {
    for (std::string request; !(request = c.read_request()).empty();) {
      const Json body = body_of(request);
      const auto refuse = [&](std::string_view message) {
        c.respond(400, "application/json", dump_json(Json{{"error", {{"message", message}}}}));
      };
      if (body.contains("logprobs")) {
        refuse("logprobs are not supported");
      } else if (body.contains("max_tokens")) {
        refuse("use 'max_completion_tokens' instead");
      } else if (body.contains("seed")) {
        refuse("unknown field: seed");
      } else {
        c.respond(200, "text/event-stream",
                  chat_event(std::to_string(body["max_completion_tokens"].get<int>())) + kStop);
      }
    }
  });
  EXPECT_EQ(ask(server.url()).value().text, "200");
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST(RemoteModel, PassesOnWhatTheServerSaysWhenItRefuses) {
  struct Case {
    int status;
    std::string body;
    ErrorCode code;
    std::string message;
  };
  for (const Case& expected : std::vector<Case>{
           {400, R"({"error":{"message":"too long","type":"x"}})", ErrorCode::kInvalidArgument,
            "400: too long"},
           {401, R"({"error":"bad key sk-very-secret"})", ErrorCode::kUnavailable,
            "401: bad key [key]"},
           {404, R"({"message":"no model 'm'"})", ErrorCode::kNotFound, "404: no model 'm'"},
           {422, R"({"detail":"what?"})", ErrorCode::kInvalidArgument, "422: what?"},
           {429, R"({"error":{"message":"slow down"}})", ErrorCode::kUnavailable, "429: slow down"},
           {500, "<html>\x1b[31mboom", ErrorCode::kUnavailable, "500: <html>\\u001b[31mboom"},
           {502, "", ErrorCode::kUnavailable, "502: an empty body"},
           {503, std::string(5000, 'x'), ErrorCode::kUnavailable, "503: xxx"}}) {
    ScriptedServer server(answering(expected.status, "application/json", expected.body));
    const auto answer = ask(server.url());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, expected.code) << expected.status;
    EXPECT_THAT(answer.error().message, HasSubstr(expected.message));
    EXPECT_LT(answer.error().message.size(), 600u);
  }
}

TEST(RemoteModel, DoesNotTakeTheKeyElsewhere) {
  ScriptedServer other(answering(200, "text/event-stream", chat_event("x") + kStop));
  ScriptedServer server(sending("HTTP/1.1 307 X\r\nLocation: " + other.url() +
                                "/v1/chat/completions\r\nContent-Length: 0\r\n\r\n"));
  const auto answer = ask(server.url());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr(other.url()));
  EXPECT_TRUE(other.requests().empty());
}

TEST(RemoteModel, SaysSoWhenAnAnswerIsBroken) {
  const std::string head(kStreamHead);
  for (const std::string& stream : std::vector<std::string>{
           head, head + chat_event("a"), head + chat_event("a") + "data: {\"choi",
           head + "data: {\"choices\":[{\"delta\":{\"content\":\"\xE7\x94\"}}]}\n\n" + kStop,
           head + "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n" + kStop,
           head + "data: {\"choices\":[{\"delta\":{\"content\":5}}]}\n\n" + kStop,
           head + "data: {}\n\n" + kStop, head + "data: []\n\n" + kStop, head + "data: 5\n\n",
           head + "data: " + std::string(100'000, '[') + "\n\n" + kStop,
           head + chat_event("a") + "data: {\"error\":{\"message\":\"out of memory\"}}\n\n" + kStop,
           "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<b>x"}) {
    ScriptedServer server(sending(stream));
    const auto answer = ask(server.url());
    ASSERT_FALSE(answer) << stream.substr(0, 300);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().message;
  }
}

TEST(RemoteModel, TakesTheEndOfTheTextAsTheEndOfTheAnswer) {
  // No [DONE]; and [DONE] on a connection that then stays open.
  const std::string finished =
      "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}]}\n\n";
  ScriptedServer closing(sending(std::string(kStreamHead) + finished));
  EXPECT_EQ(ask(closing.url()).value().finish_reason, "length");
  ScriptedServer hanging([&](Connection& c) {
    c.read_request();
    c.send(std::string(kStreamHead) + chat_event("x") + "data: [DONE]\n\n");
    c.wait_closed();
  });
  EXPECT_EQ(ask(hanging.url()).value().finish_reason, "stop");
}

TEST(RemoteModel, GivesUpOnAServerThatHangsOrNeverEnds) {
  HttpLimits limits;
  limits.stall_timeout = std::chrono::milliseconds(30);
  limits.max_response_bytes = 100'000;
  ScriptedServer hanging([](Connection& c) {
    c.read_request();
    c.send(std::string(kStreamHead) + chat_event("x"));
    c.wait_closed();
  });
  EXPECT_EQ(ask(hanging.url(), {}, limits).error().code, ErrorCode::kTimeout);
  for (const std::string& piece : {chat_event("x"), std::string(1000, 'x')}) {
    ScriptedServer endless([&](Connection& c) {
      c.read_request();
      c.send(kStreamHead);
      while (c.send(piece)) {
      }
    });
    EXPECT_EQ(ask(endless.url(), {}, limits).error().code, ErrorCode::kResourceExhausted);
  }
}

TEST(RemoteModel, ClosesTheConnectionWhenTheCallerHasHeardEnough) {
  std::atomic<bool> closed = false;
  ScriptedServer server([&](Connection& c) {
    c.read_request();
    c.send(std::string(kStreamHead) + chat_event("a") + chat_event("b") + chat_event("c"));
    c.wait_closed();
    closed = true;
  });
  int heard = 0;
  const auto answer = ask(server.url(), [&](const GeneratedSymbol&) { return ++heard < 2; });
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(heard, 2);
  while (!closed) std::this_thread::yield();
}

TEST(RemoteModel, RefusesTextThatIsNotUtf8) {
  const auto model = RemoteModel::open(
      {.base_url = "http://127.0.0.1:1", .model = "m", .api_key = "", .limits = {}});
  GenerateRequest request;
  request.prompt = "a\xFF";
  EXPECT_THAT((*model)->generate(request, {}).error().message, HasSubstr("byte 1"));
  request.prompt.clear();
  request.messages = {{"user", "\xE7"}};
  EXPECT_EQ((*model)->generate(request, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST(ApiBase, FindsTheVersionOrAddsIt) {
  EXPECT_EQ(api_base("http://h:1").value(), "http://h:1/v1");
  EXPECT_EQ(api_base("http://h:1///").value(), "http://h:1/v1");
  EXPECT_EQ(api_base("https://h/v1/").value(), "https://h/v1");
  EXPECT_EQ(api_base("https://h/api/v1").value(), "https://h/api/v1");
  EXPECT_EQ(api_base("https://h/llm").value(), "https://h/llm/v1");
  EXPECT_EQ(api_base("https://h/vault").value(), "https://h/vault/v1");
  EXPECT_EQ(api_base("https://h/v1beta/openai").value(), "https://h/v1beta/openai");
  for (const char* url :
       {"", "h", "h:1", "file:///v1", "http://", "http://h/?a=b", "http://h/#x"}) {
    EXPECT_EQ(api_base(url).error().code, ErrorCode::kInvalidArgument) << url;
  }
}

TEST(ApiKey, ComesFromTheEnvironment) {
  ::setenv("YURAI_TEST_KEY", "sk-1", 1);
  EXPECT_EQ(api_key_from_environment("YURAI_TEST_KEY").value(), "sk-1");
  ::setenv("YURAI_TEST_KEY", "hunter2\r\nX: y", 1);
  const auto key = api_key_from_environment("YURAI_TEST_KEY");
  EXPECT_EQ(key.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(key.error().message, Not(HasSubstr("hunter2")));
  ::unsetenv("YURAI_TEST_KEY");
  EXPECT_EQ(api_key_from_environment("YURAI_TEST_KEY").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace yurai

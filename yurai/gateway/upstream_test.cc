#include "yurai/gateway/upstream.h"

#include <gtest/gtest.h>

#include "yurai/lm/scripted_server.h"

namespace yurai {
namespace {

using testing::ScriptedServer;

/// Keeps what is written; stops reading after `max_bytes`.
class Collected final : public ResponseWriter {
 public:
  explicit Collected(size_t max_bytes = SIZE_MAX) : max_bytes_(max_bytes) {}
  void begin(int status_in, const HttpFields& headers_in) override {
    status = status_in;
    headers = headers_in;
  }
  bool write(std::string_view bytes) override {
    body += bytes;
    return body.size() < max_bytes_;
  }
  std::string_view header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
      if (field == name) return value;
    }
    return {};
  }

  int status = 0;
  HttpFields headers;
  std::string body;

 private:
  size_t max_bytes_;
};

ApiRequest call(std::string body = "{\"model\":\"big\",\"unknown\":[1]}") {
  return {.method = "POST",
          .target = "/v1/chat/completions",
          .headers = {{"authorization", "Bearer caller"},
                      {"cookie", "secret"},
                      {"x-request-id", "r1"},
                      {"host", "localhost"}},
          .body = std::move(body),
          .stop = {}};
}

TEST(Upstream, HandsOnEveryByteStatusAndField) {
  const std::string events =
      "data: {\"a\":1}\n\n: comment\n\ndata: \xff\xfe broken \r\n\r\ndata: [DONE]\n\n";
  ScriptedServer server([&](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: u7\r\n"
        "x-ratelimit-remaining: 5\r\nSet-Cookie: no\r\nKeep-Alive: timeout=5\r\n"
        "Content-Length: " +
        std::to_string(events.size()) + "\r\n\r\n");
    connection.send_pieces(events, 3);
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  Collected collected;
  EXPECT_TRUE(upstream.forward(call(), "/chat/completions").stream(collected));
  EXPECT_EQ(collected.status, 200);
  EXPECT_EQ(collected.body, events);
  EXPECT_EQ(collected.header("content-type"), "text/event-stream");
  EXPECT_EQ(collected.header("x-request-id"), "u7");
  EXPECT_EQ(collected.header("x-ratelimit-remaining"), "5");
  EXPECT_EQ(collected.header("set-cookie"), "");
  EXPECT_EQ(collected.header("keep-alive"), "");
  EXPECT_EQ(collected.header("content-length"), "");
}

TEST(Upstream, SendsTheBodyAsItCameAndNoCookies) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.respond(200, "application/json", "{}");
  });
  const std::string body = "{ \"model\" : \"big\",\"z\":1.50}";
  for (const std::string key : {"", "key"}) {
    const Upstream upstream = Upstream::open(server.url() + "/v1/", key).value();
    Collected collected;
    EXPECT_TRUE(upstream.forward(call(body), "/chat/completions").stream(collected));
    const std::string sent = server.requests().back();
    EXPECT_TRUE(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << sent;
    EXPECT_TRUE(sent.ends_with("\r\n\r\n" + body)) << sent;
    EXPECT_NE(sent.find("x-request-id: r1"), std::string::npos);
    EXPECT_EQ(sent.find("secret"), std::string::npos);
    EXPECT_NE(sent.find(key.empty() ? "Bearer caller" : "Bearer key"), std::string::npos);
    EXPECT_EQ(sent.find("Bearer caller") == std::string::npos, !key.empty());
  }
}

TEST(Upstream, HandsOnItsErrors) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow");
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  Collected collected;
  EXPECT_TRUE(upstream.forward(call(), "/completions").stream(collected));
  EXPECT_EQ(collected.status, 429);
  EXPECT_EQ(collected.body, "slow");
  EXPECT_EQ(collected.header("retry-after"), "7");
}

TEST(Upstream, HandsOnNothingOfAnAnswerThatSwitchesProtocols) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: "
        "evil=1\r\n\r\nevil");
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  Collected collected;
  EXPECT_TRUE(upstream.forward(call(), "/completions").stream(collected));
  EXPECT_EQ(collected.status, 502);
  EXPECT_EQ(collected.body.find("evil"), std::string::npos) << collected.body;
}

TEST(Upstream, HandsOnNoPermissionsForOtherSites) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send(
        "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\n{}");
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  Collected collected;
  EXPECT_TRUE(upstream.forward(call(), "/completions").stream(collected));
  EXPECT_EQ(collected.body, "{}");
  EXPECT_EQ(collected.header("access-control-allow-origin"), "");
}

TEST(Upstream, SaysThatNobodyAnswers) {
  std::string url;
  {
    ScriptedServer server([](ScriptedServer::Connection&) {});
    url = server.url();
  }
  const Upstream upstream = Upstream::open(url, "topsecret").value();
  Collected collected;
  EXPECT_TRUE(upstream.forward(call(), "/completions").stream(collected));
  EXPECT_EQ(collected.status, 502);
  EXPECT_NE(collected.body.find("upstream"), std::string::npos) << collected.body;
  EXPECT_EQ(collected.body.find("topsecret"), std::string::npos);
  EXPECT_FALSE(upstream.models(call()));
}

TEST(Upstream, ABrokenOffAnswerIsNotWhole) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  Collected collected;
  EXPECT_FALSE(upstream.forward(call(), "/completions").stream(collected));
  EXPECT_EQ(collected.body, "half");
}

TEST(Upstream, StopsWhenTheCallerIsGone) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.send("data: x\n\n")) {
    }
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  Collected collected(1000);
  EXPECT_FALSE(upstream.forward(call(), "/completions").stream(collected));

  ScriptedServer silent([](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.wait_closed();
  });
  const Upstream patient = Upstream::open(silent.url(), "").value();
  std::stop_source stop;
  ApiRequest request = call();
  request.stop = stop.get_token();
  stop.request_stop();
  Collected nothing;
  patient.forward(request, "/completions").stream(nothing);
  EXPECT_EQ(nothing.status, 499);
}

TEST(Upstream, ListsItsModels) {
  std::string list = R"({"object":"list","data":[{"id":"big","object":"model"}]})";
  ScriptedServer server([&](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.respond(200, "application/json", list);
  });
  const Upstream upstream = Upstream::open(server.url(), "").value();
  EXPECT_EQ((*upstream.models(call()))[0]["id"], "big");
  list = "[]";
  EXPECT_FALSE(upstream.models(call()));
  list = "no json";
  EXPECT_FALSE(upstream.models(call()));
}

TEST(Upstream, RefusesWhatIsNoAddress) {
  EXPECT_FALSE(Upstream::open("file:///etc/passwd", ""));
  EXPECT_FALSE(Upstream::open("not an address", ""));
}

}  // namespace
}  // namespace yurai

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"
#include "yurai/gateway/raw_client.h"
#include "yurai/lm/scripted_server.h"

// `yurai serve` as a process, spoken to over real HTTP.
namespace yurai {
namespace {

using testing::ask;
using testing::RawClient;
using testing::ScriptedServer;
using testing::TemporaryDirectory;

std::string program() {
  const char* path = std::getenv("YURAI_BIN");
  return path == nullptr ? "yurai" : path;
}

ProcessResult yurai(std::vector<std::string> arguments, std::string_view input = {}) {
  arguments.insert(arguments.begin(), program());
  auto result = run_process(arguments, input);
  EXPECT_TRUE(result) << result.error().message;
  return result ? *result : ProcessResult{};
}

/// A running server; ended with the object.
class Server {
 public:
  explicit Server(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {program(), "serve", "--listen", "127.0.0.1:0"});
    std::vector<char*> words;
    for (std::string& word : arguments) words.push_back(word.data());
    words.push_back(nullptr);
    int out[2];
    YURAI_CHECK(::pipe2(out, O_CLOEXEC) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execv(words[0], words.data());
      ::_exit(127);
    }
    ::close(out[1]);
    std::string line;
    char c = 0;
    while (::read(out[0], &c, 1) == 1 && c != '\n') line += c;
    ::close(out[0]);
    const std::string start = "listening on http://127.0.0.1:";
    EXPECT_TRUE(line.starts_with(start)) << line;
    if (line.starts_with(start))
      port_ = static_cast<uint16_t>(std::stoi(line.substr(start.size())));
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    if (pid_ > 0) end(SIGKILL);
  }

  uint16_t port() const { return port_; }
  std::string port_text() const { return std::to_string(port_); }

  /// Sends a signal and returns the exit status, 128 + signal when that ended it.
  int end(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

class ServeHttpTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryDirectory;
    const std::string input = *folder_ / "documents.jsonl";
    const Json cat = {
        {"id", "neko/1"},
        {"text", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"},
        {"source", "aozora"},
        {"license", "CC0-1.0"}};
    const Json fox = {{"id", "fox"},
                      {"text", "The quick brown fox jumps over the lazy dog."},
                      {"source", "pangrams"}};
    YURAI_CHECK(write_file(input, dump_json(cat) + "\n" + dump_json(fox) + "\n").has_value());
    const std::string corpus = *folder_ / "corpus";
    YURAI_CHECK(yurai({"corpus", "build", corpus, input}).exit_status == 0);
    YURAI_CHECK(yurai({"index", "build", index(), "--corpus", corpus}).exit_status == 0);
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string index() { return *folder_ / "index"; }

  static TemporaryDirectory* folder_;
};
TemporaryDirectory* ServeHttpTest::folder_ = nullptr;

TEST_F(ServeHttpTest, AnswersWhatTheCommandLineAnswers) {
  Server server({"--index", index()});
  const auto counts = ask(server.port(), "POST", "/v1/count", R"({"texts":["猫","quick","none"]})");
  EXPECT_EQ(counts.body, yurai({"index", "count", index(), "猫", "quick", "none", "--json"}).out);
  const auto next = ask(server.port(), "POST", "/v1/next", R"({"context":"は"})");
  EXPECT_EQ(next.body, yurai({"index", "next", index(), "は", "--json"}).out);
  const auto prob =
      ask(server.port(), "POST", "/v1/prob", R"({"context":"吾輩は","strings":["猫","犬"]})");
  EXPECT_EQ(prob.body,
            yurai({"index", "prob", index(), "--context", "吾輩は", "猫", "犬", "--json"}).out);
  const std::string answer = "そう、吾輩は猫である。名前はまだ無い。どこで生れたか";
  const auto trace =
      ask(server.port(), "POST", "/v1/trace", dump_json({{"text", answer}, {"max_chance", "inf"}}));
  EXPECT_EQ(trace.body,
            yurai({"trace", "--index", index(), "-", "--max-chance", "inf", "--json"}, answer).out);
  const auto stats = ask(server.port(), "GET", "/v1/corpus");
  EXPECT_EQ(stats.body, yurai({"corpus", "stats", *folder_ / "corpus", "--json"}).out);
}

TEST_F(ServeHttpTest, WhatIsTakenDownIsGoneFromTheAnswersSoon) {
  const std::string own = *folder_ / "changing";
  ASSERT_EQ(yurai({"index", "build", own, "--corpus", *folder_ / "corpus"}).exit_status, 0);
  Server server({"--index", own});
  const auto count = [&] {
    const auto answer = ask(server.port(), "POST", "/v1/count", R"({"texts":["quick brown"]})");
    return parse_json(answer.body, "counts").value()["counts"];
  };
  ASSERT_EQ(count(), Json::array({1}));
  ASSERT_EQ(yurai({"index", "takedown", own, "--id", "fox", "--who", "a test", "--when", "today",
                   "--why", "to see it go"})
                .exit_status,
            0);
  for (int tries = 0; tries < 300 && count() != Json::array({0}); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(count(), Json::array({0}));
  ASSERT_EQ(yurai({"index", "merge", own}).exit_status, 0);
  EXPECT_EQ(count(), Json::array({0}));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(ServeHttpTest, AnswersEveryKindOfRequest) {
  Server server({"--index", index()});
  const uint16_t port = server.port();
  EXPECT_EQ(ask(port, "GET", "/v1/documents/neko%2F1").status, 200);
  EXPECT_EQ(ask(port, "GET", "/v1/search?q=%E7%8C%AB").status, 200);
  EXPECT_EQ(ask(port, "GET", "/v1/models").status, 200);
  EXPECT_EQ(ask(port, "GET", "/healthz").status, 200);
  EXPECT_EQ(ask(port, "GET", "/metrics").status, 200);
  EXPECT_EQ(ask(port, "GET", "/openapi.json").status, 200);
  EXPECT_EQ(ask(port, "HEAD", "/v1/corpus").status, 200);
  EXPECT_EQ(ask(port, "GET", "/v1/nothing").status, 404);
  EXPECT_EQ(ask(port, "DELETE", "/v1/trace").status, 405);
  EXPECT_EQ(ask(port, "POST", "/v1/trace", R"({"txt":"a"})").status, 400);
  EXPECT_EQ(ask(port, "POST", "/v1/trace", std::string(17 << 20, ' ')).status, 413);
  EXPECT_EQ(ask(port, "GET", "/", "", "X: " + std::string(300'000, 'a') + "\r\n").status, 431);
  RawClient stranger(port);
  stranger.send("GET /v1/corpus HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(stranger.read_response()->status, 403);
}

TEST_F(ServeHttpTest, ShowsTheDecisionsOfAFilterChain) {
  const std::string chain = *folder_ / "chain.toml";
  const std::string filtered = *folder_ / "filtered";
  ASSERT_TRUE(write_file(chain, "[[filter]]\nname = \"length\"\nmin = 40\nmax = 100\n"));
  ASSERT_EQ(yurai({"corpus", "filter", chain, *folder_ / "documents.jsonl", "--out", filtered})
                .exit_status,
            0);
  const Server server({"--index", index(), "--filtered", filtered});
  const auto shown = ask(server.port(), "GET", "/v1/decisions");
  ASSERT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(Json::parse(shown.body)["kept"], 1);
  for (const std::string threshold : {"20", "33", "33.5", "44", "1e2"}) {
    const auto answer =
        ask(server.port(), "GET", "/v1/decisions/whatif?filter=length&threshold=" + threshold);
    const ProcessResult printed = yurai(
        {"corpus", "whatif", filtered, "--filter", "length", "--threshold", threshold, "--json"});
    if (printed.exit_status == 0) {
      EXPECT_EQ(answer.body, printed.out) << threshold;
    } else {
      EXPECT_EQ(answer.status, 400) << threshold;
    }
  }
  const auto examples = ask(server.port(), "GET", "/v1/decisions/examples?filter=length");
  EXPECT_EQ(Json::parse(examples.body)["documents"][0]["id"], "neko/1");
  EXPECT_EQ(yurai({"serve", "--index", index(), "--filtered", index()}).exit_status, 1);

  const std::string file = filtered + "/ledger/decisions-00000.jsonl.zst";
  std::string bytes = read_file(file).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(write_file(file, bytes));
  const ProcessResult damaged = yurai({"serve", "--index", index(), "--filtered", filtered});
  EXPECT_EQ(damaged.exit_status, 1);
  EXPECT_NE(damaged.err.find("decisions-00000.jsonl.zst"), std::string::npos) << damaged.err;
}

TEST_F(ServeHttpTest, ServesThePageItIsGiven) {
  ASSERT_TRUE(std::filesystem::create_directories(*folder_ / "web/assets"));
  ASSERT_TRUE(write_file(*folder_ / "web/index.html", "<!doctype html>page"));
  ASSERT_TRUE(write_file(*folder_ / "web/assets/a.js", "let a;"));
  ASSERT_TRUE(write_file(*folder_ / "secret", "secret"));
  Server server({"--index", index(), "--web", *folder_ / "web"});
  EXPECT_EQ(ask(server.port(), "GET", "/").body, "<!doctype html>page");
  EXPECT_EQ(ask(server.port(), "GET", "/search?q=1").body, "<!doctype html>page");
  const auto script = ask(server.port(), "GET", "/assets/a.js");
  EXPECT_EQ(script.body, "let a;");
  EXPECT_EQ(script.header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_NE(script.header("content-security-policy").find("default-src 'self'"),
            std::string_view::npos);
  for (const char* target : {"/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret"}) {
    EXPECT_EQ(ask(server.port(), "GET", target).body.find("secret\n"), std::string::npos);
    EXPECT_NE(ask(server.port(), "GET", target).body, "secret");
  }
}

TEST_F(ServeHttpTest, EndsCleanlyOnASignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Server server({"--index", index()});
    RawClient idle(server.port());
    EXPECT_EQ(ask(server.port(), "GET", "/healthz").status, 200);
    EXPECT_EQ(server.end(signal), 0);
    EXPECT_TRUE(idle.ended());
  }
}

TEST_F(ServeHttpTest, SaysWhatIsWrongWithItsCommandLine) {
  Server server({"--index", index()});
  const ProcessResult in_use =
      yurai({"serve", "--index", index(), "--listen", "127.0.0.1:" + server.port_text()});
  EXPECT_EQ(in_use.exit_status, 1);
  EXPECT_NE(in_use.err.find("port is in use"), std::string::npos) << in_use.err;
  EXPECT_EQ(yurai({"serve", "--index", *folder_ / "none"}).exit_status, 1);
  for (const char* listen : {"nowhere", "127.0.0.1:", "127.0.0.1:99999", ":80"}) {
    EXPECT_EQ(yurai({"serve", "--index", index(), "--listen", listen}).exit_status, 2) << listen;
  }
  EXPECT_EQ(yurai({"serve", "--index", index(), "--listen", "a.b.c:1"}).exit_status, 1);
  EXPECT_EQ(yurai({"serve", "--index", index(), "--upstream", "file:///x"}).exit_status, 1);
  EXPECT_EQ(yurai({"serve", "--index", index(), "--web", *folder_ / "none"}).exit_status, 1);
  EXPECT_EQ(yurai({"serve", "--index", index(), "--api-key-env", "YURAI_NO_SUCH"}).exit_status, 1);
  EXPECT_EQ(yurai({"serve"}).exit_status, 2);
  EXPECT_EQ(yurai({"serve", "--index", index(), "--port", "1"}).exit_status, 2);
}

TEST_F(ServeHttpTest, StreamsTheUpstreamByteForByte) {
  std::string events;
  for (int i = 0; i < 500; ++i) {
    events += fmt::format("data: {{\"n\":{},\"text\":\"猫\"}}\r\n\r\n: comment\n\n", i);
  }
  ScriptedServer upstream([&](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    connection.send_pieces(events, 37);
  });
  Server server({"--index", index(), "--upstream", upstream.url()});
  const std::string body = R"({ "model":"big","stream":true,"messages":[],"kept":[1.0] })";
  const auto response = ask(server.port(), "POST", "/v1/chat/completions", body);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "text/event-stream");
  EXPECT_EQ(response.body, events);
  EXPECT_TRUE(upstream.requests().back().ends_with("\r\n\r\n" + body));
}

TEST_F(ServeHttpTest, LetsTheUpstreamGoWhenTheCallerIsGone) {
  std::atomic<bool> cut = false;
  ScriptedServer upstream([&](ScriptedServer::Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    connection.wait_closed();  // silent until the gateway hangs up
    cut = true;
  });
  Server server({"--index", index(), "--upstream", upstream.url()});
  {
    RawClient client(server.port());
    client.request("POST", "/v1/completions", R"({"model":"big","prompt":"a","stream":true})");
    ASSERT_TRUE(client.receive());
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!cut && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(cut);
}

TEST_F(ServeHttpTest, SaysThatTheUpstreamIsDownAndGoesOn) {
  std::string url;
  {
    ScriptedServer upstream([](ScriptedServer::Connection&) {});
    url = upstream.url();
  }
  Server server({"--index", index(), "--upstream", url});
  const auto down =
      ask(server.port(), "POST", "/v1/completions", R"({"model":"big","prompt":"a"})");
  EXPECT_EQ(down.status, 502);
  EXPECT_TRUE(parse_json(down.body, "body")->contains("error"));
  EXPECT_EQ(ask(server.port(), "GET", "/v1/models").status, 200);
}

TEST_F(ServeHttpTest, SurvivesClientsThatCutTheirStreams) {
  Server server({"--index", index()});
  const std::string body =
      R"({"model":"ngram","prompt":"","stream":true,"max_tokens":10000,"temperature":5})";
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.request("POST", "/v1/completions", body);
    ASSERT_TRUE(client.receive());
  }
  EXPECT_EQ(ask(server.port(), "GET", "/healthz").status, 200);
}

TEST_F(ServeHttpTest, AnswersSixtyFourClientsAtOnce) {
  Server server({"--index", index()});
  const std::string expected =
      ask(server.port(), "POST", "/v1/trace", R"({"text":"吾輩は猫である。"})").body;
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back([&] {
      RawClient client(server.port());
      for (int j = 0; j < 10; ++j) {
        client.request("POST", "/v1/trace", R"({"text":"吾輩は猫である。"})");
        const auto response = client.read_response();
        if (response && response->body == expected) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 640);
}

TEST_F(ServeHttpTest, SurvivesTwoHundredBrokenRequests) {
  Server server({"--index", index()});
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> valid = {
      "POST /v1/trace HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 40\r\n\r\n{\"text\":\"\xe7\x8c\xab\xe3\x81\xa7\",\"max_chance\":\"inf\"}",
      "GET /v1/search?q=%E7%8C%AB&limit=3&cursor=0-00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /v1/documents/neko%2F1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n1b\r\n{\"prompt\":\"a\",\"stream\":true}\r\n0\r\n\r\n"};
  for (int i = 0; i < 200; ++i) {
    std::string bytes = valid[random() % valid.size()];
    for (uint64_t change = 0; change < 1 + random() % 5; ++change) {
      const size_t at = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes[at] = static_cast<char>(random());
      } else if (random() % 2 == 0) {
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 40));
      } else if (bytes.size() > 30) {
        bytes.erase(at, 1 + random() % 10);
      }
    }
    RawClient client(server.port());
    client.send(bytes);
    client.end_sending();
    if (i % 4 == 0) client.read_response();
  }
  EXPECT_EQ(ask(server.port(), "POST", "/v1/count", R"({"texts":["猫"]})").status, 200);
  EXPECT_EQ(server.end(SIGTERM), 0);
}

}  // namespace
}  // namespace yurai

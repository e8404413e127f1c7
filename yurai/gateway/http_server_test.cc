#include "yurai/gateway/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "yurai/base/testing.h"
#include "yurai/gateway/raw_client.h"
#include "yurai/gateway/worker_pool.h"

namespace yurai {
namespace {

using testing::ask;
using testing::RawClient;
using namespace std::chrono_literals;

ApiResponse plain(int status, std::string body) {
  ApiResponse response;
  response.status = status;
  response.headers = {{"content-type", "text/plain"}};
  response.body = std::move(body);
  return response;
}

/// A gate that handlers wait at until the test opens it.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Answers "METHOD TARGET BODY"; /wait waits for the gate; /stream sends ten pieces; /endless sends
/// until nobody reads; /patient and /query, which asks no model, wait until they are stopped.
class HttpServerTest : public ::testing::Test {
 protected:
  HttpServer serve(HttpServerOptions options = {}) {
    auto server = HttpServer::listen(
        options, {.answer = [this](const ApiRequest& request) { return answer(request); },
                  .refuse = [](int status, std::string why) { return plain(status, why); },
                  .generates =
                      [](const ApiRequest& request) {
                        return request.target == "/endless" || request.target == "/patient" ||
                               request.target == "/stream";
                      }});
    EXPECT_TRUE(server) << server.error().message;
    return std::move(*server);
  }

  ApiResponse answer(const ApiRequest& request) {
    if (request.target == "/wait") {
      waiting_.open();
      gate_.wait();
    }
    if (request.target == "/throw") throw std::bad_alloc();
    if (request.target == "/patient") {
      waiting_.open();
      std::stop_callback gone(request.stop, [this] { gone_.open(); });
      EXPECT_TRUE(gone_.wait());
    }
    if (request.target == "/query") {
      waiting_.open();
      std::stop_callback gone(request.stop, [this] { gone_.open(); });
      EXPECT_TRUE(gone_.wait());
      return plain(499, "given up");
    }
    if (request.target == "/large") return plain(200, std::string(20 << 20, 'x'));
    ApiResponse response = plain(200, request.method + " " + request.target + " " + request.body);
    if (request.target == "/stream") {
      response.stream = [](ResponseWriter& writer) {
        writer.begin(200, {{"content-type", "text/event-stream"}});
        for (int i = 0; i < 10; ++i) {
          if (!writer.write("data: " + std::to_string(i) + "\n\n")) return false;
        }
        return true;
      };
    }
    if (request.target == "/endless") {
      response.stream = [this](ResponseWriter& writer) {
        writer.begin(200, {});
        while (writer.write(std::string(1000, 'e'))) {
        }
        gone_.open();
        return true;
      };
    }
    if (request.target == "/nothing") {
      response.stream = [](ResponseWriter& writer) {
        writer.begin(204, {});
        return true;
      };
    }
    if (request.target == "/broken") {
      response.stream = [](ResponseWriter& writer) {
        writer.begin(200, {});
        writer.write("half");
        return false;
      };
    }
    return response;
  }

  Gate gate_;
  Gate waiting_;
  Gate gone_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  HttpServer server = serve();
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.request("POST", "/a%20b?c", "body"));
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST /a%20b?c body");
    EXPECT_FALSE(response->header("date").empty());
    EXPECT_TRUE(response->header("connection").empty());
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  HttpServer server = serve();
  RawClient client(server.port());
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  ASSERT_TRUE(client.send(bytes));
  for (int i = 0; i < 20; ++i) {
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "GET /" + std::to_string(i) + " ");
  }
}

TEST_F(HttpServerTest, ClosesWhenAskedToAndForOldClients) {
  HttpServer server = serve();
  RawClient asked(server.port());
  asked.request("GET", "/", "", "Connection: close\r\n");
  const auto closing = asked.read_response();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->header("connection"), "close");
  EXPECT_TRUE(asked.ended());

  RawClient old(server.port());
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  const auto streamed = old.read_response();
  ASSERT_TRUE(streamed);
  EXPECT_TRUE(streamed->header("transfer-encoding").empty());
  EXPECT_TRUE(streamed->body.ends_with("data: 9\n\n"));
}

TEST_F(HttpServerTest, SendsNoBodyForHead) {
  HttpServer server = serve();
  RawClient client(server.port());
  client.request("HEAD", "/x");
  const auto head = client.read_response(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "8");
  client.request("GET", "/x");
  EXPECT_EQ(client.read_response()->body, "GET /x ");
}

TEST_F(HttpServerTest, SendsEveryPieceOfAStreamAsOneChunk) {
  HttpServer server = serve();
  RawClient client(server.port());
  for (int round = 0; round < 2; ++round) {
    client.request("GET", "/stream");
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    ASSERT_EQ(response->chunks.size(), 10u);
    EXPECT_EQ(response->chunks[3], "data: 3\n\n");
  }
}

TEST_F(HttpServerTest, SendsNoBodyOfAStreamWithoutContent) {
  HttpServer server = serve();
  RawClient client(server.port());
  ASSERT_TRUE(
      client.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n"
                  "Connection: close\r\n\r\n"));
  EXPECT_TRUE(client.ended());
  const std::string& all = client.received();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 204 ")) << all;
  EXPECT_EQ(all.find("transfer-encoding"), std::string::npos) << all;
  EXPECT_NE(all.find("\r\n\r\nHTTP/1.1 200 "), std::string::npos) << all;
}

TEST_F(HttpServerTest, CutsAStreamThatIsNotWhole) {
  HttpServer server = serve();
  RawClient client(server.port());
  client.request("GET", "/broken");
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(client.received().ends_with("\r\n4\r\nhalf\r\n")) << client.received();
}

TEST_F(HttpServerTest, EndsAStreamWhoseReaderIsGone) {
  HttpServer server = serve();
  RawClient client(server.port());
  client.request("GET", "/endless");
  ASSERT_TRUE(client.receive());
  client.close();
  EXPECT_TRUE(gone_.wait());
}

TEST_F(HttpServerTest, EndsAStreamWhoseReaderDoesNotRead) {
  HttpServer server = serve({.write_timeout = 200ms});
  RawClient client(server.port());
  client.request("GET", "/endless");
  ASSERT_TRUE(client.receive());
  EXPECT_TRUE(gone_.wait());
}

TEST_F(HttpServerTest, TellsAGenerationThatItsCallerIsGone) {
  HttpServer server = serve();
  RawClient client(server.port());
  client.request("GET", "/patient");
  ASSERT_TRUE(waiting_.wait());
  client.close();
  EXPECT_TRUE(gone_.wait());
}

TEST_F(HttpServerTest, TellsAQueryThatItsCallerIsGone) {
  HttpServer server = serve();
  {
    RawClient client(server.port());
    ASSERT_TRUE(client.request("GET", "/query"));
    ASSERT_TRUE(waiting_.wait());
  }
  EXPECT_TRUE(gone_.wait());
}

TEST_F(HttpServerTest, GivesUpAQueryThatTakesTooLong) {
  HttpServerOptions options;
  options.query_timeout = 50ms;
  HttpServer server = serve(options);
  RawClient client(server.port());
  ASSERT_TRUE(client.request("GET", "/query"));
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 504);
  EXPECT_NE(response->body.find("50 ms"), std::string::npos) << response->body;
  ASSERT_TRUE(client.request("GET", "/next"));  // the connection goes on
  const auto next = client.read_response();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->status, 200);
}

TEST_F(HttpServerTest, GivesUpAQueryThatOutlivesTheServer) {
  HttpServerOptions options;
  options.stop_timeout = 50ms;
  HttpServer server = serve(options);
  RawClient client(server.port());
  ASSERT_TRUE(client.request("GET", "/query"));
  ASSERT_TRUE(waiting_.wait());
  server.stop();
  EXPECT_TRUE(gone_.wait());
}

TEST_F(HttpServerTest, RefusesABodyThatIsTooLarge) {
  HttpServer server = serve({.max_body_bytes = 1000});
  EXPECT_EQ(ask(server.port(), "POST", "/", std::string(1000, 'a')).status, 200);
  EXPECT_EQ(ask(server.port(), "POST", "/", std::string(1001, 'a')).status, 413);
  // Sent in full before the answer is read: the answer still arrives.
  EXPECT_EQ(ask(server.port(), "POST", "/", std::string(5 << 20, 'a')).status, 413);
  RawClient chunked(server.port());
  chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send("64\r\n" + std::string(100, 'b') + "\r\n");
  EXPECT_EQ(chunked.read_response()->status, 413);
}

TEST_F(HttpServerTest, RefusesABodyWhenTooManyBytesArePending) {
  HttpServer server = serve({.max_pending_body_bytes = 5000});
  EXPECT_EQ(ask(server.port(), "POST", "/", std::string(6000, 'a')).status, 503);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(ask(server.port(), "POST", "/", std::string(4000, 'a')).status, 200);
  }
}

TEST_F(HttpServerTest, RefusesFieldsThatAreTooLarge) {
  HttpServer server = serve({.max_header_bytes = 4096});
  EXPECT_EQ(ask(server.port(), "GET", "/" + std::string(3000, 'a')).status, 200);
  EXPECT_EQ(ask(server.port(), "GET", "/" + std::string(5000, 'a')).status, 431);
  EXPECT_EQ(ask(server.port(), "GET", "/", "", "X: " + std::string(100'000, 'a') + "\r\n").status,
            431);
}

TEST_F(HttpServerTest, ReadsTargetsAsLongAsAnEncodedId) {
  HttpServer server = serve();
  const std::string target = "/" + std::string(3 * (64 << 10), 'a');
  EXPECT_EQ(ask(server.port(), "GET", target).body, "GET " + target + " ");
}

TEST_F(HttpServerTest, ReadsChunkedBodiesAndExpectContinue) {
  HttpServer server = serve();
  RawClient client(server.port());
  client.send(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response()->body, "POST /c abcde");
  client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(client.receive());
  EXPECT_EQ(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(client.read_response()->body, "POST /e ok");
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequest) {
  HttpServer server = serve();
  for (const std::string_view bytes :
       {"garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\nok",
        "GET / HTTP/1.1\r\nX: a\x01"
        "b\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"}) {
    RawClient client(server.port());
    client.send(bytes);
    const auto response = client.read_response();
    ASSERT_TRUE(response) << bytes;
    EXPECT_EQ(response->status, 400) << bytes;
    EXPECT_EQ(response->header("connection"), "close");
  }
  EXPECT_EQ(ask(server.port(), "GET", "/").status, 200);
}

TEST_F(HttpServerTest, LeavesClientsThatAreTooSlow) {
  HttpServer server = serve({.header_timeout = 150ms, .body_timeout = 150ms});
  RawClient idle(server.port());
  RawClient loris(server.port());
  loris.send("GET / HTTP/1.1\r\nHost: x\r\nX: ");
  RawClient half(server.port());
  half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(loris.ended());
  EXPECT_TRUE(half.ended());
}

TEST_F(HttpServerTest, SlowRequestsDoNotBlockOthers) {
  HttpServer server = serve({.num_query_threads = 2});
  RawClient slow(server.port());
  slow.request("GET", "/wait");
  ASSERT_TRUE(waiting_.wait());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(server.port(), "GET", "/quick").status, 200);
  gate_.open();
  EXPECT_EQ(slow.read_response()->status, 200);
}

TEST_F(HttpServerTest, TellsConnectionsBeyondItsLimit) {
  HttpServer server = serve({.max_connections = 2});
  RawClient one(server.port());
  RawClient two(server.port());
  one.request("GET", "/");
  two.request("GET", "/");
  ASSERT_TRUE(one.read_response() && two.read_response());
  RawClient three(server.port());
  const auto refused = three.read_response();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  one.close();
  two.close();
  int status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i) status = ask(server.port(), "GET", "/").status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, SurvivesAHandlerThatThrows) {
  HttpServer server = serve();
  EXPECT_EQ(ask(server.port(), "GET", "/throw").status, 0);
  EXPECT_EQ(ask(server.port(), "GET", "/").status, 200);
}

TEST_F(HttpServerTest, LetsRequestsInFlightEndWhenItStops) {
  HttpServer server = serve();
  RawClient idle(server.port());
  RawClient busy(server.port());
  busy.request("GET", "/wait");
  ASSERT_TRUE(waiting_.wait());
  std::thread stopping([&] { server.stop(); });
  EXPECT_TRUE(idle.ended());
  gate_.open();
  const auto response = busy.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(busy.ended());
  stopping.join();
  EXPECT_FALSE(RawClient(server.port()).connected());
}

TEST_F(HttpServerTest, CutsOffWhatDoesNotEndWhenItStops) {
  HttpServer server = serve({.stop_timeout = 100ms});
  RawClient endless(server.port());
  endless.request("GET", "/endless");
  ASSERT_TRUE(endless.receive());
  RawClient patient(server.port());
  patient.request("GET", "/patient");
  ASSERT_TRUE(waiting_.wait());
  server.stop();
  EXPECT_TRUE(gone_.wait());
}

TEST_F(HttpServerTest, StopsWhileRequestsAreStillComing) {
  for (int round = 0; round < 20; ++round) {
    HttpServerOptions options;
    options.stop_timeout = 1ms;
    HttpServer server = serve(options);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(std::make_unique<RawClient>(server.port()));
      clients.back()->send(
          "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf");
    }
    std::atomic<bool> stopped = false;
    std::thread uploads([&] {
      for (size_t i = 0; i < clients.size(); ++i) clients[i]->send("done");
      while (!stopped) {
        for (auto& client : clients) client->request("GET", "/more");
      }
    });
    server.stop();
    stopped = true;
    uploads.join();
  }
}

TEST(WorkerPool, TakesNoJobsAfterItsEnd) {
  WorkerPool pool(2);
  std::atomic<int> done = 0;
  ASSERT_TRUE(pool.submit([&] { ++done; }));
  pool.end();
  const int at_end = done;
  EXPECT_FALSE(pool.submit([&] { ++done; }));
  pool.end();
  EXPECT_EQ(done, at_end);
}

TEST_F(HttpServerTest, SendsLargeBodiesWhole) {
  HttpServer server = serve();
  EXPECT_EQ(ask(server.port(), "GET", "/large").body.size(), 20u << 20);
}

TEST_F(HttpServerTest, SaysThatAPortIsInUse) {
  HttpServer server = serve();
  HttpServerOptions same;
  same.port = server.port();
  const auto second = HttpServer::listen(same, {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
  EXPECT_FALSE(HttpServer::listen({.address = "nowhere"}, {}));
}

TEST_F(HttpServerTest, ServesManyClientsAtOnce) {
  HttpServer server = serve();
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back([&, i] {
      RawClient client(server.port());
      for (int j = 0; j < 20; ++j) {
        const std::string target = "/" + std::to_string(i) + "-" + std::to_string(j);
        const bool streamed = j % 5 == 0;
        client.request("GET", streamed ? "/stream" : target);
        const auto response = client.read_response();
        if (response &&
            (streamed ? response->chunks.size() == 10 : response->body == "GET " + target + " ")) {
          ++right;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 64 * 20);
}

TEST_F(HttpServerTest, SurvivesRandomBytes) {
  HttpServer server = serve({.header_timeout = 100ms, .body_timeout = 100ms});
  std::mt19937_64 random(testing::test_seed());
  const std::string valid =
      "POST /v1/trace HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 12\r\n\r\n{\"text\":\"a\"}";
  for (int i = 0; i < 200; ++i) {
    std::string bytes = valid;
    const int changes = 1 + static_cast<int>(random() % 6);
    for (int change = 0; change < changes; ++change) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 20);
          break;
        case 2:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 30));
          break;
        default:
          bytes.insert(at, 1, static_cast<char>(random()));
      }
      if (bytes.empty()) bytes = "x";
    }
    RawClient client(server.port());
    client.send(bytes);
    if (random() % 2 == 0) client.end_sending();
    if (random() % 3 == 0) client.read_response();
  }
  EXPECT_EQ(ask(server.port(), "GET", "/alive").status, 200);
}

}  // namespace
}  // namespace yurai

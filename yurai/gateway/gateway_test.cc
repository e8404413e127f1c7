#include "yurai/gateway/gateway.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "yurai/base/hash.h"
#include "yurai/gateway/ask_gateway.h"
#include "yurai/gateway/gateway_testing.h"
#include "yurai/lm/scripted_server.h"
#include "yurai/lm/sse.h"

namespace yurai {
namespace {

using testing::Answer;
using testing::ask;
using testing::GatewayTest;
using testing::ScriptedServer;
using testing::ServedIndex;

TEST_F(GatewayTest, GivesUpWhatNobodyWaitsFor) {
  std::stop_source gone;
  gone.request_stop();
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"/v1/trace", R"({"text":"The quick brown fox jumps","near":true})"},
      {"/v1/trace", R"({"text":"The quick brown fox jumps over","min_bytes":16})"},
      {"/v1/count", R"({"texts":["fox"]})"},
      {"/v1/next", R"({"context":"fox"})"},
      {"/v1/prob", R"({"context":"fox","strings":["a"]})"},
      {"/v1/query", R"({"query":"\"fox\" AND \"dog\""})"}};
  for (const auto& [target, body] : requests) {
    const ApiRequest request{
        .method = "POST",
        .target = target,
        .headers = {{"host", "localhost:1"}, {"content-type", "application/json"}},
        .body = body,
        .stop = gone.get_token()};
    EXPECT_EQ(gateway_->answer(request).status, 499) << target << " " << body;
  }
}

TEST_F(GatewayTest, AnswersEveryOperationOfItsContractAsDocumented) {
  const std::map<std::string, std::string> requests = {
      {"/v1/trace", R"({"text":"吾輩は猫である。名前はまだ無い。"})"},
      {"/v1/count", R"({"texts":["猫"]})"},
      {"/v1/next", R"({"context":"猫"})"},
      {"/v1/prob", R"({"context":"吾輩は","strings":["猫","犬"]})"},
      {"/v1/query", R"({"query":"quick AND fox WITHIN 20"})"},
      {"/v1/search", "?q=quick&limit=1"},
      {"/v1/documents/{id}", "/v1/documents/fox"},
      {"/v1/corpus", ""},
      {"/v1/decisions", ""},
      {"/v1/decisions/examples", "?filter=words&limit=1"},
      {"/v1/decisions/whatif", "?filter=length&threshold=30"},
      {"/v1/runs", ""},
      {"/v1/completions", R"({"prompt":"吾輩は","max_tokens":5})"},
      {"/v1/chat/completions",
       R"({"model":"ngram","messages":[{"role":"user","content":"吾輩は"}],"max_tokens":5})"},
      {"/v1/models", ""},
      {"/healthz", ""},
      {"/metrics", ""},
      {"/openapi.json", ""}};
  size_t num_operations = 0;
  for (const auto& [path, methods] : (*contract_)["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      ++num_operations;
      const auto request = requests.find(path);
      ASSERT_NE(request, requests.end()) << path << " has no example here";
      Answer answer;
      if (method == "post") {
        answer = ask(*gateway_, "POST", path, request->second);
      } else if (request->second.starts_with('/')) {
        answer = get(request->second);
      } else {
        answer = get(path + request->second);
      }
      EXPECT_EQ(answer.status, 200) << path << " " << answer.body;
      documented(answer, path, method);
      // The other method is refused, and says what is allowed.
      const Answer refused = ask(*gateway_, method == "post" ? "GET" : "POST", path, "{}");
      EXPECT_EQ(refused.status, 405) << path;
      EXPECT_EQ(refused.header("allow"), method == "post" ? "POST" : "GET, HEAD");
      EXPECT_EQ(refused.code(), "method_not_allowed");
      if (method == "post") {
        const Json& schema = operation["requestBody"]["content"]["application/json"]["schema"];
        EXPECT_EQ(testing::schema_error(*contract_, schema, Json::parse(request->second)), "");
        EXPECT_EQ(documented(ask(*gateway_, "POST", path, "{"), path, method).status, 400);
        EXPECT_EQ(
            documented(ask(*gateway_, "POST", path, "{}", {{"host", "localhost"}}), path, method)
                .status,
            415);
      }
    }
  }
  EXPECT_EQ(num_operations, requests.size());
  EXPECT_EQ(get("/openapi.json").body, openapi_document());
}

TEST_F(GatewayTest, TracesWithItsOptionsAndChecksThem) {
  const std::string text = "吾輩は猫である。名前はまだ無い。どこで生れたか";
  for (const Json& options :
       {Json::object(), Json{{"max_chance", "inf"}}, Json{{"max_chance", 0.5}},
        Json{{"min_bytes", 3}, {"max_documents", 1}}}) {
    Json body = {{"text", text}};
    body.update(options);
    const Answer answer = documented(post("/v1/trace", body), "/v1/trace", "post");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json()["text"], text);
  }
  EXPECT_EQ(post("/v1/trace", {{"text", ""}}).json()["uncovered_share"], 1.0);
  const std::vector<std::pair<Json, std::string>> wrong = {
      {Json::object(), "text"},
      {{{"text", 3}}, "text"},
      {{{"text", "a"}, {"max_chance", "lots"}}, "max_chance"},
      {{{"text", "a"}, {"max_chance", -1}}, "max_chance"},
      {{{"text", "a"}, {"min_bytes", -1}}, "min_bytes"},
      {{{"text", "a"}, {"max_documents", 1.5}}, "max_documents"},
      {{{"text", "a"}, {"max_document", 1}}, "max_document"}};
  for (const auto& [body, param] : wrong) {
    const Answer answer = documented(post("/v1/trace", body), "/v1/trace", "post");
    EXPECT_EQ(answer.status, 400) << dump_json(body);
    EXPECT_EQ(answer.param(), param);
  }
  EXPECT_EQ(post("/v1/trace", {{"text", std::string((1 << 20) + 1, 'a')}}).status, 413);
}

TEST_F(GatewayTest, AddsNearCopiesWhenAsked) {
  const Json body = {
      {"text", "The quick brown fox jumped over the lazy dog. The quick red fox sleeps."},
      {"near", true},
      {"max_chance", "inf"}};
  const Answer answer = documented(post("/v1/trace", body), "/v1/trace", "post");
  ASSERT_GE(answer.json()["near_copies"].size(), 1u) << answer.body;
  EXPECT_EQ(answer.json()["near_copies"][0]["document"]["id"], "fox");
  EXPECT_FALSE(post("/v1/trace", {{"text", "猫"}}).json().contains("near_copies"));
  EXPECT_EQ(post("/v1/trace", {{"text", "猫"}, {"near", "yes"}}).param(), "near");
}

TEST_F(GatewayTest, AddsFoldedSpansWhenAsked) {
  const ServedIndex folded(testing::served_documents(), true);
  const Gateway gateway =
      Gateway::open({.index_dir = folded.dir(), .allowed_hosts = loopback_hosts()}).value();
  const Json body = {{"text", "ＴＨＥ ＱＵＩＣＫ　ｂｒｏｗｎ-ｆｏｘ jumps"},
                     {"max_chance", "inf"},
                     {"fold", true}};
  const Answer answer =
      documented(ask(gateway, "POST", "/v1/trace", dump_json(body)), "/v1/trace", "post");
  const Json spans = answer.json()["spans"];
  const auto found = std::find_if(spans.begin(), spans.end(), [&](const Json& span) {
    return span.contains("differs") && span["text"] == body["text"];
  });
  ASSERT_NE(found, spans.end()) << answer.body;
  EXPECT_EQ((*found)["differs"], Json({"case", "width", "whitespace", "punctuation"}));
  EXPECT_EQ((*found)["documents"][0]["match"], "The quick brown fox jumps");
  EXPECT_EQ((*found)["documents"][0]["char_end"], 25);

  const Answer refused = documented(post("/v1/trace", body), "/v1/trace", "post");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.param(), "fold");
  EXPECT_EQ(refused.code(), "no_folded_twin");
  EXPECT_EQ(post("/v1/trace", {{"text", "猫"}, {"fold", 1}}).param(), "fold");
}

TEST_F(GatewayTest, AddsRelatedPassagesWhenAsked) {
  const Json body = {{"text", "猫の名前はまだ無いそうだ。"}, {"related", true}};
  const Answer answer = documented(post("/v1/trace", body), "/v1/trace", "post");
  const Json related = answer.json()["related"];
  ASSERT_EQ(related["sentences"].size(), 1u);
  EXPECT_EQ(related["sentences"][0]["passages"][0]["id"], "neko");
  EXPECT_FALSE(post("/v1/trace", {{"text", "猫"}}).json().contains("related"));
  EXPECT_EQ(post("/v1/trace", {{"text", "猫"}, {"related", 1}}).param(), "related");
}

TEST_F(GatewayTest, CountsInTheOrderGiven) {
  const Answer answer = post("/v1/count", {{"texts", {"quick", "猫", "absent", "The quick"}}});
  EXPECT_EQ(answer.body, "{\"counts\":[2,1,0,2],\"points\":\"char\"}\n");
  EXPECT_EQ(post("/v1/count", {{"texts", Json::array()}}).param(), "texts");
  EXPECT_EQ(post("/v1/count", {{"texts", {"a", 3}}}).param(), "texts");
  EXPECT_EQ(post("/v1/count", {{"texts", std::vector<std::string>(1001, "a")}}).status, 413);
}

TEST_F(GatewayTest, SaysWhatFollows) {
  const Json next = post("/v1/next", {{"context", "The quick brown fox "}}).json();
  EXPECT_EQ(next["context_count"], 2);
  ASSERT_EQ(next["symbols"].size(), 2u);
  EXPECT_EQ(next["symbols"][0], Json({{"text", "j"}, {"count", 1}, {"probability", 0.5}}));
  EXPECT_EQ(post("/v1/next", {{"context", "The"}, {"max_symbols", 0}}).json()["symbols"].size(),
            0u);
  EXPECT_EQ(post("/v1/next", {{"context", "absent"}}).json()["context_count"], 0);
  EXPECT_EQ(post("/v1/next", {{"context", "a"}, {"max_symbols", -1}}).param(), "max_symbols");
  EXPECT_EQ(post("/v1/next", Json::object()).param(), "context");
}

TEST_F(GatewayTest, SaysHowProbableStringsAre) {
  const Json prob =
      post("/v1/prob", {{"context", "The quick brown fox "}, {"strings", {"jumps", "flies"}}})
          .json();
  EXPECT_EQ(prob["strings"][0]["numerator"], 1);
  EXPECT_EQ(prob["strings"][0]["denominator"], 2);
  EXPECT_EQ(prob["strings"][0]["probability"], 0.5);
  EXPECT_EQ(prob["strings"][1]["probability"], 0.0);
  EXPECT_EQ(post("/v1/prob", {{"context", "a"}}).param(), "strings");
}

TEST_F(GatewayTest, CountsWherePhrasesStandTogether) {
  const Answer answer = documented(
      post("/v1/query", {{"query", "quick AND (dog OR cat) NOT sleeps"}}), "/v1/query", "post");
  EXPECT_EQ(answer.json()["count"], 0);
  const Json near = post("/v1/query", {{"query", "quick AND fox WITHIN 20"}, {"limit", 1}}).json();
  EXPECT_EQ(near["count"], 2);
  EXPECT_EQ(near["exact"], true);
  EXPECT_EQ(near["documents"], 1);
  ASSERT_EQ(near["matches"].size(), 1u);
  EXPECT_EQ(near["matches"][0]["match"], "quick brown fox");
  const Json estimated =
      documented(post("/v1/query", {{"query", "e"}, {"budget", 2}}), "/v1/query", "post").json();
  EXPECT_EQ(estimated["exact"], false);
  for (const auto& [body, param] :
       std::vector<std::pair<Json, std::string>>{{Json::object(), "query"},
                                                 {{{"query", "a AND"}}, "query"},
                                                 {{{"query", "a"}, {"budget", 1}}, "budget"},
                                                 {{{"query", "a"}, {"limit", -1}}, "limit"},
                                                 {{{"query", "a"}, {"within", 5}}, "within"}}) {
    const Answer refused = documented(post("/v1/query", body), "/v1/query", "post");
    EXPECT_EQ(refused.status, 400) << dump_json(body);
    EXPECT_EQ(refused.param(), param);
  }
  EXPECT_NE(post("/v1/query", {{"query", "a AND"}}).body.find("byte 5"), std::string::npos);
}

TEST_F(GatewayTest, SearchesPageByPageWithoutLossOrRepeat) {
  const Json all = get("/v1/search?q=e&limit=1000").json();
  const size_t count = all["count"];
  ASSERT_EQ(all["documents"].size(), count);
  EXPECT_TRUE(all["next_cursor"].is_null());
  Json paged = Json::array();
  std::string cursor;
  do {
    const Answer answer =
        documented(get("/v1/search?q=e&limit=3" + (cursor.empty() ? "" : "&cursor=" + cursor)),
                   "/v1/search", "get");
    const Json page = answer.json();
    EXPECT_EQ(page["count"], count);
    for (const Json& row : page["documents"]) paged.push_back(row);
    cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
  } while (!cursor.empty() && paged.size() <= count);
  EXPECT_EQ(paged, all["documents"]);
  EXPECT_EQ(get("/v1/search?q=nowhere%20at%20all").json()["documents"], Json::array());
}

TEST_F(GatewayTest, RefusesSearchesAndCursorsThatAreOff) {
  const std::string cursor = get("/v1/search?q=e&limit=3").json()["next_cursor"];
  for (const auto& [target, param] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/search", "q"},
           {"/v1/search?q=", "q"},
           {"/v1/search?q=%FF", "q"},
           {"/v1/search?q=a&q=b", "q"},
           {"/v1/search?q=a&limit=0", "limit"},
           {"/v1/search?q=a&limit=1001", "limit"},
           {"/v1/search?q=a&limit=ten", "limit"},
           {"/v1/search?q=a&limt=3", "limt"},
           {"/v1/search?q=o&cursor=" + cursor, "cursor"},
           {"/v1/search?q=e&cursor=" + cursor + "0", "cursor"},
           {"/v1/search?q=e&cursor=ffffffffffffffff-0", "cursor"},
           {"/v1/search?q=e&cursor=x", "cursor"}}) {
    const Answer answer = documented(get(target), "/v1/search", "get");
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.param(), param) << target;
  }
  EXPECT_EQ(get("/v1/search?q=" + std::string(70'000, 'a')).status, 413);
}

TEST_F(GatewayTest, SearchesDocumentsByWhatTheyAreAbout) {
  const Answer answer = documented(
      get("/v1/search?mode=bm25&limit=2&q=" + percent_encode("猫の名前は？")), "/v1/search", "get");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  ASSERT_EQ(json["documents"].size(), 1u);
  EXPECT_EQ(json["documents"][0]["id"], "neko");
  EXPECT_EQ(json["documents"][0]["passage"], testing::served_documents()[0].text);
  EXPECT_GT(json["documents"][0]["score"].get<double>(), 0);
  EXPECT_EQ(get("/v1/search?mode=bm25&q=absent").json()["documents"], Json::array());
  EXPECT_EQ(get("/v1/search?mode=exact&q=quick").body, get("/v1/search?q=quick").body);
  EXPECT_EQ(get("/v1/search?mode=other&q=a").param(), "mode");
  EXPECT_EQ(get("/v1/search?mode=bm25&q=a&cursor=1-2").param(), "cursor");
}

TEST_F(GatewayTest, GivesAllDocumentsOfAnIdWhateverItsCharacters) {
  for (const Document& document : testing::served_documents()) {
    const Answer answer = documented(get("/v1/documents/" + percent_encode(document.id)),
                                     "/v1/documents/{id}", "get");
    ASSERT_EQ(answer.status, 200) << document.id.substr(0, 50);
    const Json documents = answer.json()["documents"];
    ASSERT_EQ(documents.size(), document.id == "twice" ? 2u : 1u);
    EXPECT_EQ(documents[0]["id"], document.id);
    if (document.id == "twice") continue;
    EXPECT_EQ(documents[0]["text"], document.text);
    EXPECT_EQ(documents[0]["bytes"], document.text.size());
    EXPECT_EQ(documents[0]["sha256"], sha256_hex(document.text));
    EXPECT_EQ(documents[0]["license"].is_null(), document.license.empty());
  }
  // A '/' in an id may stay as it is; encoding is undone once, not twice.
  EXPECT_EQ(get("/v1/documents/a/b%252Fc%3Fd=e&f%23g/../%E6%97%A5%E6%9C%AC%20+%22'%5C%01").status,
            200);
  EXPECT_EQ(get("/v1/documents/" + percent_encode(percent_encode(testing::kAwkwardId))).status,
            404);
  const Answer missing = documented(get("/v1/documents/none"), "/v1/documents/{id}", "get");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.code(), "not_found");
  EXPECT_EQ(get("/v1/documents/").status, 404);
  EXPECT_EQ(get("/v1/documents/%F").status, 400);
  EXPECT_EQ(get("/v1/documents/%FF").status, 404);
}

TEST_F(GatewayTest, GivesAThousandDocumentsOfAnIdAtMost) {
  for (const size_t count : {1000, 1001}) {
    const ServedIndex index(std::vector<Document>(count, {.id = "same", .text = "a"}));
    const Gateway gateway =
        Gateway::open({.index_dir = index.dir(), .allowed_hosts = loopback_hosts()}).value();
    const Answer answer =
        documented(ask(gateway, "GET", "/v1/documents/same"), "/v1/documents/{id}", "get");
    EXPECT_EQ(answer.status, count == 1000 ? 200 : 413);
    if (count == 1000) {
      EXPECT_EQ(answer.json()["documents"].size(), count);
    } else {
      EXPECT_EQ(answer.code(), "too_large");
    }
  }
}

TEST_F(GatewayTest, TheNgramModelAnswersTheSameStreamedOrNot) {
  for (const std::string path : {"/v1/completions", "/v1/chat/completions"}) {
    const bool chat = path == "/v1/chat/completions";
    Json body = {{"model", "ngram"},
                 {"seed", 5},
                 {"max_tokens", 12},
                 {"logprobs", chat ? Json(true) : Json(1)}};
    if (chat) {
      body["messages"] = {{{"role", "user"}, {"content", "吾輩は"}}};
    } else {
      body["prompt"] = "吾輩は";
    }
    const Json whole = post(path, body).json();
    const std::string expected =
        chat ? whole["choices"][0]["message"]["content"] : whole["choices"][0]["text"];
    EXPECT_FALSE(expected.empty());

    body["stream"] = true;
    body["stream_options"] = {{"include_usage", true}};
    const Answer streamed = post(path, body);
    EXPECT_EQ(streamed.status, 200);
    EXPECT_EQ(streamed.header("content-type"), "text/event-stream");
    EXPECT_TRUE(streamed.body.ends_with("data: [DONE]\n\n"));
    SseReader reader;
    std::string text;
    std::string finish;
    Json usage;
    const auto events = reader.feed(streamed.body).value();
    for (const ServerSentEvent& event : events) {
      if (event.data == "[DONE]") break;
      const Json chunk = Json::parse(event.data);
      if (chunk["choices"].empty()) {
        usage = chunk["usage"];
        continue;
      }
      EXPECT_TRUE(chunk["usage"].is_null());
      const Json& choice = chunk["choices"][0];
      text += chat ? choice["delta"].value("content", "") : choice["text"].get<std::string>();
      if (!choice["finish_reason"].is_null()) finish = choice["finish_reason"];
    }
    EXPECT_EQ(text, expected);
    EXPECT_EQ(finish, whole["choices"][0]["finish_reason"]);
    EXPECT_EQ(usage, whole["usage"]);
  }
}

TEST_F(GatewayTest, ModelsItDoesNotHaveAreNotFound) {
  const Answer answer =
      documented(post("/v1/chat/completions",
                      {{"model", "gpt-x"}, {"messages", {{{"role", "user"}, {"content", "a"}}}}}),
                 "/v1/chat/completions", "post");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "model_not_found");
  EXPECT_EQ(answer.param(), "model");
  EXPECT_EQ(post("/v1/completions", {{"model", 3}}).param(), "model");
}

TEST_F(GatewayTest, OtherModelsAreAskedOfTheUpstream) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    const std::string request = connection.read_request();
    if (request.starts_with("GET /v1/models ")) {
      connection.respond(200, "application/json",
                         R"({"data":[{"id":"big","object":"model"},{"id":"ngram"},{"no":"id"}]})");
    } else {
      connection.respond(200, "text/event-stream", "data: {\"as\":\"it came\"}\n\n");
    }
  });
  const Gateway gateway = open({.upstream_url = server.url()});
  const std::string body = R"({"model": "big", "stream":true, "messages":[], "x":{"y":1.0}})";
  const Answer answer = ask(gateway, "POST", "/v1/chat/completions", body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "data: {\"as\":\"it came\"}\n\n");
  EXPECT_FALSE(answer.header("content-security-policy").empty());
  EXPECT_TRUE(server.requests().back().ends_with(body));
  const Json models = ask(gateway, "GET", "/v1/models").json()["data"];
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0]["id"], "ngram");
  EXPECT_EQ(models[1]["id"], "big");
}

TEST_F(GatewayTest, AnUpstreamThatIsDownLeavesTheRest) {
  std::string url;
  {
    ScriptedServer server([](ScriptedServer::Connection&) {});
    url = server.url();
  }
  const Gateway gateway = open({.upstream_url = url});
  const Answer answer =
      documented(ask(gateway, "POST", "/v1/completions", R"({"model":"big","prompt":"a"})"),
                 "/v1/completions", "post");
  EXPECT_EQ(answer.status, 502);
  const Answer models = ask(gateway, "GET", "/v1/models");
  EXPECT_EQ(models.json()["data"].size(), 1u);
  EXPECT_FALSE(models.header("x-yurai-warning").empty());
}

TEST_F(GatewayTest, EveryResponseIsGuarded) {
  for (const std::string target :
       {"/", "/v1/corpus", "/v1/nothing", "/healthz", "/v1/search", "/x.js"}) {
    const Answer answer = get(target);
    EXPECT_NE(answer.header("content-security-policy").find("default-src 'self'"),
              std::string_view::npos);
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.header("referrer-policy"), "no-referrer");
    EXPECT_TRUE(answer.header("access-control-allow-origin").empty());
    EXPECT_TRUE(answer.header("server-timing").starts_with("answer;dur="));
  }
}

TEST_F(GatewayTest, UnknownPathsAndMethodsAreRefused) {
  const Answer missing = get("/v1/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.code(), "not_found");
  EXPECT_EQ(ask(*gateway_, "DELETE", "/v1/corpus").status, 405);
  EXPECT_EQ(ask(*gateway_, "OPTIONS", "/v1/trace").header("allow"), "POST");
  EXPECT_EQ(ask(*gateway_, "POST", "/").status, 405);
  EXPECT_EQ(ask(*gateway_, "GET", "*").status, 404);
  EXPECT_EQ(ask(*gateway_, "GET", "").status, 404);
  EXPECT_EQ(ask(*gateway_, "HEAD", "/v1/corpus").status, 200);
}

TEST_F(GatewayTest, ServesOnlyItsOwnNames) {
  const auto status = [&](std::string host) {
    return ask(*gateway_, "GET", "/healthz", "", {{"host", std::move(host)}}).status;
  };
  for (const char* host : {"localhost", "LOCALHOST:8765", "127.0.0.1:1", "[::1]", "[::1]:80"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host : {"evil.example", "evil.example:8765", "localhost.evil.example",
                           "127.0.0.2", "", "[::2]", ":80"}) {
    EXPECT_EQ(status(host), 403) << host;
  }
  EXPECT_EQ(ask(*gateway_, "GET", "/healthz", "", {}).status, 400);
  EXPECT_EQ(ask(*gateway_, "GET", "/healthz", "", {{"host", "localhost"}, {"host", "evil"}}).status,
            400);
  const Gateway named = open({.allowed_hosts = {"Trace.Example"}});
  EXPECT_EQ(ask(named, "GET", "/healthz", "", {{"host", "trace.example:1"}}).status, 200);
  EXPECT_EQ(ask(named, "GET", "/healthz", "", {{"host", "localhost"}}).status, 403);
}

TEST_F(GatewayTest, MetricsNameRoutesAndNothingOfTheCaller) {
  const Gateway gateway = open({});
  ask(gateway, "GET", "/v1/documents/hidden-id");
  ask(gateway, "GET", "/hidden-page.js");
  ask(gateway, "GET", "/v1/search?q=hidden-query");
  ask(gateway, "HIDDEN", "/v1/search");
  const std::string text = ask(gateway, "GET", "/metrics").body;
  EXPECT_EQ(text.find("hidden"), std::string::npos);
  EXPECT_EQ(text.find("HIDDEN"), std::string::npos);
  for (const char* line :
       {"yurai_http_requests_total{method=\"GET\",route=\"/v1/documents/{id}\",status=\"404\"} 1",
        "yurai_http_requests_total{method=\"GET\",route=\"/v1/search\",status=\"200\"} 1",
        "yurai_http_requests_total{method=\"OTHER\",route=\"/v1/search\",status=\"405\"} 1",
        "yurai_http_requests_in_flight 1", "yurai_index_documents 7",
        "yurai_http_request_duration_seconds_count{route=\"/v1/search\"} 2"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST_F(GatewayTest, AnIndexThatIsNotThereIsAnError) {
  testing::TemporaryDirectory empty;
  EXPECT_FALSE(Gateway::open({.index_dir = empty / "none"}));
}

}  // namespace
}  // namespace yurai

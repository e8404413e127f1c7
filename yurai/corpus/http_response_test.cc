#include "yurai/corpus/http_response.h"

#include <gtest/gtest.h>

#include "yurai/corpus/compressed_testing.h"

namespace yurai {
namespace {

using testing::gzip;

const std::string kHead = "HTTP/1.1 200 OK\r\n";

std::string body(const std::string& message, uint64_t max_bytes = 1 << 20) {
  const auto response = parse_http_response(message, max_bytes);
  return response ? response->body : "error: " + response.error().message;
}

TEST(HttpResponse, ReadsStatusTypeAndBody) {
  const auto response = parse_http_response(
      "HTTP/1.0 404 Not Found\nserver: x\ncontent-TYPE: Text/HTML; Charset=\"EUC-JP\"\n\n<p>\n",
      100);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->media_type, "text/html");
  EXPECT_EQ(response->charset, "euc-jp");
  EXPECT_EQ(response->body, "<p>\n");
}

TEST(HttpResponse, PutsChunksTogether) {
  const std::string chunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(body(chunked + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), "abc0123456789");
  EXPECT_EQ(body(chunked + "no chunks"), "no chunks");
  EXPECT_EQ(body(chunked + "5\r\nabc"), "5\r\nabc");
  EXPECT_EQ(body(chunked + "ffffffffffffffff\r\nabc"), "ffffffffffffffff\r\nabc");
}

TEST(HttpResponse, Decompresses) {
  EXPECT_EQ(body(kHead + "Content-Encoding: gzip\r\n\r\n" + gzip("page")), "page");
  EXPECT_EQ(body(kHead + "Content-Encoding: gzip\r\n\r\nplain already"), "plain already");
  EXPECT_EQ(body(kHead + "Content-Encoding: deflate\r\n\r\n" + gzip("page").substr(10)), "page");
  EXPECT_EQ(body(kHead + "Content-Encoding: br\r\n\r\nx"),
            "error: content encoding 'br' is not read (gzip and deflate are)");
  EXPECT_EQ(body(kHead + "Content-Encoding: gzip\r\n\r\n" + gzip("page").substr(0, 12)),
            "error: the compressed page is damaged or cut off");
  EXPECT_EQ(body(kHead + "Content-Encoding: gzip\r\n\r\n" + gzip(std::string(1000, 'x')), 999),
            "error: a page of more than 999 bytes");
}

TEST(HttpResponse, RefusesWhatIsNone) {
  EXPECT_FALSE(parse_http_response("", 100));
  EXPECT_FALSE(parse_http_response("GET / HTTP/1.1\r\n\r\n", 100));
  EXPECT_FALSE(parse_http_response("HTTP/1.1 200 OK\r\n", 100));
  EXPECT_FALSE(parse_http_response("HTTP/1.1 OK\r\n\r\n", 100));
  EXPECT_FALSE(parse_http_response("HTTP/1.1\r\n\r\n", 100));
}

}  // namespace
}  // namespace yurai

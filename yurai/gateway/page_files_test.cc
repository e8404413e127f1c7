#include "yurai/gateway/page_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

ApiRequest get(std::string target, HttpFields headers = {}) {
  return {.method = "GET",
          .target = std::move(target),
          .headers = std::move(headers),
          .body = {},
          .stop = {}};
}

std::string_view field(const ApiResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

class PageFilesTest : public ::testing::Test {
 protected:
  PageFilesTest() {
    fs::create_directories(folder_ / "web/assets");
    write("web/index.html", "<!doctype html>page");
    write("web/assets/index-1a2b.js", "let x;");
    write("web/日本 語.svg", "<svg/>");
    write("secret.txt", "secret");
    fs::create_symlink(folder_ / "secret.txt", folder_ / "web/link.txt");
    fs::create_directory_symlink(folder_.path(), folder_ / "web/up");
  }
  void write(std::string_view name, std::string_view bytes) {
    ASSERT_TRUE(write_file(folder_ / name, bytes));
  }
  PageFiles open() { return PageFiles::open(folder_ / "web").value(); }

  testing::TemporaryDirectory folder_;
};

TEST_F(PageFilesTest, ServesFilesWithTheirTypes) {
  const PageFiles page = open();
  EXPECT_TRUE(page.built());
  const auto script = page.get(get("/assets/index-1a2b.js?x=1"));
  ASSERT_TRUE(script);
  EXPECT_EQ(script->body, "let x;");
  EXPECT_EQ(field(*script, "content-type"), "text/javascript; charset=utf-8");
  EXPECT_NE(field(*script, "cache-control").find("immutable"), std::string_view::npos);
  const auto image = page.get(get("/%E6%97%A5%E6%9C%AC%20%E8%AA%9E.svg"));
  ASSERT_TRUE(image);
  EXPECT_EQ(field(*image, "content-type"), "image/svg+xml");
  EXPECT_EQ(field(*image, "cache-control"), "no-cache");
}

TEST_F(PageFilesTest, PlacesInsideThePageAreThePage) {
  const PageFiles page = open();
  for (const std::string_view target : {"/", "/?q=1", "/search", "/corpus/", "/a/b/c"}) {
    const auto response = page.get(get(std::string(target)));
    ASSERT_TRUE(response) << target;
    EXPECT_EQ(response->body, "<!doctype html>page") << target;
    EXPECT_EQ(field(*response, "cache-control"), "no-cache");
  }
  EXPECT_TRUE(page.get(get("/document/ls.1", {{"accept", "text/html,*/*"}})));
  for (const std::string_view target : {"/missing.js", "/assets/missing", "/v1/nothing"}) {
    const auto response = page.get(get(std::string(target)));
    ASSERT_FALSE(response) << target;
    EXPECT_EQ(response.error().status, 404);
  }
}

TEST_F(PageFilesTest, NeverLeavesItsFolder) {
  const PageFiles page = open();
  for (const std::string_view target :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt",
        "/link.txt", "/up/secret.txt", "//secret.txt", "/secret.txt%00.js", "/.%00./secret.txt",
        "/..\\secret.txt", "/%252e%252e/secret.txt", "secret.txt", "", "/web/index.html"}) {
    const auto response = page.get(get(std::string(target)));
    if (response) {
      EXPECT_EQ(response->body, "<!doctype html>page") << target;
    } else {
      EXPECT_EQ(response.error().status, 404) << target;
    }
  }
  EXPECT_EQ(page.get(get("/%zz")).error().status, 400);
}

TEST_F(PageFilesTest, AnswersWhatABrowserHasWith304) {
  const PageFiles page = open();
  const std::string etag(field(*page.get(get("/")), "etag"));
  const auto again = page.get(get("/", {{"if-none-match", etag}}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 304);
  EXPECT_TRUE(again->body.empty());
  EXPECT_EQ(page.get(get("/", {{"if-none-match", "\"other\""}}))->status, 200);
}

TEST_F(PageFilesTest, SaysWhenThePageIsNotBuilt) {
  const PageFiles page = PageFiles::open(folder_ / "absent").value();
  EXPECT_FALSE(page.built());
  const auto response = page.get(get("/"));
  ASSERT_TRUE(response);
  EXPECT_NE(response->body.find("not built"), std::string::npos);
  EXPECT_EQ(page.get(get("/x.js")).error().status, 404);
}

}  // namespace
}  // namespace yurai

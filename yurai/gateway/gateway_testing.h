#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "yurai/gateway/ask_gateway.h"
#include "yurai/gateway/gateway.h"
#include "yurai/gateway/openapi_document.h"
#include "yurai/gateway/served_index.h"
#include "yurai/testbed/testing.h"

namespace yurai::testing {

/// One gateway for all tests of the suite, with an index, decisions and a run of 12 steps.
class GatewayTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    index_ = new ServedIndex;  // one for all tests of the suite
    decisions_ = new ServedDecisions;
    run_ = new TemporaryDirectory;
    const auto written = write_run(run_->path(), index_->dir().parent_path() / "corpus", 12);
    ASSERT_TRUE(written) << written.error().message;
    gateway_ = new Gateway(open({.filtered_dir = decisions_->dir(), .run_dirs = {*run_ / "run"}}));
    contract_ = new Json(parse_json(openapi_document(), "openapi").value());
  }
  static void TearDownTestSuite() {
    delete contract_;
    delete gateway_;
    delete run_;
    delete decisions_;
    delete index_;
  }
  static Gateway open(GatewayOptions options) {
    options.index_dir = index_->dir();
    if (options.allowed_hosts.empty()) options.allowed_hosts = loopback_hosts();
    auto gateway = Gateway::open(options);
    YURAI_CHECK(gateway.has_value());
    return std::move(*gateway);
  }

  static Answer get(const std::string& target) { return ask(*gateway_, "GET", target); }
  static Answer post(const std::string& target, const Json& body) {
    return ask(*gateway_, "POST", target, dump_json(body));
  }

  /// An answer whose body is what the contract says about this operation.
  static Answer documented(Answer answer, const std::string& path, const std::string& method) {
    EXPECT_EQ(contract_error(*contract_, answer, path, method), "");
    return answer;
  }

  inline static ServedIndex* index_ = nullptr;
  inline static ServedDecisions* decisions_ = nullptr;
  inline static TemporaryDirectory* run_ = nullptr;
  inline static Gateway* gateway_ = nullptr;
  inline static Json* contract_ = nullptr;
};

}  // namespace yurai::testing

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "yurai/base/json.h"
#include "yurai/gateway/gateway.h"
#include "yurai/gateway/served_index.h"

/// Bytes as a connection receives them, through parser, routes and handlers over a small index:
/// every request has an answer, it is never a failure of the server, and errors have their shape.
namespace {

using namespace yurai;

const Gateway& gateway() {
  static const testing::ServedIndex index;
  static const Gateway opened = Gateway::open({.index_dir = index.dir()}).value();
  return opened;
}

class Swallow final : public ResponseWriter {
 public:
  void begin(int status, const HttpFields&) override {
    if (status != 200 && status != 400) std::abort();
  }
  bool write(std::string_view bytes) override {
    num_bytes_ += bytes.size();
    return num_bytes_ < 20'000;
  }

 private:
  size_t num_bytes_ = 0;
};

void check(const ApiResponse& response) {
  if (response.status < 200 || response.status >= 500) std::abort();
  if (response.status < 400) return;
  const auto body = parse_json(response.body, "body");
  if (!body || !body->contains("error") || (*body)["error"].size() != 4) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const HttpServerOptions limits{.max_header_bytes = 64 << 10, .max_body_bytes = 64 << 10};
  const auto request = read_request({reinterpret_cast<const char*>(bytes), size}, limits);
  if (!request) {
    check(gateway().refuse(request.error().status, request.error().message));
    return 0;
  }
  gateway().generates(*request);
  const ApiResponse response = gateway().answer(*request);
  if (!response.stream) {
    check(response);
  } else {
    Swallow swallow;
    response.stream(swallow);
  }
  return 0;
}

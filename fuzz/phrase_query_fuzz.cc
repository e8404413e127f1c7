#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/index/testing.h"
#include "yurai/query/phrase_query.h"
#include "yurai/query/testing.h"

/// Any query text: it is refused with a reason, or understood the same when printed and read again,
/// and answered as trying everything answers it.
namespace yurai {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

struct Fixture {
  testing::TemporaryDirectory dir;
  std::vector<std::string> texts = {"吾輩は猫である。名前はまだ無い。猫", "abab ab aaa b",
                                    "A AND B", "(a)\"b\"", ""};
  CorpusIndex index = testing::write_index_of(dir.path(), texts).value();
};

void ask(const Fixture& fixture, std::string_view text) {
  const auto query = parse_phrase_query(text);
  if (!query) {
    check(!query.error().message.empty());
    return;
  }
  const auto again = parse_phrase_query(to_string(*query));
  check(again && to_string(*again) == to_string(*query));
  const auto answer = answer_query(fixture.index, *query, {});
  check(answer.has_value() && answer->exact);
  check(answer->count ==
        static_cast<double>(testing::naive_query_count(*query, fixture.texts, PointMode::kChar)));
}

}  // namespace
}  // namespace yurai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const yurai::Fixture fixture;
  yurai::ask(fixture, {reinterpret_cast<const char*>(bytes), size});
  return 0;
}

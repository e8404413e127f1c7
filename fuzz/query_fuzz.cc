#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/testing.h"

/// Any query bytes against a small index in which copies make the fences tie: every answer is that
/// of a naive scan, and bytes that are not UTF-8 are refused.
namespace yurai {
namespace {

struct Fixture {
  testing::TemporaryDirectory dir;
  std::vector<std::string> texts;
  CorpusIndex index;

  Fixture() : texts(make_texts()), index(testing::write_index_of(dir.path(), texts).value()) {}

  static std::vector<std::string> make_texts() {
    std::vector<std::string> made = {"吾輩は猫である。名前はまだ無い。", "aaaaaaaabababab", ""};
    const std::string copy = "The same words, the same words, in one document after another: 由来";
    for (int i = 0; i < 60; ++i) made.push_back(copy + std::to_string(i % 7));
    return made;
  }
};

uint64_t naive_count(const std::vector<std::string>& texts, const std::string& query) {
  uint64_t count = 0;
  for (const std::string& text : texts) {
    for (size_t at = text.find(query); at != std::string::npos; at = text.find(query, at + 1)) {
      count += at == text.size() || begins_char(text[at]);
    }
  }
  return count;
}

size_t naive_longest(const std::vector<std::string>& texts, const std::string& query) {
  size_t size = query.size();
  while (size > 0 && naive_count(texts, query.substr(0, size)) == 0) {
    size = char_floor(query, size - 1);
  }
  return size;
}

void check(bool holds) {
  if (!holds) std::abort();
}

void ask(const Fixture& fixture, const std::string& query) {
  IndexSession session(fixture.index);
  const auto count = session.count(query);
  const auto longest = session.longest_match(query);
  const auto symbols = session.next(query);
  if (find_invalid_utf8(query)) {
    check(!count && count.error().code == ErrorCode::kInvalidArgument && !symbols);
    return;
  }
  check(count && longest && symbols);
  check(*count == naive_count(fixture.texts, query));
  check(longest->size_bytes == naive_longest(fixture.texts, query));
  uint64_t sum = 0;
  for (const NextSymbol& symbol : *symbols) sum += symbol.count;
  check(sum == *count);
}

}  // namespace
}  // namespace yurai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const yurai::Fixture fixture;
  yurai::ask(fixture, std::string(reinterpret_cast<const char*>(bytes), size));
  return 0;
}

#include "yurai/index/taken_documents.h"

#include "yurai/base/number_codec.h"

namespace yurai {
namespace {

constexpr size_t kNumberBytes = 8;

/// Cuts each corpus at the listed documents.
std::vector<DocumentRun> runs(const Corpora& corpora, const std::vector<uint64_t>& documents,
                              bool listed) {
  std::vector<DocumentRun> result;
  const auto add = [&](size_t part, uint64_t first, uint64_t end) {
    if (first == end) return;
    if (!result.empty() && result.back().part == part &&
        result.back().first + result.back().count == first) {
      result.back().count += end - first;
    } else {
      result.push_back({part, first, end - first});
    }
  };
  uint64_t begin = 0;  // number of the part's first document
  auto next = documents.begin();
  for (size_t part = 0; part < corpora.size(); ++part) {
    const uint64_t count = corpora[part]->num_documents();
    uint64_t done = 0;
    for (; next != documents.end() && *next < begin + count; ++next) {
      const uint64_t number = *next - begin;
      if (listed) {
        add(part, number, number + 1);
      } else {
        add(part, done, number);
      }
      done = number + 1;
    }
    if (!listed) add(part, done, count);
    begin += count;
  }
  return result;
}

}  // namespace

std::string encode_taken_documents(const std::vector<uint64_t>& documents) {
  std::string bytes;
  for (const uint64_t number : documents) append_fixed(number, 8, bytes);
  return bytes;
}

Result<std::vector<uint64_t>> parse_taken_documents(std::string_view bytes,
                                                    const Corpora& corpora) {
  uint64_t num_documents = 0;
  for (const auto& corpus : corpora) num_documents += corpus->num_documents();
  std::vector<uint64_t> documents;
  bool sound = bytes.size() % kNumberBytes == 0;
  for (size_t at = 0; sound && at < bytes.size(); at += kNumberBytes) {
    const uint64_t number = load_u64(bytes.data() + at);
    sound = number < num_documents && (documents.empty() || number > documents.back());
    documents.push_back(number);
  }
  if (sound) return documents;
  return fail(ErrorCode::kCorrupt,
              "the list of documents taken down is not well-formed; rebuild with 'yurai index "
              "build'");
}

std::vector<DocumentRun> taken_runs(const Corpora& corpora,
                                    const std::vector<uint64_t>& documents) {
  return runs(corpora, documents, true);
}

std::vector<DocumentRun> left_runs(const Corpora& corpora, const std::vector<uint64_t>& documents) {
  return runs(corpora, documents, false);
}

}  // namespace yurai

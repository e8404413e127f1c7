#include "yurai/index/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/point_sort.h"
#include "yurai/index/points.h"

namespace yurai {
namespace {

Result<void> check_document(const TextFile& text, uint64_t begin, std::string_view document) {
  const auto invalid = find_invalid_utf8(document);
  if (!invalid) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': byte {} is not UTF-8; build the corpus again",
                          for_terminal(text.path().string()), begin + *invalid));
}

Result<void> check_separator(const TextFile& text, uint64_t at, char byte) {
  if (byte == kDocumentSeparator) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': byte {} is no separator of documents; build the corpus again",
                          for_terminal(text.path().string()), at));
}

tl::unexpected<Error> too_large(const Corpus& corpus, uint64_t document, uint64_t bytes,
                                uint64_t needed, uint64_t allowed) {
  constexpr uint64_t kMebi = 1 << 20;
  if (bytes > kMaxSortBytes - kSortPadding) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("document {} of '{}' has {} bytes; an index takes documents of at most "
                            "{}: cut it in parts",
                            document, for_terminal(corpus.dir().string()), bytes,
                            kMaxSortBytes - kSortPadding));
  }
  return fail(
      ErrorCode::kResourceExhausted,
      fmt::format("document {} of '{}' has {} bytes; sorting it needs up to {} MiB more "
                  "memory than is allowed: raise --memory by that, or cut the document in parts",
                  document, for_terminal(corpus.dir().string()), bytes,
                  (needed - std::min(allowed, needed)) / kMebi + 1));
}

}  // namespace

Result<Shard> Shard::read(const Corpus& corpus, uint64_t first_document,
                          const ShardOptions& options, const Progress& progress) {
  const TextFile& text = corpus.text();
  const uint64_t text_begin = corpus.text_range(first_document).begin - 1;
  const auto memory = [&](uint64_t text_bytes, uint64_t num_points) {
    return text_bytes + kSortPadding + sort_memory(text_bytes, num_points, options.num_threads);
  };
  const uint64_t room = std::min(
      {text.size_bytes() - text_begin + kSortPadding, options.memory_bytes, kMaxSortBytes});
  YURAI_ASSIGN(auto bytes, LargeArray<char>::allocate(room));
  Shard shard(std::move(bytes));
  shard.text_begin_ = text_begin;
  shard.end_document_ = first_document;
  char* const data = shard.bytes_.span().data();
  uint64_t size = 1;  // the separator before the first document is the one behind the last, too
  for (uint64_t number = first_document; number < corpus.num_documents(); ++number) {
    const Corpus::TextRange range = corpus.text_range(number);
    const uint64_t begin = range.begin - text_begin;  // in the shard
    const uint64_t end = range.end - text_begin + 1;
    uint64_t num_points = 0;
    if (number > first_document && end > options.max_bytes) break;
    const bool has_room = end + kSortPadding <= room;
    if (has_room) {
      const uint64_t from = number == first_document ? 0 : begin;
      YURAI_TRY(text.read(text_begin + from, {data + from, end - from}));
      YURAI_TRY(check_separator(text, range.begin - 1, data[begin - 1]));
      YURAI_TRY(check_document(text, range.begin, {data + begin, end - 1 - begin}));
      YURAI_TRY(check_separator(text, range.end, data[end - 1]));
      num_points = count_points({data + begin - 1, end - begin + 1}, options.points);
    }
    const uint64_t needed =
        has_room ? memory(end, shard.num_points_ + num_points) : memory(end, end);
    if (!has_room || needed > options.memory_bytes) {
      if (number > first_document) break;
      return too_large(corpus, number, end - begin - 1, needed, options.memory_bytes);
    }
    size = end;
    shard.num_points_ += num_points;
    shard.end_document_ = number + 1;
    progress("read", text_begin + end, text.size_bytes());
  }
  std::memset(data + size, static_cast<unsigned char>(kDocumentSeparator), kSortPadding);
  shard.size_ = size;
  shard.bytes_.shrink(size + kSortPadding);
  return shard;
}

}  // namespace yurai

#include "yurai/index/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "yurai/base/parallel.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/point_sort.h"
#include "yurai/index/points.h"

namespace yurai {
namespace {

constexpr uint64_t kPieceBytes = 4 << 20;  // of text, that a thread reads at once

/// The text of a corpus in memory, from `begin` on, as far as it was read.
class ShardText {
 public:
  ShardText(const Corpus& corpus, PointMode points, uint64_t begin, char* data)
      : corpus_(corpus), points_(points), begin_(begin), data_(data) {}

  /// Reads documents from `first` on, and the separator behind each; `num_points` of each. Others
  /// may be read meanwhile.
  Result<void> read(uint64_t first, std::span<uint64_t> num_points) const {
    if (num_points.empty()) return {};
    const uint64_t begin = corpus_.text_range(first).begin;
    const uint64_t end = corpus_.text_range(first + num_points.size() - 1).end + 1;
    YURAI_TRY(corpus_.text().read(begin, {at(begin), end - begin}));
    for (uint64_t i = 0; i < num_points.size(); ++i) {
      const Corpus::TextRange range = corpus_.text_range(first + i);
      const std::string_view document(at(range.begin), range.end - range.begin);
      YURAI_TRY(check_document(range.begin, document));
      YURAI_TRY(check_separator(range.end));
      num_points[i] = document.empty() ? 0 : 1 + count_points(document, points_);  // and its begin
    }
    return {};
  }

  Result<void> read_separator(uint64_t position) const {
    YURAI_TRY(corpus_.text().read(position, {at(position), 1}));
    return check_separator(position);
  }

 private:
  char* at(uint64_t position) const { return data_ + (position - begin_); }
  std::string name() const { return for_terminal(corpus_.text().path().string()); }

  Result<void> check_document(uint64_t begin, std::string_view document) const {
    const auto invalid = find_invalid_utf8(document);
    if (!invalid) return {};
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': byte {} is not UTF-8; build the corpus again", name(),
                            begin + *invalid));
  }

  Result<void> check_separator(uint64_t position) const {
    if (*at(position) == kDocumentSeparator) return {};
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': byte {} is no separator of documents; build the corpus again",
                            name(), position));
  }

  const Corpus& corpus_;
  PointMode points_;
  uint64_t begin_;
  char* data_;
};

/// The same on several threads; the first error in the order of the text.
Result<void> read_documents(const ShardText& text, uint64_t first, std::span<uint64_t> num_points,
                            int num_threads) {
  const auto num_parts = static_cast<uint64_t>(num_threads);
  std::vector<Result<void>> results(num_parts);
  const auto border = [&](uint64_t part) { return num_points.size() * part / num_parts; };
  for_each_part(num_threads, num_parts, [&](uint64_t part, uint64_t) {
    const auto documents = num_points.subspan(border(part), border(part + 1) - border(part));
    results[part] = text.read(first + border(part), documents);
  });
  for (const Result<void>& result : results) YURAI_TRY(result);
  return {};
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
  const ShardText shard_text(corpus, options.points, text_begin, data);
  uint64_t size = 1;  // the separator before the first document is the one behind the last, too
  const auto end_of = [&](uint64_t document) {  // in the shard, with the separator behind it
    return corpus.text_range(document).end - text_begin + 1;
  };
  const auto has_room = [&](uint64_t document) {
    return end_of(document) + kSortPadding <= room &&
           (document == first_document || end_of(document) <= options.max_bytes);
  };
  const auto alone_too_large = [&](uint64_t needed) {
    return too_large(corpus, first_document, end_of(first_document) - 2, needed,
                     options.memory_bytes);
  };
  const uint64_t batch_bytes = static_cast<uint64_t>(options.num_threads) * kPieceBytes;
  std::vector<uint64_t> num_points;
  while (shard.end_document_ < corpus.num_documents()) {
    const uint64_t first = shard.end_document_;
    uint64_t end = first;
    while (end < corpus.num_documents() && has_room(end) &&
           (end == first || end_of(end) - size <= batch_bytes)) {
      ++end;
    }
    if (end == first && first == first_document) {
      return alone_too_large(memory(end_of(first), end_of(first)));
    }
    if (end == first) break;
    if (first == first_document) YURAI_TRY(shard_text.read_separator(text_begin));
    num_points.resize(end - first);
    YURAI_TRY(read_documents(shard_text, first, num_points, options.num_threads));
    for (uint64_t number = first; number < end; ++number) {
      const uint64_t points = shard.num_points_ + num_points[number - first];
      const uint64_t needed = memory(end_of(number), points);
      if (needed > options.memory_bytes && number == first_document) return alone_too_large(needed);
      if (needed > options.memory_bytes) break;
      size = end_of(number);
      shard.num_points_ = points;
      shard.end_document_ = number + 1;
    }
    progress("read", text_begin + size, text.size_bytes());
    if (shard.end_document_ < end) break;
  }
  std::memset(data + size, static_cast<unsigned char>(kDocumentSeparator), kSortPadding);
  shard.size_ = size;
  shard.bytes_.shrink(size + kSortPadding);
  return shard;
}

}  // namespace yurai

#include "yurai/trace/null_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "yurai/base/number_codec.h"

namespace yurai {
namespace {

constexpr std::string_view kMagic = "YURAINUL";
constexpr uint32_t kVersion = 1;
constexpr size_t kMaxScoredChars = 1000;
constexpr uint32_t kMaxCount = std::numeric_limits<uint32_t>::max();

/// Every character's probability before anything is counted.
constexpr double kUniform = 1e-4;
/// Weights of the shorter context, in occurrences (Dirichlet smoothing).
constexpr double kUnigramWeight = 10;
constexpr double kContextWeight = 3;

size_t varint_bytes(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

/// The smallest p such that chars[i] == chars[i + p] throughout (Knuth, Morris and Pratt).
size_t smallest_period(std::span<const char32_t> chars) {
  std::vector<size_t> border(chars.size() + 1, 0);
  for (size_t i = 1, k = 0; i < chars.size(); ++i) {
    while (k > 0 && chars[i] != chars[k]) k = border[k];
    if (chars[i] == chars[k]) ++k;
    border[i + 1] = k;
  }
  return chars.size() - border[chars.size()];
}

/// How often each n-gram begins in the first period of the span.
class OwnNgrams {
 public:
  OwnNgrams(std::span<const char32_t> chars, size_t num_starts, size_t max_order) {
    keys_.reserve(num_starts * max_order);
    for (size_t i = 0; i < num_starts; ++i) {
      uint64_t key = 0;
      for (size_t n = 1; n <= max_order && i + n <= chars.size(); ++n) {
        keys_.push_back(key = extend_ngram(key, chars[i + n - 1]));
      }
    }
    std::sort(keys_.begin(), keys_.end());
  }
  double count(uint64_t key) const {
    const auto [first, last] = std::equal_range(keys_.begin(), keys_.end(), key);
    return static_cast<double>(last - first);
  }

 private:
  std::vector<uint64_t> keys_;
};

}  // namespace

NullModel::NullModel(uint64_t num_chars, uint64_t min_count, std::vector<uint64_t> keys,
                     std::vector<uint32_t> counts)
    : num_chars_(num_chars),
      min_count_(min_count),
      keys_(std::move(keys)),
      counts_(std::move(counts)) {}

uint32_t NullModel::count(uint64_t key) const {
  const auto found = std::lower_bound(keys_.begin(), keys_.end(), key);
  if (found == keys_.end() || *found != key) return 0;
  return counts_[static_cast<size_t>(found - keys_.begin())];
}

uint64_t NullModel::entry_bytes(uint64_t step, uint32_t count) {
  return varint_bytes(step) + varint_bytes(count);
}

std::string NullModel::serialize() const {
  std::string bytes(kMagic);
  append_fixed(kVersion, 4, bytes);
  append_fixed(min_count_, 4, bytes);
  append_fixed(num_chars_, 8, bytes);
  append_fixed(keys_.size(), 8, bytes);
  uint64_t previous = 0;
  for (size_t i = 0; i < keys_.size(); ++i) {
    append_varint(keys_[i] - previous, bytes);
    append_varint(counts_[i], bytes);
    previous = keys_[i];
  }
  return bytes;
}

Result<NullModel> NullModel::parse(std::string_view bytes) {
  const auto corrupt = [](std::string_view what) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("null model: {}; rebuild with 'yurai index build'", what));
  };
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) {
    return corrupt("it does not begin as one does");
  }
  NumberReader reader(bytes.substr(kMagic.size()));
  if (const uint64_t version = reader.fixed(4); version != kVersion) {
    return corrupt(fmt::format("its version is {}, this program reads {}", version, kVersion));
  }
  const uint64_t min_count = reader.fixed(4);
  const uint64_t num_chars = reader.fixed(8);
  const uint64_t num_ngrams = reader.fixed(8);
  if (num_ngrams > (bytes.size() - kHeaderBytes) / 2) return corrupt("it is cut short");
  std::vector<uint64_t> keys(num_ngrams);
  std::vector<uint32_t> counts(num_ngrams);
  uint64_t key = 0;
  for (size_t i = 0; i < num_ngrams; ++i) {
    const uint64_t step = reader.varint();
    const uint64_t count = reader.varint();
    if (!reader.ok()) return corrupt("it is cut short");
    if (step == 0 || key + step < key || count == 0 || count > kMaxCount) {
      return corrupt(fmt::format("n-gram {} is out of order", i));
    }
    keys[i] = key += step;
    counts[i] = static_cast<uint32_t>(count);
  }
  if (!reader.at_end()) return corrupt("bytes follow its end");
  return NullModel(num_chars, min_count, std::move(keys), std::move(counts));
}

TextNgrams look_up(const NullModel& model, std::string_view text) {
  TextNgrams ngrams;
  ngrams.num_chars = model.num_chars();
  ngrams.chars = decode_chars(text);
  const auto& chars = ngrams.chars;
  for (auto& counts : ngrams.counts) counts.resize(chars.size());
  for (size_t i = 0; i < chars.size(); ++i) {
    uint64_t key = 0;
    bool plain = true;
    for (size_t n = 1; n <= kMaxOrder && i + n <= chars.size(); ++n) {
      key = extend_ngram(key, chars[i + n - 1]);
      plain = plain && !is_cjk(chars[i + n - 1]);
      if (n > 2 && !plain) break;
      ngrams.counts[n - 1][i] = model.count(key);
      if (ngrams.counts[n - 1][i] == 0) break;  // no longer n-gram was seen either
    }
  }
  return ngrams;
}

double ln_chance(const TextNgrams& ngrams, size_t begin, size_t end, uint64_t occurrences,
                 Script script) {
  size_t size = std::min(end - begin, kMaxScoredChars);
  const auto chars = std::span(ngrams.chars).subspan(begin, size);
  const size_t order = model_order(script);
  size_t period = smallest_period(chars);
  if (2 * period > size) period = size;
  const OwnNgrams own(chars, period, order);
  size = std::min(size, 2 * period);

  /// Occurrences of the n-gram at `at` outside of the span's own.
  const auto elsewhere = [&](size_t at, size_t n) {
    uint64_t key = 0;
    for (size_t i = at; i < at + n; ++i) key = extend_ngram(key, chars[i]);
    const double count = ngrams.counts[n - 1][begin + at];
    if (count == 0) return 0.0;
    return std::max(0.0, count - own.count(key) * static_cast<double>(occurrences));
  };
  double sum = 0;
  for (size_t i = 0; i < size; ++i) {
    double probability = (elsewhere(i, 1) + kUnigramWeight * kUniform) /
                         (static_cast<double>(ngrams.num_chars) + kUnigramWeight);
    for (size_t n = 2; n <= order && n <= i + 1; ++n) {
      const double both = elsewhere(i + 1 - n, n);
      const double context = std::max(both, elsewhere(i + 1 - n, n - 1));
      probability = (both + kContextWeight * probability) / (context + kContextWeight);
    }
    sum += std::log(probability);
  }
  return sum;
}

}  // namespace yurai

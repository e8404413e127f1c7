#include "yurai/curate/fasttext_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace yurai {
namespace {

constexpr int32_t kMagic = 793712314;
constexpr int32_t kNewestVersion = 12;
constexpr int32_t kSupervised = 3;
constexpr int32_t kNumLosses = 4;
constexpr int32_t kMaxNgram = 16;  // published models have 5; the library's memory grows with it
constexpr size_t kMaxWordBytes = 1 << 16;
constexpr float kMaxWeight = 1e6f;  // beyond what is trained; no sum of these overflows
constexpr int64_t kMaxCount = 1'000'000'000'000;
constexpr double kMaxCounts = 1e15;  // the library's tree takes this for "no count yet"
constexpr int64_t kCentroids = 256;

/// Bounds that keep the library from what it does not check: memory without end, endless loops,
/// indices out of range. The file front to back: arguments, dictionary, input matrix, output
/// matrix. Little-endian, without padding.
class Checker {
 public:
  explicit Checker(std::string_view bytes) : bytes_(bytes) {}

  Result<void> check() {
    YURAI_TRY(arguments());
    YURAI_TRY(dictionary());
    YURAI_ASSIGN(const bool quantised, flag("the mark of a quantised input"));
    if (!quantised && pruned_) return bad("a pruned dictionary without a quantised input");
    YURAI_TRY(matrix(quantised, rows_needed_, INT32_MAX, "input"));
    YURAI_ASSIGN(const bool output_quantised, flag("the mark of a quantised output"));
    YURAI_TRY(matrix(quantised && output_quantised, num_labels_, num_labels_, "output"));
    if (at_ != bytes_.size()) return bad("the model ends here, and the file goes on");
    return {};
  }

 private:
  tl::unexpected<Error> bad(std::string_view what) const {
    return fail(ErrorCode::kCorrupt, fmt::format("byte {}: {}", begin_, what));
  }

  template <class T>
  Result<T> number(std::string_view what) {
    begin_ = at_;
    if (bytes_.size() - at_ < sizeof(T)) return bad(fmt::format("the file ends in {}", what));
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  template <class T>
  Result<T> number(std::string_view what, T least, T most) {
    YURAI_ASSIGN(const T value, number<T>(what));
    if (value >= least && value <= most) return value;
    return bad(fmt::format("{} is {}, not from {} to {}", what, value, least, most));
  }

  Result<bool> flag(std::string_view what) {
    YURAI_ASSIGN(const int value, number<uint8_t>(what, 0, 1));
    return value == 1;
  }

  /// Passes `count` items of `size` bytes.
  Result<void> pass(int64_t count, int64_t size, std::string_view what) {
    begin_ = at_;
    const auto left = static_cast<int64_t>(bytes_.size() - at_);
    if (count > left / size) return bad(fmt::format("the file ends in {}", what));
    at_ += static_cast<size_t>(count * size);
    return {};
  }

  Result<void> floats(int64_t count, std::string_view what) {
    const size_t from = at_;
    YURAI_TRY(pass(count, static_cast<int64_t>(sizeof(float)), what));
    for (size_t at = from; at < at_; at += sizeof(float)) {
      float value;
      std::memcpy(&value, bytes_.data() + at, sizeof value);
      begin_ = at;
      if (!(std::abs(value) <= kMaxWeight)) {  // nor what is no number
        return bad(fmt::format("{} holds {}", what, value));
      }
    }
    return {};
  }

  Result<void> arguments() {
    YURAI_TRY(number<int32_t>("the magic number of a fastText model", kMagic, kMagic));
    YURAI_ASSIGN(const int32_t version, number<int32_t>("the version", 11, kNewestVersion));
    YURAI_ASSIGN(dim_, number<int32_t>("dim", 1, 1 << 20));
    for (const char* unused : {"ws", "epoch", "minCount", "neg"}) {
      YURAI_TRY(number<int32_t>(unused));
    }
    YURAI_ASSIGN(const int32_t word_ngrams, number<int32_t>("wordNgrams", 0, kMaxNgram));
    YURAI_TRY(number<int32_t>("the loss", 1, kNumLosses));
    YURAI_TRY(number<int32_t>("the kind of model (3 is a classifier)", kSupervised, kSupervised));
    YURAI_ASSIGN(bucket_, number<int32_t>("bucket", 0, INT32_MAX));
    YURAI_TRY(number<int32_t>("minn", 0, kMaxNgram));
    YURAI_ASSIGN(const int32_t maxn, number<int32_t>("maxn", 0, kMaxNgram));
    const bool hashes = word_ngrams > 1 || (version > 11 && maxn > 0);
    if (hashes && bucket_ == 0) return bad("there are n-grams, and bucket is 0");
    YURAI_TRY(number<int32_t>("lrUpdateRate"));
    YURAI_TRY(number<double>("t"));
    return {};
  }

  Result<void> dictionary() {
    YURAI_ASSIGN(const int32_t size, number<int32_t>("the dictionary's size", 1, INT32_MAX));
    YURAI_ASSIGN(const int32_t words, number<int32_t>("the number of words", 0, size));
    YURAI_ASSIGN(num_labels_, number<int32_t>("the number of labels", 1, size));
    if (words + static_cast<int64_t>(num_labels_) != size) {
      return bad("words and labels do not add up to the dictionary's size");
    }
    YURAI_TRY(number<int64_t>("the number of tokens"));
    YURAI_ASSIGN(const int64_t kept, number<int64_t>("the size of the pruning", -1, bucket_));
    double counts = 0;
    for (int32_t i = 0; i < size; ++i) {
      begin_ = at_;
      const size_t end = bytes_.find('\0', at_);
      if (end == bytes_.npos) return bad("the file ends in a word");
      if (end - at_ > kMaxWordBytes) return bad("a word of the dictionary is too long");
      at_ = end + 1;
      YURAI_ASSIGN(const int64_t count, number<int64_t>("a count", 0, kMaxCount));
      const int8_t kind = i < words ? 0 : 1;  // words come first
      YURAI_TRY(number<int8_t>("the kind of a dictionary's entry", kind, kind));
      counts += static_cast<double>(count);
    }
    if (counts >= kMaxCounts) return bad("the counts add up to too much");
    // Rows of the input: one a word, then one an n-gram's hash, or one a hash that was kept.
    pruned_ = kept >= 0;
    rows_needed_ = words + static_cast<int64_t>(bucket_);
    if (!pruned_) return {};
    rows_needed_ = words;
    for (int64_t i = 0; i < kept; ++i) {
      YURAI_TRY(number<int32_t>("a hash that was kept", 0, INT32_MAX));
      YURAI_ASSIGN(const int32_t row, number<int32_t>("the row of a hash", 0, INT32_MAX));
      rows_needed_ = std::max(rows_needed_, words + static_cast<int64_t>(row) + 1);
    }
    return {};
  }

  Result<void> matrix(bool quantised, int64_t least, int64_t most, const std::string& name) {
    bool has_norms = false;
    if (quantised) {
      YURAI_ASSIGN(has_norms, flag("the mark of quantised norms"));
    }
    YURAI_ASSIGN(const int64_t m, number<int64_t>("rows of the " + name, least, most));
    YURAI_TRY(number<int64_t>("columns of the " + name, dim_, dim_));
    if (!quantised) return floats(m * dim_, "the " + name);
    YURAI_ASSIGN(const int32_t codes, number<int32_t>("the number of codes", 0, INT32_MAX));
    YURAI_TRY(pass(codes, 1, "the codes of the " + name));
    YURAI_ASSIGN(const int64_t codes_a_row, quantiser(dim_, name));
    if (codes != m * codes_a_row) return bad("the number of codes does not fit the rows");
    if (!has_norms) return {};
    YURAI_TRY(pass(m, 1, "the norms of the " + name));
    YURAI_TRY(quantiser(1, name));
    return {};
  }

  /// A table of centroids; returns the codes that a row has.
  Result<int64_t> quantiser(int32_t dim, const std::string& name) {
    const std::string what = "the quantiser of the " + name;
    YURAI_TRY(number<int32_t>(what, dim, dim));
    YURAI_ASSIGN(const int32_t parts, number<int32_t>(what, 1, dim));
    YURAI_ASSIGN(const int32_t part_dim, number<int32_t>(what, 1, dim));
    YURAI_ASSIGN(const int32_t last_dim, number<int32_t>(what, 1, part_dim));
    if (static_cast<int64_t>(parts - 1) * part_dim + last_dim != dim) {
      return bad(what + " does not add up");
    }
    YURAI_TRY(floats(dim * kCentroids, what));
    return parts;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  size_t begin_ = 0;  ///< of what was read last
  int32_t dim_ = 0;
  int32_t bucket_ = 0;
  int32_t num_labels_ = 0;
  int64_t rows_needed_ = 0;
  bool pruned_ = false;
};

}  // namespace

Result<void> check_fasttext_model(std::string_view bytes) { return Checker(bytes).check(); }

}  // namespace yurai

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Logistic regression over the hashed character n-grams of a text. docs/adr/labels-1.
///
///     NgramReader reader({});
///     NgramSets sets;
///     for (const auto& text : texts) sets.add(reader.read(text));
///     const LinearModel model = train_linear(sets, all, positive, {});
///     model.margin(reader.read("新しい文"));   // > 0: rather positive
namespace yurai {

struct CharNgramOptions {
  uint32_t min_chars = 1;
  uint32_t max_chars = 5;
  uint32_t bits = 18;  ///< 2^bits weights

  bool operator==(const CharNgramOptions&) const = default;
};

/// Fails for n-grams of 0 or more than 16 characters, and for less than 8 or more than 28 bits.
Result<void> check(const CharNgramOptions& options);

/// The form of a text that is classified: Unicode's NFKC_Casefold, each run of white space one
/// space, none at the ends. Texts of the same form get the same score. Takes any bytes.
std::string classified_form(std::string_view text);

/// Reads texts as sets of buckets. Keeps 4 bytes a bucket; not thread-safe.
class NgramReader {
 public:
  explicit NgramReader(const CharNgramOptions& options);

  const CharNgramOptions& options() const { return options_; }

  /// The distinct buckets of the n-grams of a text, with a mark at each of its ends, in the order
  /// in which they first come. Valid until the next call.
  std::span<const uint32_t> read(std::string_view text);

 private:
  CharNgramOptions options_;
  std::vector<uint32_t> seen_;  ///< by bucket: the number of the text that had it last
  uint32_t num_texts_ = 0;
  std::vector<char32_t> chars_;
  std::vector<uint32_t> buckets_;
};

/// Many sets, in one piece of memory: 4 bytes an n-gram.
class NgramSets {
 public:
  void add(std::span<const uint32_t> buckets);
  size_t size() const { return begins_.size() - 1; }
  std::span<const uint32_t> operator[](size_t number) const {
    return std::span(buckets_).subspan(begins_[number], begins_[number + 1] - begins_[number]);
  }

 private:
  std::vector<uint32_t> buckets_;
  std::vector<size_t> begins_ = {0};
};

/// margin = bias + sum of the weights of the set's buckets / sqrt(size of the set).
struct LinearModel {
  std::vector<float> weights;  ///< 2^bits
  double bias = 0;

  double margin(std::span<const uint32_t> buckets) const;
};

struct TrainingOptions {
  double cost = 10;  ///< what an error costs beside the weights' squares (C of LIBLINEAR)
  double tolerance = 1e-4;
  int max_passes = 1000;
};

/// The weights that minimise |w|²/2 + cost · sum of log(1 + exp(-y · margin)) over the sets that
/// `numbers` names, `positive` by set: dual coordinate descent (Yu, Huang and Lin, 2011), in one
/// thread. The same sets in the same order give the same model.
LinearModel train_linear(const NgramSets& sets, std::span<const uint32_t> numbers,
                         const std::vector<bool>& positive, uint32_t bits,
                         const TrainingOptions& options);

}  // namespace yurai

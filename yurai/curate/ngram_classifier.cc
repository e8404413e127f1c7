#include "yurai/curate/ngram_classifier.h"

#include <fmt/format.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr uint32_t kMaxChars = 16;
constexpr uint32_t kMinBits = 8;
constexpr uint32_t kMaxBits = 28;
constexpr char32_t kBegin = 2;  // no text that was normalised holds these two
constexpr char32_t kEnd = 3;

bool is_space(char32_t c) {
  return c <= ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// The code points of `text`, white space joined.
void decode(std::string_view text, std::vector<char32_t>& out) {
  bool space = false;
  for (size_t i = 0; i < text.size();) {
    const char32_t c = decode_char(text, i);
    i += char_bytes(text, i);
    if (is_space(c)) {
      space = true;
      continue;
    }
    if (space && !out.empty()) out.push_back(' ');
    space = false;
    out.push_back(c);
  }
}

/// Each byte that is not UTF-8 becomes U+FFFD.
std::string replace_invalid(std::string_view text) {
  std::string out;
  while (const auto invalid = find_invalid_utf8(text)) {
    out += text.substr(0, *invalid);
    out += "\ufffd";
    text.remove_prefix(*invalid + 1);
  }
  return out.append(text);
}

/// NFKC_Casefold.
std::string fold(std::string_view text) {
  if (find_invalid_utf8(text)) return fold(replace_invalid(text));
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
  YURAI_CHECK(U_SUCCESS(status));  // ICU carries these tables in its code
  normalizer->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())),
                            sink, nullptr, status);
  YURAI_CHECK(U_SUCCESS(status));
  return out;
}

uint64_t add_char(uint64_t hash, char32_t c) { return (hash ^ c) * 0x9E3779B97F4A7C15ULL; }

/// The z in (0, C) at which log(z / (C - z)) + a (z - alpha) + b = 0, by Newton's method.
double dual_step(double alpha, double cost, double a, double b) {
  double z = alpha;
  for (int i = 0; i < 100; ++i) {
    const double gradient = a * (z - alpha) + b + std::log(z / (cost - z));
    if (std::fabs(gradient) < 1e-12) break;
    const double next = z - gradient / (a + cost / ((cost - z) * z));
    z = next <= 0 ? z * 0.1 : next >= cost ? cost - (cost - z) * 0.1 : next;
  }
  return z;
}

}  // namespace

Result<void> check(const CharNgramOptions& options) {
  if (options.min_chars < 1 || options.min_chars > options.max_chars ||
      options.max_chars > kMaxChars) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("n-grams of {} to {} characters: 1 to {} can be had", options.min_chars,
                            options.max_chars, kMaxChars));
  }
  if (options.bits < kMinBits || options.bits > kMaxBits) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("2^{} weights: 2^{} to 2^{} can be had",
                                                         options.bits, kMinBits, kMaxBits));
  }
  return {};
}

std::string classified_form(std::string_view text) {
  std::vector<char32_t> chars;
  decode(fold(text), chars);
  std::string out;
  for (const char32_t c : chars) append_char(c, out);
  return out;
}

NgramReader::NgramReader(const CharNgramOptions& options)
    : options_(options), seen_(size_t{1} << options.bits) {}

std::span<const uint32_t> NgramReader::read(std::string_view text) {
  if (++num_texts_ == 0) {  // the numbers came round
    std::fill(seen_.begin(), seen_.end(), 0U);
    num_texts_ = 1;
  }
  chars_.clear();
  decode(fold(text), chars_);
  chars_.insert(chars_.begin(), kBegin);
  chars_.push_back(kEnd);
  buckets_.clear();
  const uint32_t shift = 64 - options_.bits;
  for (size_t begin = 0; begin < chars_.size(); ++begin) {
    uint64_t hash = 0;
    const size_t longest = std::min<size_t>(options_.max_chars, chars_.size() - begin);
    for (size_t n = 1; n <= longest; ++n) {
      hash = add_char(hash, chars_[begin + n - 1]);
      if (n < options_.min_chars) continue;
      const auto bucket =
          static_cast<uint32_t>(((hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9ULL) >> shift);
      if (seen_[bucket] == num_texts_) continue;
      seen_[bucket] = num_texts_;
      buckets_.push_back(bucket);
    }
  }
  return buckets_;
}

void NgramSets::add(std::span<const uint32_t> buckets) {
  buckets_.insert(buckets_.end(), buckets.begin(), buckets.end());
  begins_.push_back(buckets_.size());
}

double LinearModel::margin(std::span<const uint32_t> buckets) const {
  if (buckets.empty()) return bias;
  double sum = 0;
  for (const uint32_t bucket : buckets) sum += static_cast<double>(weights[bucket]);
  return bias + sum / std::sqrt(static_cast<double>(buckets.size()));
}

LinearModel train_linear(const NgramSets& sets, std::span<const uint32_t> numbers,
                         const std::vector<bool>& positive, uint32_t bits,
                         const TrainingOptions& options) {
  // Each text is a vector of length 1 and a constant 1 for the bias; y is +1 or -1.
  const double cost = options.cost;
  std::vector<double> weights(size_t{1} << bits);
  double bias = 0;
  std::vector<double> alpha(numbers.size(), std::min(0.001 * cost, 1e-8));
  const auto add = [&](uint32_t number, double amount) {
    const std::span<const uint32_t> set = sets[number];
    bias += amount;
    if (set.empty()) return;
    const double each = amount / std::sqrt(static_cast<double>(set.size()));
    for (const uint32_t bucket : set) weights[bucket] += each;
  };
  const auto margin = [&](uint32_t number) {
    const std::span<const uint32_t> set = sets[number];
    if (set.empty()) return bias;
    double sum = 0;
    for (const uint32_t bucket : set) sum += weights[bucket];
    return bias + sum / std::sqrt(static_cast<double>(set.size()));
  };
  const auto sign = [&](uint32_t number) { return positive[number] ? 1.0 : -1.0; };
  for (size_t i = 0; i < numbers.size(); ++i) add(numbers[i], sign(numbers[i]) * alpha[i]);

  std::vector<uint32_t> order(numbers.size());
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(20240607);
  for (int pass = 0; pass < options.max_passes; ++pass) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    double largest = 0;
    for (const uint32_t i : order) {
      const double y = sign(numbers[i]);
      const double quadratic = sets[numbers[i]].empty() ? 1.0 : 2.0;
      const double linear = y * margin(numbers[i]);
      const double gradient = linear + std::log(alpha[i] / (cost - alpha[i]));
      largest = std::max(largest, std::fabs(gradient));
      const double next = dual_step(alpha[i], cost, quadratic, linear);
      add(numbers[i], y * (next - alpha[i]));
      alpha[i] = next;
    }
    if (largest < options.tolerance) break;
  }
  LinearModel model;
  model.weights.assign(weights.begin(), weights.end());
  model.bias = bias;
  return model;
}

}  // namespace yurai

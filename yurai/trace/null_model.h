#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/trace/script.h"

/// How likely a text is by chance: a smoothed character model of the corpus, of two characters for
/// spans in cjk and three for others. docs/formats/calibration.md.
///
///     const TextNgrams ngrams = look_up(model, answer);
///     const double score = -(std::log(num_points) + ln_chance(ngrams, 0, 12, 1, Script::kCjk));
namespace yurai {

inline constexpr size_t kMaxOrder = 3;
inline constexpr std::string_view kNullModelName = "null_model.bin";

/// Up to three characters as one number: 21 bits each, code point + 1, the last in the low bits.
constexpr uint64_t extend_ngram(uint64_t key, char32_t next) { return key << 21 | (next + 1); }

/// Order of the model for a script.
constexpr size_t model_order(Script script) { return script == Script::kCjk ? 2 : 3; }

/// Counts of characters, of pairs, and of triples without a cjk character. Immutable.
class NullModel {
 public:
  /// `keys` ascend; `num_chars` is the size of the text they were counted in.
  NullModel(uint64_t num_chars, uint64_t min_count, std::vector<uint64_t> keys,
            std::vector<uint32_t> counts);

  static Result<NullModel> parse(std::string_view bytes);
  std::string serialize() const;

  uint64_t num_chars() const { return num_chars_; }
  uint32_t count(uint64_t key) const;

 private:
  uint64_t num_chars_;
  uint64_t min_count_;  ///< pairs and triples seen less often are not stored: never seen
  std::vector<uint64_t> keys_;
  std::vector<uint32_t> counts_;
};

/// A text's characters, and how often each n-gram of it stands in the corpus.
struct TextNgrams {
  uint64_t num_chars = 0;  ///< of the corpus
  std::vector<char32_t> chars;
  /// counts[n - 1][i]: of the n-gram that begins at character i; 0 where it would leave the text.
  std::array<std::vector<uint32_t>, kMaxOrder> counts;
};
TextNgrams look_up(const NullModel& model, std::string_view text);

/// ln of the probability of characters [begin, end), with `occurrences` of the span itself taken
/// out of the counts: else a name that occurs once explains itself. A repetition adds nothing: of
/// "abababab" only "abab" counts. Only the first 1,000 characters are looked at. O(n log n).
double ln_chance(const TextNgrams& ngrams, size_t begin, size_t end, uint64_t occurrences,
                 Script script);

/// Counts the n-grams of documents fed in pieces. Rare n-grams are forgotten when more than
/// `max_ngrams` would be kept.
class NgramCounter {
 public:
  explicit NgramCounter(size_t max_ngrams = size_t{1} << 25);

  /// The next character of the current document.
  void add(char32_t c) {
    const uint64_t single = c + 1;
    ++singles_[c];
    ++num_chars_;
    const bool cjk = is_cjk(c);
    if (last_ != 0) {
      count_later(last_ << 21 | single);
      if (plain_run_ >= 2 && !cjk) count_later(before_last_ << 42 | last_ << 21 | single);
    }
    plain_run_ = cjk ? 0 : plain_run_ + 1;
    before_last_ = last_;
    last_ = single;
  }
  void end_document() { last_ = before_last_ = plain_run_ = 0; }

  /// A model of at most `max_bytes` when serialized, as far as dropping what is rare can do it.
  NullModel finish(uint64_t max_bytes);

 private:
  /// Counts the n-gram 32 calls later, when the memory it needs has come.
  void count_later(uint64_t key) {
    uint64_t& oldest = queue_[num_queued_++ % queue_.size()];
    if (oldest != 0) increment(oldest);
    oldest = key;
    __builtin_prefetch(&slots_[place(key)], 1);
  }
  /// An n-gram and its count, in one line of the cache.
  struct Slot {
    uint64_t key = 0;  ///< 0: empty
    uint64_t count = 0;
  };
  size_t place(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }
  void increment(uint64_t key);
  void grow();

  size_t max_ngrams_;
  uint64_t num_chars_ = 0;
  uint64_t last_ = 0, before_last_ = 0, plain_run_ = 0;
  std::vector<uint32_t> singles_;
  std::vector<Slot> slots_;  ///< open addressing
  size_t num_ngrams_ = 0;
  int shift_ = 0;
  std::array<uint64_t, 32> queue_{};
  size_t num_queued_ = 0;
};

}  // namespace yurai

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

  static constexpr uint64_t kHeaderBytes = 8 + 4 + 4 + 8 + 8;
  /// Of serialize(): what an n-gram takes, `step` above the one before.
  static uint64_t entry_bytes(uint64_t step, uint32_t count);

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

}  // namespace yurai

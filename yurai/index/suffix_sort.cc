#include "yurai/index/suffix_sort.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "yurai/base/result.h"

// Legend. A suffix is of type S when it is smaller than the one that begins a symbol later, else of
// type L (the last suffix is L). An S suffix after an L one is an LMS suffix ("leftmost S"); from
// one LMS position to the next, both included, is an LMS substring. The order of the LMS suffixes
// induces that of all L suffixes in one scan to the right, and those induce all S suffixes in one
// scan to the left. The LMS suffixes themselves are sorted by giving each LMS substring its rank as
// a name (the same two scans sort the substrings) and sorting the shorter string of names.
//
// In `sa` during a scan: p > 0 is a suffix whose predecessor p − 1 has the type that the scan
// induces; ~p < 0 one whose predecessor has the other type.

namespace yurai {
namespace {

/// How far ahead of a scan the symbols it will look at are asked for.
constexpr ptrdiff_t kLookAhead = 32;

template <class Symbol, class Index>
class Sorter {
 public:
  Sorter(std::span<const Symbol> text, uint64_t alphabet_size, Index* sa,
         const SortProgress& progress)
      : text_(text.data()),
        n_(static_cast<Index>(text.size())),
        alphabet_size_(alphabet_size),
        sa_(sa),
        progress_(progress) {}

  void sort() {
    count_symbols();
    std::fill(sa_, sa_ + n_, Index{0});
    const Index num_lms = place_lms_anywhere();
    if (num_lms > 1) {
      induce_substrings();
      const Index num_names = name_substrings(num_lms);
      sort_names(num_lms, num_names);
      count_symbols();
      place_sorted_lms(num_lms);
    }
    induce_all();
  }

 private:
  void count_symbols() {
    count_.assign(alphabet_size_, 0);
    border_.resize(alphabet_size_);
    for (Index i = 0; i < n_; ++i) ++count_[text_[i]];
  }
  void bucket_begins() {
    Index sum = 0;
    for (uint64_t c = 0; c < alphabet_size_; ++c) {
      border_[c] = sum;
      sum += count_[c];
    }
  }
  void bucket_ends() {
    Index sum = 0;
    for (uint64_t c = 0; c < alphabet_size_; ++c) border_[c] = sum += count_[c];
  }

  /// Calls `visit(i)` for every LMS position from right to left.
  template <class Visit>
  void for_each_lms(const Visit& visit) const {
    bool next_is_s = false;
    for (Index i = n_ - 2; i >= 0; --i) {
      const bool is_s = text_[i] < text_[i + 1] || (text_[i] == text_[i + 1] && next_is_s);
      if (next_is_s && !is_s) visit(i + 1);
      next_is_s = is_s;
    }
  }

  Index place_lms_anywhere() {
    bucket_ends();
    Index num_lms = 0;
    for_each_lms([&](Index i) {
      sa_[--border_[text_[i]]] = i;
      ++num_lms;
    });
    return num_lms;
  }

  /// Asks for the symbols that the scan needs `kLookAhead` entries later.
  void look_ahead(Index entry) const {
    const Index p = sa_[entry];
    __builtin_prefetch(text_ + (p > 0 ? p - 1 : 0));
  }

  /// The scan to the right. With `kKeep`, every suffix stays in place (the final order); without,
  /// only those do that the scan to the left needs.
  template <bool kKeep>
  void scan_right() {
    bucket_begins();
    const auto put = [&](Index p) {  // p is of type L
      const Symbol c = text_[p];
      sa_[border_[c]++] = p > 0 && text_[p - 1] < c ? ~p : p;
    };
    put(n_ - 1);
    for (Index i = 0; i < n_; ++i) {
      if (i + kLookAhead < n_) look_ahead(static_cast<Index>(i + kLookAhead));
      const Index p = sa_[i];
      if constexpr (kKeep) {
        sa_[i] = ~p;
      } else {
        sa_[i] = p < 0 ? ~p : 0;
      }
      if (p > 0) put(p - 1);
      tick(i);
    }
  }

  /// The scan to the left. Without `kKeep`, what remains are the LMS suffixes, as ~p.
  template <bool kKeep>
  void scan_left() {
    bucket_ends();
    for (Index i = n_ - 1; i >= 0; --i) {
      if (i >= kLookAhead) look_ahead(static_cast<Index>(i - kLookAhead));
      const Index p = sa_[i];
      if (p > 0) {
        const Index q = p - 1;
        const Symbol c = text_[q];
        if constexpr (kKeep) {
          sa_[--border_[c]] = q == 0 || text_[q - 1] > c ? ~q : q;
        } else {
          sa_[i] = 0;
          sa_[--border_[c]] = q > 0 && text_[q - 1] > c ? ~q : q;
        }
      } else if constexpr (kKeep) {
        sa_[i] = ~p;
      }
      tick(i);
    }
  }

  void induce_substrings() {
    scan_right<false>();
    scan_left<false>();
  }
  void induce_all() {
    scan_right<true>();
    scan_left<true>();
  }

  /// From the LMS positions in the order of their substrings (scattered in `sa_` as ~p) to the
  /// string of names at the end of `sa_`. Returns how many names there are.
  Index name_substrings(Index num_lms) {
    Index found = 0;
    for (Index i = 0; i < n_; ++i) {
      if (sa_[i] < 0) sa_[found++] = ~sa_[i];
    }
    YURAI_CHECK(found == num_lms);
    // No two LMS positions are neighbours: p / 2 is a place of its own for what belongs to p.
    Index* const of = sa_ + num_lms;
    std::fill(of, sa_ + n_, Index{0});
    Index next = n_ - 1;
    for_each_lms([&](Index i) {
      of[i / 2] = next - i + 1;  // length of the substring
      next = i;
    });
    Index num_names = 0;
    Index previous = 0;
    Index previous_length = 0;
    for (Index k = 0; k < num_lms; ++k) {
      if (k + kLookAhead < num_lms) {
        __builtin_prefetch(text_ + sa_[k + kLookAhead]);
        __builtin_prefetch(of + sa_[k + kLookAhead] / 2, 1);
      }
      const Index p = sa_[k];
      const Index length = of[p / 2];
      // Only the last substring reaches the end of the text, beyond which all is smaller; the text
      // there decides nothing between two equal stretches of symbols unless both end there.
      const bool same = length == previous_length && p + length < n_ && previous + length < n_ &&
                        std::equal(text_ + p, text_ + p + length, text_ + previous);
      if (!same) ++num_names;
      of[p / 2] = num_names;
      previous = p;
      previous_length = length;
    }
    Index to = n_;
    for (Index i = n_ - 1; i >= num_lms; --i) {
      if (sa_[i] > 0) sa_[--to] = sa_[i] - 1;
    }
    YURAI_CHECK(to == n_ - num_lms);
    return num_names;
  }

  /// Sorts the string of names at the end of `sa_` into its beginning.
  void sort_names(Index num_lms, Index num_names) {
    const Index* const names = sa_ + n_ - num_lms;
    if (num_names == num_lms) {
      for (Index i = 0; i < num_lms; ++i) sa_[names[i]] = i;
      return;
    }
    count_ = {};
    border_ = {};
    Sorter<Index, Index>({names, static_cast<size_t>(num_lms)}, static_cast<uint64_t>(num_names),
                         sa_, {})
        .sort();
  }

  /// Puts the LMS suffixes, whose order is at the beginning of `sa_`, at the ends of their buckets.
  void place_sorted_lms(Index num_lms) {
    Index* const position = sa_ + n_ - num_lms;
    Index to = num_lms;
    for_each_lms([&](Index i) { position[--to] = i; });
    for (Index k = 0; k < num_lms; ++k) {
      if (k + kLookAhead < num_lms) __builtin_prefetch(position + sa_[k + kLookAhead]);
      sa_[k] = position[sa_[k]];
    }
    std::fill(sa_ + num_lms, sa_ + n_, Index{0});
    bucket_ends();
    for (Index k = num_lms - 1; k >= 0; --k) {
      if (k >= kLookAhead) __builtin_prefetch(text_ + sa_[k - kLookAhead]);
      const Index p = sa_[k];
      sa_[k] = 0;
      sa_[--border_[text_[p]]] = p;
    }
  }

  void tick(Index i) {
    constexpr Index kStep = Index{1} << 22;
    if (i % kStep != 0 || !progress_) return;
    ++num_ticks_;
    progress_(std::min(1.0, static_cast<double>(num_ticks_) * static_cast<double>(kStep) /
                                (4.0 * static_cast<double>(n_))));
  }

  const Symbol* text_;
  Index n_;
  uint64_t alphabet_size_;
  Index* sa_;
  const SortProgress& progress_;
  uint64_t num_ticks_ = 0;
  std::vector<Index> count_;
  std::vector<Index> border_;
};

}  // namespace

template <class Index>
void sort_suffixes(std::span<const uint32_t> symbols, uint64_t alphabet_size,
                   std::span<Index> suffixes, const SortProgress& progress) {
  YURAI_CHECK(suffixes.size() == symbols.size());
  if (symbols.empty()) return;
  Sorter<uint32_t, Index>(symbols, alphabet_size, suffixes.data(), progress).sort();
}

template void sort_suffixes<int32_t>(std::span<const uint32_t>, uint64_t, std::span<int32_t>,
                                     const SortProgress&);
template void sort_suffixes<int64_t>(std::span<const uint32_t>, uint64_t, std::span<int64_t>,
                                     const SortProgress&);

}  // namespace yurai

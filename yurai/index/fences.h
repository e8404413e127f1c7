#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/page_file.h"
#include "yurai/base/result.h"
#include "yurai/index/leaf.h"

namespace yurai {

inline constexpr std::string_view kFencesName = "fences.bin";
inline constexpr std::string_view kDirectoryName = "directory.bin";

/// A separator of two leaves is cut to this many bytes; ties are resolved through the text.
inline constexpr size_t kMaxFenceBytes = 64;

/// What stands before a leaf: its separator, the shortest prefix of its first suffix that is above
/// the last suffix of the leaf before, cut to kMaxFenceBytes; that of the first leaf is empty.
struct Fence {
  std::array<char, kMaxFenceBytes> bytes{};
  size_t size = 0;
  // Of separators of kMaxFenceBytes only:
  uint64_t first_position = 0;  ///< of the leaf's first suffix
  uint32_t first_lcp = 0;       ///< bytes that it shares with the suffix before it; of all fences
  uint32_t leaf_lcp = 0;        ///< bytes that it shares with the first suffix of the leaf before
  uint8_t leaf_branch = 0;      ///< its byte after those

  std::string_view separator() const { return {bytes.data(), size}; }
  bool is_cut() const { return size == kMaxFenceBytes && first_lcp >= kMaxFenceBytes; }
};

/// The directory of the leaves: separators, front-coded in pages. The first separator of each page
/// is in memory from the start; a page is read when it is first needed, and then stays: 4 to 6
/// bytes a leaf of 4 KiB. Format: directory.bin and fences.bin in docs/formats/index.md.
/// Thread-safe.
class Fences {
 public:
  /// `directory`: the proven bytes of directory.bin.
  static Result<Fences> open(const std::filesystem::path& dir, std::string_view directory,
                             ReadableFile::Mode mode = ReadableFile::Mode::kCached);

  uint64_t size() const { return num_leaves_; }
  uint64_t num_points() const { return num_points_; }

  /// The leaves whose separators say that they hold the borders of a text's suffixes. Between
  /// `begin` and `end` every separator has the text as a proper prefix; or, where `is_tie`, is cut
  /// and equal to the text's beginning as far as it goes. Before `begin` they are below the text,
  /// or prefixes of it; from `end` on they are above.
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    bool is_tie = false;
    size_t shared = 0;      ///< bytes of the text that the separator of `begin` shares
    bool is_exact = false;  ///< the separator of `begin` − 1 is the text
  };
  Result<Range> find(std::string_view text) const;

  Result<Fence> fence(uint64_t leaf) const;
  /// Those of leaves [begin, end).
  Result<std::vector<Fence>> fences(uint64_t begin, uint64_t end) const;

  /// A leaf near that of `rank` < num_points(), mostly that one.
  Result<uint64_t> leaf_near(uint64_t rank) const;

  /// Bytes of pages that were needed so far, and of what is in memory from the start.
  uint64_t memory_bytes() const;

 private:
  /// The begin of a page, and its first separator.
  struct Head {
    uint64_t first_leaf = 0;
    uint64_t first_rank = 0;
    uint64_t separator_begin = 0;
    uint8_t separator_size = 0;
    bool is_cut = false;
  };
  class Pages;
  Fences(PageFile file, std::shared_ptr<Pages> pages);

  Result<const char*> page(uint64_t number) const;
  bool is_sound(const char* page, uint64_t number) const;
  std::string_view head_separator(uint64_t number) const {
    return std::string_view(head_separators_)
        .substr(heads_[number].separator_begin, heads_[number].separator_size);
  }
  struct Bound;
  struct Group {
    uint64_t page = 0;
    uint64_t number = 0;
  };
  Result<Bound> bound(std::string_view text, int side, Group from) const;

  PageFile file_;
  uint64_t num_leaves_ = 0;
  uint64_t num_points_ = 0;
  std::vector<Head> heads_;  ///< one more for the end
  std::string head_separators_;
  std::vector<uint64_t> head_keys_;  ///< their first bytes
  std::shared_ptr<Pages> pages_;
};

/// Writes the fences in the order of the leaves.
class FencesWriter {
 public:
  static Result<FencesWriter> create(StagingDirectory& stage);
  /// The fence of the next leaf, whose first entry has rank `first_rank`.
  Result<void> add(const Fence& fence, uint64_t first_rank);
  Result<void> finish(uint64_t num_points);

 private:
  FencesWriter(StagingDirectory& stage, PageFileWriter file)
      : stage_(&stage), file_(std::move(file)) {}
  Result<void> finish_page();

  StagingDirectory* stage_;
  PageFileWriter file_;
  std::string heads_;   // of directory.bin
  std::string groups_;  // of the page
  std::string records_;
  std::string last_separator_;
  uint64_t first_leaf_ = 0;  // of the page
  uint64_t first_rank_ = 0;
  uint64_t num_leaves_ = 0;
};

}  // namespace yurai

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"

/// What deduplication knows of the rows that may have a twin, in scratch files that all workers
/// see: each worker writes those of its rows, any worker reads any.
namespace yurai {

using TextHash = std::array<uint8_t, 32>;  ///< SHA-256 of the NFKC text

struct RowFacts {
  uint64_t key = 0;
  TextHash text_hash{};
  std::string id;       ///< as the row gives it, else "sha256:" and 16 digits of the text's
  std::string license;  ///< as SPDX names it, where it does
  uint64_t num_shingles = 0;
  uint64_t shingles_offset = 0;  ///< in the worker's file
};

/// Rows in ascending order of their keys. Not thread-safe.
class RowFactsWriter {
 public:
  static Result<RowFactsWriter> create(const std::filesystem::path& scratch, int rank);
  Result<void> add(const RowFacts& facts, std::span<const uint64_t> shingles);
  Result<void> close();

 private:
  std::unique_ptr<WritableFile> facts_;
  std::unique_ptr<WritableFile> index_;
  uint64_t offset_ = 0;
};

/// Thread-safe. Keeps a key of every 256 in memory.
class RowFactsReader {
 public:
  /// `owner` tells which worker wrote the row of a key.
  static Result<RowFactsReader> open(const std::filesystem::path& scratch, int num_workers,
                                     std::function<int(uint64_t)> owner);

  /// kCorrupt when the row was not written: the inputs changed between two readings.
  Result<RowFacts> find(uint64_t key) const;
  /// The row's shingle set, ascending.
  Result<std::vector<uint64_t>> shingles(const RowFacts& facts) const;

 private:
  struct Part {
    ReadableFile facts;
    ReadableFile index;
    std::vector<uint64_t> fences;  ///< the key of every kEntriesPerFence-th entry
  };
  std::vector<Part> parts_;
  std::function<int(uint64_t)> owner_;
};

}  // namespace yurai

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

/// Pieces and their ids. Immutable once built; const calls are thread-safe.
class Vocabulary {
 public:
  /// Ids far beyond the number of pieces are refused, so that a lying file costs no memory.
  static constexpr uint64_t kMaxGap = 1 << 16;

  /// Pieces with ids that differ. A piece that comes twice is refused, too.
  static Result<Vocabulary> build(std::vector<std::pair<std::string, uint64_t>> pieces);
  /// The pieces of a list, by place; where one comes twice, its id is the last.
  static Vocabulary of_list(std::vector<std::string> pieces);

  Vocabulary() = default;
  Vocabulary(Vocabulary&&) noexcept = default;
  Vocabulary& operator=(Vocabulary&&) noexcept = default;

  /// All ids are below it.
  uint32_t size() const { return static_cast<uint32_t>(pieces_.size()); }
  bool has(uint32_t id) const { return id < pieces_.size() && !pieces_[id].empty(); }
  /// Empty where there is no such id.
  const std::string& piece(uint32_t id) const { return pieces_[id]; }
  std::optional<uint32_t> id_of(std::string_view piece) const {
    const auto found = ids_.find(piece);
    return found == ids_.end() ? std::nullopt : std::optional<uint32_t>(found->second);
  }

 private:
  std::vector<std::string> pieces_;
  std::unordered_map<std::string_view, uint32_t> ids_;  ///< views of pieces_
};

}  // namespace yurai

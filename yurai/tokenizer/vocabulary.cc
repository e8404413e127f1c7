#include "yurai/tokenizer/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"

namespace yurai {

Result<Vocabulary> Vocabulary::build(std::vector<std::pair<std::string, uint64_t>> pieces) {
  uint64_t size = 0;
  const auto bad = [](std::string_view piece, std::string_view what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("token '{}' {}", for_terminal(piece.substr(0, 100)), what));
  };
  for (const auto& [piece, id] : pieces) {
    if (piece.empty()) return fail(ErrorCode::kInvalidArgument, "a token is empty");
    if (id >= 2 * pieces.size() + kMaxGap) {
      return bad(piece, fmt::format("has id {}, far beyond {} tokens", id, pieces.size()));
    }
    size = std::max(size, id + 1);
  }
  Vocabulary vocabulary;
  vocabulary.pieces_.resize(size);
  vocabulary.ids_.reserve(pieces.size());
  for (auto& [piece, id] : pieces) {
    if (!vocabulary.pieces_[id].empty()) {
      return bad(piece, fmt::format("has id {}, and so has '{}'", id,
                                    for_terminal(vocabulary.pieces_[id].substr(0, 100))));
    }
    vocabulary.pieces_[id] = std::move(piece);
    if (!vocabulary.ids_.emplace(vocabulary.pieces_[id], static_cast<uint32_t>(id)).second) {
      return bad(vocabulary.pieces_[id], "is listed twice");
    }
  }
  return vocabulary;
}

Vocabulary Vocabulary::of_list(std::vector<std::string> pieces) {
  Vocabulary vocabulary;
  vocabulary.pieces_ = std::move(pieces);
  vocabulary.ids_.reserve(vocabulary.pieces_.size());
  for (uint32_t id = 0; id < vocabulary.size(); ++id) vocabulary.ids_[vocabulary.pieces_[id]] = id;
  return vocabulary;
}

}  // namespace yurai

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Phrases joined by AND, OR and NOT, within so many characters or within a document:
///
///     猫 AND (犬 OR "wild dog") NOT 鼠 WITHIN 200
///
/// The grammar is in docs/cli/index_query.md.
namespace yurai {

inline constexpr size_t kMaxQueryBytes = 64 << 10;
inline constexpr size_t kMaxQueryPhrases = 64;
inline constexpr int kMaxQueryDepth = 32;
inline constexpr uint64_t kMaxWithinChars = 100'000;

/// A node of the parsed query. The parts of kAnd are wanted, but for those that are kNot; it wants
/// at least one. The part of kNot wants something itself.
struct QueryNode {
  enum class Kind { kPhrase, kAnd, kOr, kNot };
  Kind kind = Kind::kPhrase;
  size_t phrase = 0;             ///< of kPhrase: into PhraseQuery::phrases
  std::vector<QueryNode> parts;  ///< of the others
};

struct PhraseQuery {
  std::vector<std::string> phrases;  ///< each once
  QueryNode root;
  std::optional<uint64_t> within_chars;  ///< nothing: within a document
};

/// kInvalidArgument names the byte of what cannot be understood, and what was expected there.
Result<PhraseQuery> parse_phrase_query(std::string_view text);

/// The query again, phrases quoted and every group in brackets.
std::string to_string(const PhraseQuery& query);

}  // namespace yurai

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/tokenizer/tokenizer.h"

/// A data card: what a folder of documents holds and what was done to it, from the data and its
/// lineage alone. docs/formats/card.md.
///
///     YURAI_ASSIGN(const Json card, make_card("corpus", {}, no_progress));
///     print(card_markdown(card, CardLanguage::kEnglish));
namespace yurai {

inline constexpr std::string_view kCardFormat = "yurai-card";
inline constexpr uint64_t kCardVersion = 1;

/// What a card cannot know from the data. Empty: stays unknown.
struct CardOptions {
  std::string name{};
  std::string description{};
  std::string creator{};
  std::string creator_type{};  ///< "person"; else an organisation
  std::string cite_as{};       ///< how to cite it
  std::string url{};
  std::string created{};                 ///< such as 2026-01-31T00:00:00Z, or nothing
  double top_percent = 10;               ///< of the domains that are listed
  const Tokenizer* tokenizer = nullptr;  ///< what counts tokens; none: they are not counted
};

/// Reads a corpus folder's rows, or all documents of the folder of `corpus filter` or `corpus
/// dedup`, proving them by their hashes; of a folder of labels only the manifest. The same folder
/// and options give the same bytes. Memory: 8 bytes a document, the domains, the years.
Result<Json> make_card(const std::filesystem::path& dir, const CardOptions& options,
                       const Progress& progress);

enum class CardLanguage { kEnglish, kJapanese };

/// The card for people. Every text that comes from the data is escaped.
std::string card_markdown(const Json& card, CardLanguage language);

/// A draft of the European Commission's template for the public summary of training content
/// (Regulation (EU) 2024/1689, Article 53(1)(d)), as Markdown. What the data cannot tell is marked.
std::string card_eu_summary(const Json& card, CardLanguage language);

/// kInvalidArgument for what is no time such as "2026-01-31T00:00:00Z" (UTC).
Result<void> check_card_time(std::string_view text);

/// Croissant 1.1, JSON-LD. `base`: where the files lie, as a URL or relative to the place of the
/// card; empty: beside it, in the folder that it tells of.
Json card_croissant(const Json& card, std::string_view base = {});
/// Properties that the specification requires, and that neither data nor options told.
std::vector<std::string> croissant_lacks(const Json& croissant);

/// SPDX 3.0.1, dataset profile, JSON-LD. kInvalidArgument without a time of creation, which SPDX
/// demands and the data does not tell.
Result<Json> card_spdx(const Json& card);

}  // namespace yurai

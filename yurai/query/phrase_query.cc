#include "yurai/query/phrase_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>

#include "yurai/base/ascii.h"
#include "yurai/base/hash.h"
#include "yurai/base/stop.h"
#include "yurai/base/utf8.h"
#include "yurai/query/intervals.h"

namespace yurai {
namespace {

/// A block reader keeps what it read: after so many blocks it starts anew.
constexpr uint64_t kMaxKeptBlocks = 4096;
constexpr uint64_t kMaxShownBytes = 64 << 10;
/// Of all phrases, in one stretch of text: some 100 MiB of memory with what is made of them.
constexpr size_t kMaxOccurrencesAtOnce = 1'000'000;

/// An occurrence of a phrase of the clause that is gone through.
struct Anchor {
  uint64_t position = 0;  ///< into the corpus's text
  size_t phrase = 0;
  auto operator<=>(const Anchor&) const = default;
};

/// A match, and the first anchor in it.
struct Match {
  TextInterval interval;  ///< into the corpus's text
  Anchor first;
};

/// 95 % limits of a mean of which `seen` events were counted.
std::pair<double, double> poisson_interval(size_t seen) {
  constexpr std::array<std::pair<double, double>, 10> kLimits = {{{0, 3.689},
                                                                  {0.0253, 5.572},
                                                                  {0.242, 7.225},
                                                                  {0.619, 8.767},
                                                                  {1.090, 10.242},
                                                                  {1.623, 11.668},
                                                                  {2.202, 13.059},
                                                                  {2.814, 14.423},
                                                                  {3.454, 15.763},
                                                                  {4.115, 17.085}}};
  return kLimits[std::min(seen, kLimits.size() - 1)];
}

class Answering {
 public:
  Answering(const CorpusIndex& index, const PhraseQuery& query, const QueryOptions& options)
      : index_(index), corpus_(index.corpus()), query_(query), options_(options), session_(index) {}

  Result<QueryAnswer> run() {
    answer_.query = to_string(query_);
    answer_.within_chars = query_.within_chars;
    answer_.points = index_.points();
    for (const std::string& phrase : query_.phrases) {
      YURAI_ASSIGN(const RankRange range, session_.find(phrase));
      ranges_.push_back(range);
    }
    rarest_ = clause(query_.root);
    for (const size_t phrase : rarest_) {
      answer_.rarest.push_back(query_.phrases[phrase]);
      answer_.occurrences += ranges_[phrase].size();
    }
    answer_.exact = answer_.occurrences <= options_.budget;
    YURAI_TRY(answer_.exact ? count_all() : estimate());
    return std::move(answer_);
  }

 private:
  uint64_t occurrences(const std::set<size_t>& phrases) const {
    uint64_t sum = 0;
    for (const size_t phrase : phrases) sum += ranges_[phrase].size();
    return sum;
  }

  /// Phrases of which every match holds one, with as few occurrences as that goes.
  std::set<size_t> clause(const QueryNode& node) const {
    std::set<size_t> best;
    if (node.kind == QueryNode::Kind::kPhrase) return {node.phrase};
    bool first = true;
    for (const QueryNode& part : node.parts) {
      if (part.kind == QueryNode::Kind::kNot) continue;
      const std::set<size_t> phrases = clause(part);
      if (node.kind == QueryNode::Kind::kOr) {
        best.insert(phrases.begin(), phrases.end());
      } else if (first || occurrences(phrases) < occurrences(best)) {
        best = phrases;
      }
      first = false;
    }
    return best;
  }

  /// The text around an anchor that decides about its matches within so many characters.
  TextInterval surroundings(const Anchor& anchor) const {
    const Corpus::TextRange in = corpus_.text_range(corpus_.document_at(anchor.position));
    const uint64_t reach = 4 * *query_.within_chars;
    const uint64_t end = anchor.position + query_.phrases[anchor.phrase].size();
    return {anchor.position - std::min(reach, anchor.position - in.begin),
            end + std::min(reach, in.end - end)};
  }

  Result<std::string> text_of(const TextInterval& region) {
    YURAI_TRY(check_stop());
    if (!text_ || text_->num_reads() > kMaxKeptBlocks) text_.emplace(corpus_.text());
    return text_->bytes(region.begin, region.end - region.begin);
  }

  /// WITHIN DOCUMENT: the first occurrence of the rarest clause in a document, if the query holds
  /// in it.
  Result<std::optional<Anchor>> match_in(uint64_t document) {
    if (const auto known = of_document_.find(document); known != of_document_.end()) {
      return known->second;
    }
    const Corpus::TextRange in = corpus_.text_range(document);
    YURAI_ASSIGN(const std::string text, text_of({in.begin, in.end}));
    std::vector<size_t> first(query_.phrases.size());
    for (size_t i = 0; i < first.size(); ++i) {
      YURAI_TRY(check_stop());
      first[i] = next_occurrence(text, query_.phrases[i], 0, true);
    }
    std::optional<Anchor> match;
    if (holds(query_.root, first)) {
      for (const size_t phrase : rarest_) {
        if (first[phrase] == text.npos) continue;
        const Anchor anchor{in.begin + first[phrase], phrase};
        if (!match || anchor < *match) match = anchor;
      }
    }
    of_document_.emplace(document, match);
    return match;
  }

  /// Whether the query holds in a text in which phrase i first occurs at `first[i]`, or not at all.
  static bool holds(const QueryNode& node, const std::vector<size_t>& first) {
    const auto part_holds = [&](const QueryNode& part) { return holds(part, first); };
    switch (node.kind) {
      case QueryNode::Kind::kPhrase:
        return first[node.phrase] != std::string::npos;
      case QueryNode::Kind::kNot:
        return !holds(node.parts[0], first);
      case QueryNode::Kind::kAnd:
        return std::all_of(node.parts.begin(), node.parts.end(), part_holds);
      case QueryNode::Kind::kOr:
        return std::any_of(node.parts.begin(), node.parts.end(), part_holds);
    }
    return false;
  }

  /// The first occurrence from `from` on that the index sees; npos where there is none.
  size_t next_occurrence(std::string_view text, std::string_view phrase, size_t from,
                         bool begins_document) const {
    size_t at = text.find(phrase, from);
    while (at != text.npos && !is_point(text, at, begins_document)) at = text.find(phrase, at + 1);
    return at;
  }

  /// The matches in `region`, which may begin and end inside of a character.
  Result<std::vector<Match>> matches_in(const TextInterval& region) {
    YURAI_ASSIGN(const std::string bytes, text_of(region));
    const std::string_view all = bytes;
    size_t skipped = 0;
    while (skipped < all.size() && !begins_char(all[skipped])) ++skipped;
    const std::string_view text = all.substr(skipped, char_floor_end(all) - skipped);
    const bool begins_document =
        region.begin == corpus_.text_range(corpus_.document_at(region.begin)).begin;
    std::vector<std::vector<TextInterval>> occurrences(query_.phrases.size());
    size_t num_occurrences = 0;
    for (size_t i = 0; i < occurrences.size(); ++i) {
      YURAI_TRY(check_stop());
      const std::string& phrase = query_.phrases[i];
      const auto next = [&](size_t from) {
        return next_occurrence(text, phrase, from, begins_document);
      };
      for (size_t at = next(0); at != text.npos; at = next(at + 1)) {
        occurrences[i].push_back({at, at + phrase.size()});
        if (++num_occurrences > kMaxOccurrencesAtOnce) return too_many();
      }
    }
    std::vector<Anchor> anchors;
    for (const size_t phrase : rarest_) {
      for (const TextInterval& one : occurrences[phrase]) anchors.push_back({one.begin, phrase});
    }
    std::sort(anchors.begin(), anchors.end());
    const uint64_t begin = region.begin + skipped;
    std::vector<Match> matches;
    for (const TextInterval& interval : minimal_intervals(query_, occurrences, text)) {
      auto first = std::lower_bound(anchors.begin(), anchors.end(), Anchor{interval.begin, 0});
      while (first != anchors.end() &&
             first->position + query_.phrases[first->phrase].size() > interval.end) {
        ++first;
      }
      if (first == anchors.end()) continue;
      matches.push_back({{begin + interval.begin, begin + interval.end},
                         {begin + first->position, first->phrase}});
    }
    return matches;
  }

  static tl::unexpected<Error> too_many() {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the phrases stand more than {} times in one stretch of text; ask for "
                            "rarer phrases, a smaller WITHIN, or WITHIN DOCUMENT",
                            kMaxOccurrencesAtOnce));
  }

  /// Without the bytes of a last character that is not whole.
  static size_t char_floor_end(std::string_view bytes) {
    size_t last = bytes.size();
    while (last > 0 && !begins_char(bytes[last - 1])) --last;
    if (last == 0) return 0;
    return last - 1 + char_bytes(bytes, last - 1) <= bytes.size() ? bytes.size() : last - 1;
  }

  /// Whether the index sees an occurrence there. At the begin of a region, which is further from
  /// every anchor than a match reaches, it does not matter.
  bool is_point(std::string_view text, size_t at, bool begins_document) const {
    if (index_.points() == PointMode::kChar) return true;
    if (at == 0) return begins_document || !is_word_byte(text[at]);
    return !is_word_byte(text[at - 1]) || !is_word_byte(text[at]);
  }

  Result<void> count_all() {
    std::vector<Anchor> anchors;
    anchors.reserve(answer_.occurrences);
    for (const size_t phrase : rarest_) {
      YURAI_ASSIGN(const auto positions,
                   session_.positions(ranges_[phrase], 0, ranges_[phrase].size()));
      for (const uint64_t position : positions) anchors.push_back({position, phrase});
    }
    std::sort(anchors.begin(), anchors.end());
    answer_.checked = anchors.size();
    answer_.documents = 0;
    uint64_t last_document = UINT64_MAX;
    for (size_t i = 0; i < anchors.size();) {
      const uint64_t document = corpus_.document_at(anchors[i].position);
      std::vector<Match> matches;
      if (query_.within_chars) {
        TextInterval region = surroundings(anchors[i]);
        for (++i; i < anchors.size(); ++i) {  // those whose surroundings touch are one
          if (corpus_.document_at(anchors[i].position) != document) break;
          const TextInterval next = surroundings(anchors[i]);
          if (next.begin > region.end) break;
          region.end = std::max(region.end, next.end);
        }
        YURAI_ASSIGN(matches, matches_in(region));
      } else {
        const uint64_t end = corpus_.text_range(document).end;
        while (i < anchors.size() && anchors[i].position < end) ++i;
        YURAI_ASSIGN(const std::optional<Anchor> match, match_in(document));
        if (match) matches.push_back({{}, *match});
      }
      if (matches.empty()) continue;
      answer_.count += static_cast<double>(matches.size());
      if (document != last_document) ++*answer_.documents;
      last_document = document;
      YURAI_TRY(show(matches));
    }
    answer_.low = answer_.high = answer_.count;
    return {};
  }

  /// Matches whose first anchor this one is.
  Result<std::vector<Match>> matches_of(const Anchor& anchor) {
    std::vector<Match> matches;
    if (query_.within_chars) {
      YURAI_ASSIGN(matches, matches_in(surroundings(anchor)));
    } else {
      YURAI_ASSIGN(const std::optional<Anchor> match,
                   match_in(corpus_.document_at(anchor.position)));
      if (match) matches.push_back({{}, *match});
    }
    std::erase_if(matches, [&](const Match& match) { return match.first != anchor; });
    return matches;
  }

  Result<Anchor> anchor_at(uint64_t number) {
    for (const size_t phrase : rarest_) {
      const uint64_t size = ranges_[phrase].size();
      if (number < size) {
        YURAI_ASSIGN(const auto position, session_.positions(ranges_[phrase], number, 1));
        return Anchor{position.at(0), phrase};
      }
      number -= size;
    }
    return fail(ErrorCode::kInvalidArgument, "no such occurrence");
  }

  Result<void> estimate() {
    const uint64_t total = answer_.occurrences;
    const uint64_t num_strata = std::max<uint64_t>(1, options_.budget / 2);
    std::mt19937_64 random(xxh3(answer_.query + index_.corpus().identity().corpus_sha256));
    double sum = 0, variance = 0;
    size_t num_hits = 0;
    std::vector<Match> seen;
    for (uint64_t stratum = 0; stratum < num_strata; ++stratum) {
      const auto border = [&](uint64_t i) {
        return total / num_strata * i + total % num_strata * i / num_strata;
      };
      const uint64_t begin = border(stratum), size = border(stratum + 1) - begin;
      const uint64_t first = random() % size;
      const uint64_t second = size > 1 ? (first + 1 + random() % (size - 1)) % size : first;
      std::array<double, 2> drawn{};
      for (size_t i = 0; i < (size > 1 ? 2u : 1u); ++i) {
        YURAI_ASSIGN(const Anchor anchor, anchor_at(begin + (i == 0 ? first : second)));
        YURAI_ASSIGN(std::vector<Match> matches, matches_of(anchor));
        drawn[i] = static_cast<double>(matches.size());
        num_hits += matches.empty() ? 0 : 1;
        ++answer_.checked;
        for (const Match& match : matches) {
          if (seen.size() < 10 * options_.limit) seen.push_back(match);
        }
      }
      const auto n = static_cast<double>(size);
      if (size == 1) {
        sum += drawn[0];
        continue;
      }
      sum += n * (drawn[0] + drawn[1]) / 2;
      const double difference = drawn[0] - drawn[1];
      variance += n * n * (1 - 2 / n) * difference * difference / 4;  // s² / 2, s² = d² / 2
    }
    answer_.count = sum;
    const double half = 1.96 * std::sqrt(variance);
    answer_.low = std::max(static_cast<double>(num_hits), sum - half);
    answer_.high = sum + half;
    if (num_hits < 10) {  // too few for a normal distribution
      const auto [low, high] = poisson_interval(num_hits);
      const double each = num_hits == 0
                              ? static_cast<double>(total) / static_cast<double>(answer_.checked)
                              : sum / static_cast<double>(num_hits);
      answer_.low = std::max(static_cast<double>(num_hits), low * each);
      answer_.high = high * each;
    }
    std::sort(seen.begin(), seen.end(),
              [](const Match& a, const Match& b) { return a.first < b.first; });
    for (const Match& match : seen) YURAI_TRY(show({match}));
    return {};
  }

  Result<void> show(const std::vector<Match>& matches) {
    for (const Match& match : matches) {
      if (answer_.matches.size() >= options_.limit) return {};
      TextInterval shown = match.interval;
      if (!query_.within_chars || shown.end - shown.begin > kMaxShownBytes) {
        shown = {match.first.position,
                 match.first.position + query_.phrases[match.first.phrase].size()};
      }
      YURAI_ASSIGN(Occurrence occurrence,
                   session_.occurrence(shown.begin, shown.end - shown.begin));
      answer_.matches.push_back(std::move(occurrence));
    }
    return {};
  }

  const CorpusIndex& index_;
  const Corpus& corpus_;
  const PhraseQuery& query_;
  const QueryOptions& options_;
  IndexSession session_;
  std::optional<TextReader> text_;
  std::vector<RankRange> ranges_;  ///< of each phrase
  std::set<size_t> rarest_;
  std::unordered_map<uint64_t, std::optional<Anchor>> of_document_;  ///< `match_in`
  QueryAnswer answer_;
};

}  // namespace

Result<QueryAnswer> answer_query(const CorpusIndex& index, const PhraseQuery& query,
                                 const QueryOptions& options) {
  if (options.budget < 2) {
    return fail(ErrorCode::kInvalidArgument, "the budget must be at least 2 occurrences");
  }
  return Answering(index, query, options).run();
}

Json to_json(const QueryAnswer& answer) {
  Json matches = Json::array();
  for (const Occurrence& match : answer.matches) matches.push_back(to_json(match));
  const auto number = [&](double value) {  // an exact count is a whole number
    return answer.exact ? Json(static_cast<uint64_t>(value)) : Json(value);
  };
  return {{"query", answer.query},
          {"within", answer.within_chars ? Json(*answer.within_chars) : Json("document")},
          {"count", number(answer.count)},
          {"exact", answer.exact},
          {"interval", {number(answer.low), number(answer.high)}},
          {"documents", answer.documents ? Json(*answer.documents) : Json(nullptr)},
          {"rarest", answer.rarest},
          {"occurrences", answer.occurrences},
          {"checked", answer.checked},
          {"points", name(answer.points)},
          {"matches", std::move(matches)}};
}

}  // namespace yurai

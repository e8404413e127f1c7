#include "yurai/search/passage.h"

#include <unordered_map>
#include <vector>

namespace yurai {
namespace {

struct Found {
  size_t char_begin = 0, char_end = 0;
  size_t byte_begin = 0, byte_end = 0;
  TermKey key = 0;
};

}  // namespace

Passage best_passage(Folder& folder, std::string_view text,
                     const std::map<TermKey, double>& weights, size_t max_chars) {
  std::unordered_map<TermKey, double> wanted(weights.begin(), weights.end());
  std::vector<Found> found;
  size_t char_at = 0, byte_at = 0;  // characters are counted up to the last term's begin
  const auto chars_at = [&](size_t byte) {
    if (byte < byte_at) return char_at - count_chars(text.substr(byte, byte_at - byte));
    char_at += count_chars(text.substr(byte_at, byte - byte_at));
    byte_at = byte;
    return char_at;
  };
  for_each_term(folder, text, TermsOf::kDocument, [&](const Term& term) {
    if (!wanted.contains(term.key)) return;
    const size_t begin = chars_at(term.byte_begin);
    const size_t size = count_chars(text.substr(term.byte_begin, term.byte_end - term.byte_begin));
    found.push_back({begin, begin + size, term.byte_begin, term.byte_end, term.key});
  });

  std::unordered_map<TermKey, size_t> inside;  // of the window [first, i]
  double score = 0, best_score = 0;
  size_t first = 0, best_first = 0, best_last = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (inside[found[i].key]++ == 0) score += wanted[found[i].key];
    while (first < i && found[i].char_end > found[first].char_begin + max_chars) {
      if (--inside[found[first].key] == 0) score -= wanted[found[first].key];
      ++first;
    }
    if (score > best_score + 1e-9) {
      best_score = score;
      best_first = first;
      best_last = i;
    }
  }
  Passage passage;
  passage.score = best_score;
  size_t chars = 0;
  if (!found.empty()) {
    passage.byte_begin = found[best_first].byte_begin;
    passage.byte_end = std::max(found[best_first].byte_end, found[best_last].byte_end);
    chars = count_chars(text.substr(passage.byte_begin, passage.byte_end - passage.byte_begin));
  }
  // What room is left goes to both sides, and what one has no use for to the other.
  const auto grow_left = [&](size_t room) {
    for (; room > 0 && passage.byte_begin > 0; --room, ++chars) {
      passage.byte_begin = char_floor(text, passage.byte_begin - 1);
    }
  };
  const auto grow_right = [&](size_t room) {
    for (; room > 0 && passage.byte_end < text.size(); --room, ++chars) {
      passage.byte_end += char_bytes(text, passage.byte_end);
    }
  };
  if (chars < max_chars) grow_left((max_chars - chars) / 4);
  if (chars < max_chars) grow_right(max_chars - chars);
  if (chars < max_chars) grow_left(max_chars - chars);
  passage.text = text.substr(passage.byte_begin, passage.byte_end - passage.byte_begin);
  return passage;
}

Json to_json(const PassageHit& hit) {
  const Document& document = hit.document;
  Json json = {{"score", hit.hit.score},
               {"overlap", hit.overlap},
               {"id", document.id},
               {"byte_begin", hit.passage.byte_begin},
               {"byte_end", hit.passage.byte_end},
               {"passage", hit.passage.text}};
  append_origin(json, document);
  return json;
}

}  // namespace yurai

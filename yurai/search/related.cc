#include "yurai/search/related.h"

#include <fmt/format.h>

#include "yurai/base/stop.h"
#include "yurai/base/utf8.h"
#include "yurai/text/sentences.h"

namespace yurai {

Result<Related> related_passages(const DocumentSearch& search, const Corpus& corpus,
                                 std::string_view answer, const RelatedOptions& options) {
  if (const auto invalid = find_invalid_utf8(answer)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("byte {} of the answer is not UTF-8", *invalid));
  }
  Related related;
  uint64_t byte_at = 0, char_at = 0, num_sentences = 0;
  for (const TextPart& part : split_sentences(answer)) {
    YURAI_TRY(check_stop());
    if (++num_sentences > options.max_sentences) {
      related.truncated = true;
      break;
    }
    RelatedSentence sentence{part.byte_begin, part.byte_end, 0, 0, {}, {}};
    sentence.text = answer.substr(part.byte_begin, part.byte_end - part.byte_begin);
    char_at += count_chars(answer.substr(byte_at, part.byte_begin - byte_at));
    sentence.char_begin = char_at;
    char_at += count_chars(sentence.text);
    byte_at = part.byte_end;
    sentence.char_end = char_at;
    auto hits =
        search.search_passages(corpus, sentence.text, options.max_passages, options.passage_chars);
    // A "sentence" of thousands of different words is a list: nothing is near to it.
    if (!hits && hits.error().code == ErrorCode::kResourceExhausted) continue;
    if (!hits) return fail(std::move(hits).error());
    for (PassageHit& hit : *hits) {
      if (hit.overlap >= options.min_overlap) sentence.passages.push_back(std::move(hit));
    }
    if (!sentence.passages.empty()) related.sentences.push_back(std::move(sentence));
  }
  return related;
}

Json to_json(const Related& related) {
  Json sentences = Json::array();
  for (const RelatedSentence& sentence : related.sentences) {
    Json passages = Json::array();
    for (const PassageHit& hit : sentence.passages) passages.push_back(to_json(hit));
    sentences.push_back({{"byte_begin", sentence.byte_begin},
                         {"byte_end", sentence.byte_end},
                         {"char_begin", sentence.char_begin},
                         {"char_end", sentence.char_end},
                         {"text", sentence.text},
                         {"passages", std::move(passages)}});
  }
  return {{"sentences", std::move(sentences)}, {"truncated", related.truncated}};
}

}  // namespace yurai

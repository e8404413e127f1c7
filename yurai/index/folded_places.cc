#include "yurai/index/folded_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/corpus_index_state.h"

namespace yurai {
namespace {

/// How much of a text is read at first that folds to `folded_bytes`: a little is dropped.
uint64_t first_window(uint64_t folded_bytes) { return folded_bytes + folded_bytes / 4 + 128; }

}  // namespace

FoldedPlaces::FoldedPlaces(const CorpusIndex& index, Folder& folder)
    : index_(index), folder_(folder) {
  PageCache* cache = index.state_->cache.get();
  for (size_t i = 0; i < index.segments().size(); ++i) {
    readers_.push_back({PageReader(*index.folded()->segments()[i].originals, cache),
                        TextReader(index.segments()[i].corpus->text(), cache)});
  }
}

uint64_t FoldedPlaces::num_reads() const {
  uint64_t sum = 0;
  for (const Reader& reader : readers_)
    sum += reader.originals.num_reads() + reader.text.num_reads();
  return sum;
}

/// The pieces that hold bytes [folded_begin, folded_end) of a segment's folded text; `from` is a
/// piece of the same document, not after them.
Result<FoldedPlaces::Pieces> FoldedPlaces::pieces(size_t segment, uint64_t folded_begin,
                                                  uint64_t folded_end, FoldedOrigin from) {
  const auto unfit = [&] {
    return fail(ErrorCode::kCorrupt,
                fmt::format("the folded twin of '{}' does not fit its corpus; rebuild with 'yurai "
                            "index build --fold'",
                            for_terminal(index_.dir().string())));
  };
  const Corpus& corpus = *index_.segments()[segment].corpus;
  const uint64_t document_end = corpus.text_range(corpus.document_at(from.begin)).end;
  const uint64_t stride = folded_begin / kFoldedStride;
  if (stride * kFoldedStride > from.folded_begin) {
    YURAI_ASSIGN(const FoldedOrigin stored, read_origin(readers_[segment].originals, stride));
    if (stored.folded_begin > folded_begin || stored.begin >= document_end) return unfit();
    if (stored.folded_begin > from.folded_begin) {
      if (stored.begin <= from.begin) return unfit();
      from = stored;
    }
  }
  for (uint64_t window = first_window(folded_end - from.folded_begin);; window *= 2) {
    const uint64_t size = std::min(window, document_end - from.begin);
    const bool whole = size == document_end - from.begin;
    YURAI_ASSIGN(std::string text, readers_[segment].text.bytes(from.begin, size));
    while (!whole && !text.empty() && !begins_char(text.back())) text.pop_back();
    if (!whole && !text.empty()) text.pop_back();
    if (find_invalid_utf8(text)) return unfit();
    FoldedOrigin next = from;
    std::optional<FoldedOrigin> first;
    for (size_t at = 0; at < text.size();) {
      const FoldedPiece piece = folder_.piece(text, at);
      if (!whole && piece.byte_end == text.size()) break;  // it may go on
      const FoldedOrigin begin = next;
      next.folded_begin += piece.dropped ? 0 : piece.folded.size();
      next.begin = from.begin + piece.byte_end;
      next.char_begin += count_chars(std::string_view(text).substr(at, piece.byte_end - at));
      if (!first && next.folded_begin > folded_begin) first = begin;
      if (next.folded_begin >= folded_end) return Pieces{*first, next.begin, next.char_begin};
      at = piece.byte_end;
    }
    if (whole) return unfit();
  }
}

Result<FoldedPlaces::Place> FoldedPlaces::original(uint64_t position, uint64_t size_bytes) {
  YURAI_TRY(check_stop());
  const CorpusIndex& twin = *index_.folded();
  size_t segment = 0;
  uint64_t folded_at = position;
  if (twin.corpus().is_joined()) {
    const TextPiece piece = twin.corpus().text().piece_from(position);
    while (&twin.segments()[segment].corpus->text() != piece.text) ++segment;
    folded_at = piece.begin;
  }
  const Corpus& folded_corpus = *twin.segments()[segment].corpus;
  const uint64_t in_segment = folded_corpus.document_at(folded_at);
  const uint64_t begin = index_.segments()[segment].corpus->text_range(in_segment).begin;
  YURAI_ASSIGN(const Pieces found, pieces(segment, folded_at, folded_at + size_bytes,
                                          {folded_corpus.text_range(in_segment).begin, begin, 0}));

  const uint64_t number = twin.corpus().document_at(position);
  Place place;
  place.position = index_.corpus().text_range(number).begin + (found.first.begin - begin);
  place.size_bytes = found.end - found.first.begin;
  place.char_begin = found.first.char_begin;
  place.char_end = found.char_end;
  place.skip = folded_at - found.first.folded_begin;
  return place;
}

}  // namespace yurai

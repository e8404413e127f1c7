#include "yurai/index/folded_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/corpus_index_state.h"

namespace yurai {
namespace {

/// Of text that is folded again at first: a stride of folded text is mostly shorter.
constexpr uint64_t kWindowBytes = 2 * kFoldedStride;

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

/// The piece that holds byte `folded_at` of a segment's folded text, at or after the piece at
/// `from`, which lies in the same document.
Result<FoldedPlaces::Piece> FoldedPlaces::piece_at(size_t segment, uint64_t folded_at,
                                                   FoldedOrigin from) {
  const auto unfit = [&] {
    return fail(ErrorCode::kCorrupt,
                fmt::format("the folded twin of '{}' does not fit its corpus; rebuild with 'yurai "
                            "index build --fold'",
                            for_terminal(index_.dir().string())));
  };
  const Corpus& corpus = *index_.segments()[segment].corpus;
  const uint64_t document_end = corpus.text_range(corpus.document_at(from.begin)).end;
  const uint64_t stride = folded_at / kFoldedStride;
  if (stride * kFoldedStride > from.folded_begin) {
    YURAI_ASSIGN(const FoldedOrigin stored, read_origin(readers_[segment].originals, stride));
    if (stored.folded_begin > folded_at || stored.begin >= document_end) return unfit();
    if (stored.folded_begin > from.folded_begin) {
      if (stored.begin <= from.begin) return unfit();
      from = stored;
    }
  }
  for (uint64_t window = kWindowBytes;; window *= 2) {
    const uint64_t size = std::min(window, document_end - from.begin);
    const bool whole = size == document_end - from.begin;
    YURAI_ASSIGN(std::string text, readers_[segment].text.bytes(from.begin, size));
    while (!whole && !text.empty() && !begins_char(text.back())) text.pop_back();
    if (!whole && !text.empty()) text.pop_back();
    if (find_invalid_utf8(text)) return unfit();
    Piece piece{from, from.begin, from.char_begin};
    for (size_t at = 0; at < text.size();) {
      const FoldedPiece folded = folder_.piece(text, at);
      if (!whole && folded.byte_end == text.size()) break;  // it may go on
      piece.end = from.begin + folded.byte_end;
      piece.char_end += count_chars(std::string_view(text).substr(at, folded.byte_end - at));
      const uint64_t folded_end =
          piece.origin.folded_begin + (folded.dropped ? 0 : folded.folded.size());
      if (folded_end > folded_at) return piece;
      piece.origin = {folded_end, piece.end, piece.char_end};
      at = folded.byte_end;
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
  YURAI_ASSIGN(const Piece first, piece_at(segment, folded_at,
                                           {folded_corpus.text_range(in_segment).begin, begin, 0}));
  YURAI_ASSIGN(const Piece last, piece_at(segment, folded_at + size_bytes - 1, first.origin));

  const uint64_t number = twin.corpus().document_at(position);
  Place place;
  place.position = index_.corpus().text_range(number).begin + (first.origin.begin - begin);
  place.size_bytes = last.end - first.origin.begin;
  place.char_begin = first.origin.char_begin;
  place.char_end = last.char_end;
  place.skip = folded_at - first.origin.folded_begin;
  return place;
}

}  // namespace yurai

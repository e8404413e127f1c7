#include "yurai/index/folded_text.h"

#include <fmt/format.h>

#include <string>

#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/corpus/row_table.h"
#include "yurai/index/leaf.h"
#include "yurai/text/fold.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr size_t kOriginBytes = 16;
constexpr size_t kOriginsAPage = kPagePayload / kOriginBytes;
constexpr unsigned kPositionBits = 40;
static_assert(kMaxPosition < uint64_t{1} << kPositionBits);

/// Writes an origin for each stride of the folded text.
class OriginsWriter {
 public:
  static Result<OriginsWriter> create(StagingDirectory& stage) {
    YURAI_ASSIGN(PageFileWriter file, PageFileWriter::create(stage, kOriginalsName));
    return OriginsWriter(std::move(file));
  }

  /// The next bytes of the folded text, [origin.folded_begin, folded_end).
  Result<void> add(const FoldedOrigin& origin, uint64_t folded_end) {
    for (; next_ < folded_end; next_ += kFoldedStride) {
      append_fixed((next_ - origin.folded_begin) << kPositionBits | origin.begin, 8, page_);
      append_fixed(origin.char_begin, 8, page_);
      if (page_.size() == kOriginsAPage * kOriginBytes) YURAI_TRY(write_page());
    }
    return {};
  }

  Result<void> finish() {
    if (!page_.empty()) YURAI_TRY(write_page());
    return file_.close();
  }

 private:
  explicit OriginsWriter(PageFileWriter file) : file_(std::move(file)) {}
  Result<void> write_page() {
    YURAI_TRY(file_.append(page_));
    page_.clear();
    return {};
  }

  PageFileWriter file_;
  std::string page_;
  uint64_t next_ = 0;
};

}  // namespace

Result<Corpus> write_folded_corpus(const Corpus& corpus, StagingDirectory& stage,
                                   const Progress& progress) {
  const fs::path dir = stage.path() / kFoldedCorpusName;
  YURAI_ASSIGN(StagingDirectory own, StagingDirectory::create(dir, {.disk = &stage.disk()}));
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(own));
  YURAI_ASSIGN(OriginsWriter origins, OriginsWriter::create(stage));
  Folder folder;
  uint64_t folded_at = 0;
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    const uint64_t begin = corpus.text_range(number).begin;
    YURAI_TRY(origins.add({folded_at, begin - 1, 0}, folded_at + 1));  // the separator
    ++folded_at;
    std::string text;
    uint64_t num_chars = 0;
    for (size_t at = 0; at < document.text.size();) {
      const FoldedPiece piece = folder.piece(document.text, at);
      if (!piece.dropped) {
        YURAI_TRY(origins.add({folded_at + text.size(), begin + at, num_chars},
                              folded_at + text.size() + piece.folded.size()));
        text += piece.folded;
      }
      num_chars += count_chars(std::string_view(document.text).substr(at, piece.byte_end - at));
      at = piece.byte_end;
    }
    folded_at += text.size();
    if (folded_at > kMaxPosition) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("the folded text of '{}' has more than {} bytes; index it in parts",
                              for_terminal(corpus.dir().string()), kMaxPosition));
    }
    YURAI_TRY(writer.add({.id = document.id, .text = std::move(text), .source = document.source}));
    progress("fold", corpus.text_range(number).end, corpus.text().size_bytes());
  }
  YURAI_TRY(origins.add({folded_at, corpus.text().size_bytes() - 1, 0}, folded_at + 1));
  YURAI_TRY(origins.finish());
  YURAI_TRY(writer.finish(Manifest{}));
  YURAI_TRY(own.commit());
  return Corpus::open(dir);
}

Result<PageFile> open_originals(const fs::path& dir, uint64_t folded_bytes,
                                ReadableFile::Mode mode) {
  const uint64_t num_origins = (folded_bytes + kFoldedStride - 1) / kFoldedStride;
  return PageFile::open(dir / kOriginalsName, (num_origins + kOriginsAPage - 1) / kOriginsAPage,
                        mode);
}

Result<FoldedOrigin> read_origin(PageReader& originals, uint64_t stride) {
  YURAI_ASSIGN(const std::string_view page, originals.page(stride / kOriginsAPage));
  const char* entry = page.data() + stride % kOriginsAPage * kOriginBytes;
  const uint64_t packed = load_u64(entry);
  const uint64_t before = packed >> kPositionBits;
  if (before > stride * kFoldedStride) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' is not well-formed; rebuild with 'yurai index build --fold'",
                            for_terminal(originals.file().path().string())));
  }
  return FoldedOrigin{stride * kFoldedStride - before,
                      packed & ((uint64_t{1} << kPositionBits) - 1), load_u64(entry + 8)};
}

}  // namespace yurai

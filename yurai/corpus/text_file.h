#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/page_cache.h"
#include "yurai/base/page_fetch.h"
#include "yurai/base/page_file.h"
#include "yurai/base/progress.h"
#include "yurai/corpus/text_codec.h"

/// A long text, compressed in pages that are decoded from any byte on.
///
///     TextReader reader(corpus.text(), nullptr);          // one query's view; not thread-safe
///     YURAI_ASSIGN(std::string bytes, reader.bytes(4711, 100));
namespace yurai {

inline constexpr std::string_view kTextName = "text.bin";
inline constexpr std::string_view kTextPagesName = "text_pages.bin";
inline constexpr std::string_view kTextDictionaryName = "text_dictionary.bin";

class TextFile;

/// Bytes [begin, end) of a text.
struct TextPiece {
  const TextFile* text = nullptr;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// An immutable opened text. Thread-safe. Keeps 4 bytes a page of some 9 KB, and the dictionary of
/// half a megabyte, in memory. Format: docs/formats/text.md.
class TextFile {
 public:
  /// The text in `dir`, of `size_bytes` bytes.
  static Result<TextFile> open(const std::filesystem::path& dir, uint64_t size_bytes,
                               ReadableFile::Mode mode = ReadableFile::Mode::kCached);

  /// At least one piece of opened texts, which must outlive it; one after another they are a text
  /// as good as one in a file.
  static TextFile join(std::vector<TextPiece> pieces);

  uint64_t size_bytes() const { return size_bytes_; }
  const std::filesystem::path& path() const { return pages().path(); }

  /// Fills `out` from `offset`; the range must lie inside. For long ranges: every page that it
  /// touches is read and decoded, and forgotten.
  Result<void> read(uint64_t offset, std::span<char> out) const;

  bool is_joined() const { return !pieces_.empty(); }
  /// Of a joined text: the rest of its piece from byte `offset` < size_bytes() on.
  TextPiece piece_from(uint64_t offset) const;

  // Of a joined text those of its first piece; else its own.
  const PageFile& pages() const { return pages_ ? *pages_ : pieces_.front().text->pages(); }
  const TextDictionary& dictionary() const { return *dictionary_; }
  /// The page that holds byte `offset` < size_bytes().
  uint64_t page_of(uint64_t offset) const;
  uint64_t page_begin(uint64_t page) const { return bases_[page / kGroup] + offsets_[page]; }

 private:
  static constexpr uint64_t kGroup = 64;
  TextFile() = default;
  TextFile(PageFile pages, TextDictionary dictionary, uint64_t size_bytes);

  std::optional<PageFile> pages_;  ///< none of a joined text
  std::unique_ptr<const TextDictionary> dictionary_;
  uint64_t size_bytes_ = 0;
  std::vector<uint64_t> bases_;    ///< where every kGroup-th page begins in the text
  std::vector<uint32_t> offsets_;  ///< where each page begins, from its base; one more for the end
  std::vector<TextPiece> pieces_;
  std::vector<uint64_t> piece_begins_;
};

/// One query's view of a text: every page is read once and then kept until the reader goes. Counts
/// the reads. Not thread-safe.
class TextReader {
 public:
  explicit TextReader(const TextFile& file, PageCache* cache = nullptr)
      : file_(&file), cache_(cache), pages_(file.pages(), cache) {}

  /// Copies `size` bytes from `offset`; the range must lie inside the file.
  Result<std::string> bytes(uint64_t offset, uint64_t size);

  /// How many bytes the text from `offset` shares with `text`.
  Result<size_t> shared_bytes(uint64_t offset, std::string_view text);

  /// `task` of `fetch` needs the page of byte `offset`.
  void want(PageFetch& fetch, uint64_t offset, size_t task);

  const TextFile& file() const { return *file_; }
  uint64_t num_reads() const;
  uint64_t num_missed() const;  ///< pages that no cache had

 private:
  TextReader& reader_of(const TextFile& text);
  /// Calls `use(reader, offset, size)` with the pieces of [offset, offset + size) of a joined text,
  /// as long as it returns true.
  template <class Use>
  Result<void> for_each_piece(uint64_t offset, uint64_t size, const Use& use);

  const TextFile* file_;
  PageCache* cache_;
  PageReader pages_;
  std::vector<std::unique_ptr<TextReader>> parts_;  ///< of a joined text, as they are needed
};

/// Writes a text and its dictionary into a staging folder. The text waits there as it is until
/// `close`, which makes the dictionary from pieces of all of it.
class TextFileWriter {
 public:
  static Result<TextFileWriter> create(StagingDirectory& stage);

  Result<void> append(std::string_view bytes);
  Result<void> close(const Progress& progress = no_progress);
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  TextFileWriter(StagingDirectory& stage, std::unique_ptr<WritableFile> plain)
      : stage_(&stage), plain_(std::move(plain)) {}
  Result<void> encode(const ReadableFile& plain, const TextDictionary& dictionary,
                      const Progress& progress);

  StagingDirectory* stage_;
  std::unique_ptr<WritableFile> plain_;
  uint64_t size_bytes_ = 0;
};

}  // namespace yurai

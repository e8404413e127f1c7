#include "yurai/corpus/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/row_table.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPlainName = "text.plain";
constexpr size_t kSampleBytes = 4 << 20;
constexpr size_t kSamplePiece = 4096;
constexpr size_t kReadBytes = 1 << 20;

// A page: 8 bytes where it begins in the text | 2 bytes of the text in it | 2 bytes of codes |
// 31 marks of 2 bytes | codes. Mark k, from 1 on, is where the first code that begins at byte
// 128 k of the codes, or one beyond, begins in the page's text; its highest bit, whether one
// beyond.
constexpr size_t kMarkDistance = 128;
constexpr size_t kNumMarks = 31;
constexpr size_t kHeaderBytes = 12;
constexpr size_t kCodesBegin = kHeaderBytes + 2 * kNumMarks;
constexpr size_t kMaxCodes = kPagePayload - kCodesBegin;
constexpr size_t kMaxText = (1 << 15) - 1;
static_assert(kMaxCodes <= kMarkDistance * (kNumMarks + 1));

uint16_t load_u16(const char* bytes) {
  return static_cast<uint16_t>(static_cast<unsigned char>(bytes[0]) |
                               static_cast<unsigned char>(bytes[1]) << 8);
}

/// Texts of this size or less are copied to where kMaxEntryBytes can be read from any of their
/// bytes.
constexpr size_t kShortText = 64;

/// How many of the first `size` <= kMaxEntryBytes bytes are the same. kMaxEntryBytes can be read.
size_t common_prefix(const char* a, const char* b, size_t size) {
  static_assert(kMaxEntryBytes == 16 && std::endian::native == std::endian::little);
  uint64_t left[2], right[2];
  std::memcpy(left, a, kMaxEntryBytes);
  std::memcpy(right, b, kMaxEntryBytes);
  const uint64_t low = left[0] ^ right[0];
  const uint64_t high = left[1] ^ right[1];
  const auto same =
      static_cast<size_t>(low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high)) / 8;
  return std::min(same, size);
}

/// A page's text, piece by piece from any byte on.
class PageDecoder {
 public:
  /// `size`: what the directory says that the page has of the text.
  PageDecoder(const TextDictionary& dictionary, std::string_view page, uint64_t begin,
              uint64_t size)
      : dictionary_(&dictionary), page_(page.data()) {
    text_size_ = load_u16(page_ + 8);
    codes_size_ = load_u16(page_ + 10);
    well_formed_ = load_u64(page_) == begin && text_size_ == size && codes_size_ <= kMaxCodes;
  }
  bool well_formed() const { return well_formed_; }

  /// The next piece begins at byte `offset` of the page's text.
  void seek(size_t offset) {
    const auto mark = [&](size_t k) { return load_u16(page_ + kHeaderBytes + 2 * (k - 1)); };
    size_t num_marks = codes_size_ == 0 ? 0 : (codes_size_ - 1) / kMarkDistance;
    // No code begins at the last one where the second byte of the last code lies there.
    if (num_marks > 0 && mark(num_marks) == 0) --num_marks;
    size_t low = 0;  // the last mark that is not beyond `offset`
    for (size_t k = num_marks; low < k;) {
      const size_t middle = low + (k - low + 1) / 2;
      if ((mark(middle) & kMaxText) <= offset) {
        low = middle;
      } else {
        k = middle - 1;
      }
    }
    size_t at = 0;
    code_ = 0;
    if (low > 0) {
      at = mark(low) & kMaxText;
      code_ = low * kMarkDistance + (mark(low) >> 15);
    }
    skip_ = 0;
    while (code_ < codes_size_) {
      const size_t size = dictionary_->size(code());
      if (at + size > offset) {
        skip_ = offset - std::min(at, offset);
        break;
      }
      at += size;
      code_ += TextDictionary::code_bytes(code());
    }
  }

  /// The next piece; empty at the end of the codes. kMaxEntryBytes bytes can be read from its
  /// begin.
  std::string_view next() {
    if (code_ >= codes_size_) return {};
    const std::string_view piece = dictionary_->entry(code()).view().substr(skip_);
    code_ += TextDictionary::code_bytes(code());
    skip_ = 0;
    return piece;
  }

 private:
  const char* code() const { return page_ + kCodesBegin + code_; }

  const TextDictionary* dictionary_;
  const char* page_;
  size_t text_size_ = 0;
  size_t codes_size_ = 0;
  bool well_formed_ = false;
  size_t code_ = 0;
  size_t skip_ = 0;
};

tl::unexpected<Error> malformed(const TextFile& file, uint64_t page) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': page {} is not well-formed; build the corpus again",
                          for_terminal(file.path().string()), page));
}

/// Bytes of the text in `page`.
uint64_t page_size(const TextFile& file, uint64_t page) {
  return file.page_begin(page + 1) - file.page_begin(page);
}

/// Copies from byte `skip` of the text in the page until `out` is full or the page ends; returns
/// the number of bytes.
Result<size_t> copy_page(const TextFile& file, uint64_t page, std::string_view payload, size_t skip,
                         std::span<char> out) {
  const uint64_t size = page_size(file, page);
  PageDecoder decoder(file.dictionary(), payload, file.page_begin(page), size);
  if (!decoder.well_formed()) return malformed(file, page);
  const size_t wanted = std::min<size_t>(out.size(), size - skip);
  decoder.seek(skip);
  size_t done = 0;
  while (done < wanted) {
    const std::string_view piece = decoder.next().substr(0, wanted - done);
    if (piece.empty()) return malformed(file, page);
    if (wanted - done >= kMaxEntryBytes) {  // a whole entry: one move of a fixed size
      std::memcpy(out.data() + done, piece.data(), kMaxEntryBytes);
    } else {
      std::memcpy(out.data() + done, piece.data(), piece.size());
    }
    done += piece.size();
  }
  return done;
}

/// Collects the codes of a page.
class PageBuilder {
 public:
  bool has_room(uint32_t code, size_t size) const {
    return codes_.size() + (code < kShortCodes ? 1 : 2) <= kMaxCodes &&
           text_size_ + size <= kMaxText;
  }
  void add(uint32_t code, size_t size) {
    const size_t mark = codes_.size() / kMarkDistance;
    if (mark > num_marks_) {
      append_fixed(text_size_ | codes_.size() % kMarkDistance << 15, 2, marks_);
      ++num_marks_;
    }
    TextDictionary::append_code(code, codes_);
    text_size_ += size;
  }
  size_t text_size() const { return text_size_; }
  /// The page that begins at `begin`; the next one is empty.
  std::string finish(uint64_t begin) {
    std::string page;
    append_fixed(begin, 8, page);
    append_fixed(text_size_, 2, page);
    append_fixed(codes_.size(), 2, page);
    marks_.resize(2 * kNumMarks);
    page += marks_;
    page += codes_;
    *this = {};
    return page;
  }

 private:
  std::string codes_;
  std::string marks_;
  size_t num_marks_ = 0;
  size_t text_size_ = 0;
};

Result<std::string> read_sample(const ReadableFile& plain) {
  const uint64_t size = plain.size_bytes();
  const uint64_t num_pieces = kSampleBytes / kSamplePiece;
  const uint64_t step = std::max<uint64_t>(kSamplePiece, size / num_pieces);
  std::string sample;
  for (uint64_t begin = 0; begin < size; begin += step) {
    const size_t old = sample.size();
    sample.resize(old + std::min<uint64_t>(kSamplePiece, size - begin));
    YURAI_TRY(plain.read_exactly(begin, std::span(sample).subspan(old)));
  }
  return sample;
}

}  // namespace

TextFile::TextFile(PageFile pages, TextDictionary dictionary, uint64_t size_bytes)
    : pages_(std::move(pages)),
      dictionary_(std::make_unique<const TextDictionary>(std::move(dictionary))),
      size_bytes_(size_bytes) {}

Result<TextFile> TextFile::open(const fs::path& dir, uint64_t size_bytes, ReadableFile::Mode mode) {
  const auto corrupt = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("corpus '{}': {}; build it again", for_terminal(dir.string()), what));
  };
  YURAI_ASSIGN(const std::string stored, read_file(dir / kTextDictionaryName));
  auto dictionary = TextDictionary::parse(stored);
  if (!dictionary) return corrupt(dictionary.error().message);
  std::error_code status;
  const uint64_t directory_bytes = fs::file_size(dir / kTextPagesName, status);
  if (status || directory_bytes % 8 != 0 || directory_bytes == 0) {
    return corrupt("its text has no directory of pages");
  }
  YURAI_ASSIGN(const BlockFile directory, BlockFile::open(dir / kTextPagesName, directory_bytes));
  const uint64_t num_pages = directory_bytes / 8 - 1;
  YURAI_ASSIGN(PageFile pages, PageFile::open(dir / kTextName, num_pages, mode));
  TextFile text(std::move(pages), std::move(*dictionary), size_bytes);
  text.offsets_.reserve(num_pages + 1);
  uint64_t last = 0;
  for (uint64_t at = 0; at < directory_bytes; at += kBlockBytes) {
    const uint64_t part = std::min<uint64_t>(kBlockBytes, directory_bytes - at);
    YURAI_ASSIGN(const std::string bytes, read_range(directory, at, part));
    for (size_t i = 0; i < bytes.size(); i += 8) {
      const uint64_t begin = load_u64(&bytes[i]);
      const uint64_t page = text.offsets_.size();
      if (page == 0 ? begin != 0 : begin <= last || begin - last > kMaxText) {
        return corrupt("the directory of its text's pages does not ascend");
      }
      if (page % kGroup == 0) text.bases_.push_back(begin);
      text.offsets_.push_back(static_cast<uint32_t>(begin - text.bases_.back()));
      last = begin;
    }
  }
  if (last != size_bytes) return corrupt("the directory of its text's pages does not fit the text");
  return text;
}

TextFile TextFile::join(std::vector<TextPiece> pieces) {
  TextFile text;
  for (const TextPiece& piece : pieces) {
    YURAI_CHECK(piece.begin < piece.end && piece.end <= piece.text->size_bytes());
    text.piece_begins_.push_back(text.size_bytes_);
    text.size_bytes_ += piece.end - piece.begin;
  }
  text.pieces_ = std::move(pieces);
  return text;
}

TextPiece TextFile::piece_from(uint64_t offset) const {
  const auto after = std::upper_bound(piece_begins_.begin(), piece_begins_.end(), offset);
  const auto i = static_cast<size_t>(after - piece_begins_.begin()) - 1;
  const TextPiece& piece = pieces_[i];
  return {piece.text, piece.begin + (offset - piece_begins_[i]), piece.end};
}

uint64_t TextFile::page_of(uint64_t offset) const {
  YURAI_CHECK(offset < size_bytes_);
  const auto base = std::upper_bound(bases_.begin(), bases_.end(), offset) - 1;
  const auto group = static_cast<uint64_t>(base - bases_.begin()) * kGroup;
  const auto first = offsets_.begin() + static_cast<int64_t>(group);
  const auto end = offsets_.begin() +
                   static_cast<int64_t>(std::min<uint64_t>(group + kGroup, pages_->num_pages()));
  const auto after = std::upper_bound(first, end, static_cast<uint32_t>(offset - *base));
  return static_cast<uint64_t>(after - offsets_.begin()) - 1;
}

Result<void> TextFile::read(uint64_t offset, std::span<char> out) const {
  YURAI_CHECK(offset <= size_bytes_ && out.size() <= size_bytes_ - offset);
  if (is_joined()) {
    while (!out.empty()) {
      const TextPiece piece = piece_from(offset);
      const size_t size = std::min<uint64_t>(out.size(), piece.end - piece.begin);
      YURAI_TRY(piece.text->read(piece.begin, out.first(size)));
      out = out.subspan(size);
      offset += size;
    }
    return {};
  }
  const auto buffer = std::make_unique_for_overwrite<PageBuffer>();
  for (size_t done = 0; done < out.size();) {
    const uint64_t page = page_of(offset + done);
    YURAI_TRY(pages_->read(page, buffer->bytes.data()));
    YURAI_ASSIGN(const size_t copied,
                 copy_page(*this, page, {buffer->bytes.data(), kPagePayload},
                           offset + done - page_begin(page), out.subspan(done)));
    done += copied;
  }
  return {};
}

TextReader& TextReader::reader_of(const TextFile& text) {
  for (const auto& part : parts_) {
    if (part->file_ == &text) return *part;
  }
  return *parts_.emplace_back(std::make_unique<TextReader>(text, cache_));
}

template <class Use>
Result<void> TextReader::for_each_piece(uint64_t offset, uint64_t size, const Use& use) {
  while (size > 0) {
    const TextPiece piece = file_->piece_from(offset);
    const uint64_t in_piece = std::min(size, piece.end - piece.begin);
    YURAI_ASSIGN(const bool goes_on, use(reader_of(*piece.text), piece.begin, in_piece));
    if (!goes_on) return {};
    offset += in_piece;
    size -= in_piece;
  }
  return {};
}

uint64_t TextReader::num_reads() const {
  uint64_t sum = pages_.num_reads();
  for (const auto& part : parts_) sum += part->num_reads();
  return sum;
}

uint64_t TextReader::num_missed() const {
  uint64_t sum = pages_.num_missed();
  for (const auto& part : parts_) sum += part->num_missed();
  return sum;
}

Result<std::string> TextReader::bytes(uint64_t offset, uint64_t size) {
  YURAI_CHECK(offset <= file_->size_bytes() && size <= file_->size_bytes() - offset);
  if (file_->is_joined()) {
    std::string all;
    const auto append = [&](TextReader& part, uint64_t begin, uint64_t count) -> Result<bool> {
      YURAI_ASSIGN(const std::string piece, part.bytes(begin, count));
      all += piece;
      return true;
    };
    YURAI_TRY(for_each_piece(offset, size, append));
    return all;
  }
  std::string out(size, '\0');
  for (size_t done = 0; done < size;) {
    const uint64_t page = file_->page_of(offset + done);
    YURAI_ASSIGN(const std::string_view payload, pages_.page(page));
    YURAI_ASSIGN(const size_t copied,
                 copy_page(*file_, page, payload, offset + done - file_->page_begin(page),
                           std::span(out).subspan(done)));
    done += copied;
  }
  return out;
}

Result<size_t> TextReader::shared_bytes(uint64_t offset, std::string_view text) {
  const size_t wanted = std::min<uint64_t>(text.size(), file_->size_bytes() - offset);
  size_t shared = 0;
  if (file_->is_joined()) {
    const auto compare = [&](TextReader& part, uint64_t begin, uint64_t count) -> Result<bool> {
      YURAI_ASSIGN(const size_t same, part.shared_bytes(begin, text.substr(shared, count)));
      shared += same;
      return same == count;
    };
    YURAI_TRY(for_each_piece(offset, wanted, compare));
    return shared;
  }
  // A piece is compared by moves of one size, however short.
  std::array<char, kShortText + kMaxEntryBytes> padded{};
  const bool is_short = text.size() <= kShortText;
  if (is_short) text.copy(padded.data(), text.size());
  const char* const bytes = is_short ? padded.data() : text.data();
  const size_t readable = is_short ? padded.size() : text.size();
  while (shared < wanted) {
    const uint64_t page = file_->page_of(offset + shared);
    YURAI_ASSIGN(const std::string_view payload, pages_.page(page));
    const uint64_t begin = file_->page_begin(page);
    const uint64_t end = file_->page_begin(page + 1);
    PageDecoder decoder(file_->dictionary(), payload, begin, end - begin);
    if (!decoder.well_formed()) return malformed(*file_, page);
    decoder.seek(offset + shared - begin);
    const size_t until = std::min<uint64_t>(wanted, end - offset);
    while (shared < until) {
      const std::string_view piece = decoder.next();
      if (piece.empty()) return malformed(*file_, page);
      const size_t size = std::min(piece.size(), until - shared);
      const size_t same =
          readable - shared >= kMaxEntryBytes
              ? common_prefix(piece.data(), bytes + shared, size)
              : static_cast<size_t>(
                    std::mismatch(piece.begin(), piece.begin() + size, bytes + shared).first -
                    piece.begin());
      shared += same;
      if (same < size) return shared;
    }
  }
  return shared;
}

void TextReader::want(PageFetch& fetch, uint64_t offset, size_t task) {
  if (file_->is_joined()) {
    const TextPiece piece = file_->piece_from(offset);
    return reader_of(*piece.text).want(fetch, piece.begin, task);
  }
  fetch.want(pages_, file_->page_of(offset), task);
}

Result<TextFileWriter> TextFileWriter::create(StagingDirectory& stage) {
  YURAI_ASSIGN(auto plain, stage.create_file(kPlainName));
  return TextFileWriter(stage, std::move(plain));
}

Result<void> TextFileWriter::append(std::string_view bytes) {
  size_bytes_ += bytes.size();
  return plain_->append(bytes);
}

Result<void> TextFileWriter::close(const Progress& progress) {
  YURAI_TRY(plain_->close());
  const fs::path path = stage_->path() / kPlainName;
  {
    YURAI_ASSIGN(const ReadableFile plain, ReadableFile::open(path));
    YURAI_ASSIGN(const std::string sample, read_sample(plain));
    const TextDictionary dictionary = TextDictionary::train(sample);
    YURAI_TRY(stage_->add_file(kTextDictionaryName, dictionary.bytes()));
    YURAI_TRY(encode(plain, dictionary, progress));
  }
  std::error_code status;
  fs::remove(path, status);
  if (status) return fail(io_error("remove", path, status.value()));
  return {};
}

Result<void> TextFileWriter::encode(const ReadableFile& plain, const TextDictionary& dictionary,
                                    const Progress& progress) {
  const TextMatcher matcher(dictionary.used_entries());
  YURAI_ASSIGN(PageFileWriter pages, PageFileWriter::create(*stage_, kTextName));
  YURAI_ASSIGN(BlockFileWriter directory, BlockFileWriter::create(*stage_, kTextPagesName));
  PageBuilder builder;
  uint64_t begin = 0;  // of the page
  const auto append_begin = [&]() -> Result<void> {
    std::string bytes;
    append_fixed(begin, 8, bytes);
    return directory.append(bytes);
  };
  const auto finish_page = [&]() -> Result<void> {
    YURAI_TRY(append_begin());
    const uint64_t next = begin + builder.text_size();
    YURAI_TRY(pages.append(builder.finish(begin)));
    begin = next;
    return {};
  };
  std::string buffer;
  for (uint64_t read = 0; read < size_bytes_ || !buffer.empty();) {
    const size_t carried = buffer.size();
    const size_t more = std::min<uint64_t>(kReadBytes, size_bytes_ - read);
    buffer.resize(carried + more);
    YURAI_TRY(plain.read_exactly(read, std::span(buffer).subspan(carried)));
    read += more;
    progress("code text", read, size_bytes_);
    std::string_view rest = buffer;
    while (rest.size() >= kMaxEntryBytes || (read == size_bytes_ && !rest.empty())) {
      const uint32_t code = matcher.longest(rest);
      const size_t size = dictionary.entries()[code].size;
      if (!builder.has_room(code, size)) YURAI_TRY(finish_page());
      builder.add(code, size);
      rest.remove_prefix(size);
    }
    buffer.erase(0, buffer.size() - rest.size());
  }
  if (builder.text_size() > 0) YURAI_TRY(finish_page());
  YURAI_TRY(append_begin());
  YURAI_TRY(directory.close());
  return pages.close();
}

}  // namespace yurai

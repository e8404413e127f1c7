#include "yurai/ledger/npy.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "yurai/base/file.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kMaxFileBytes = 1ull << 36;

/// What follows `'key':` in the header's dictionary, without spaces before it; empty if nothing.
std::string_view value_of(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}'", key);
  size_t at = header.find(quoted);
  if (at == header.npos) return {};
  at = header.find_first_not_of(" :", at + quoted.size());
  return at == header.npos ? std::string_view() : header.substr(at);
}

tl::unexpected<Error> wrong(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, std::string(what));
}

}  // namespace

Result<NpyArray> NpyArray::open(const std::filesystem::path& path) {
  NpyArray array;
  YURAI_ASSIGN(array.bytes_, read_file(path, kMaxFileBytes));
  if (const auto parsed = array.parse(); !parsed) {
    return fail(parsed.error().code,
                fmt::format("'{}': {}", for_terminal(path.string()), parsed.error().message));
  }
  return array;
}

Result<void> NpyArray::parse() {
  const std::string_view file = bytes_;
  if (!file.starts_with(kMagic) || file.size() < 12) return wrong("no .npy file");
  const int version = file[6];
  if (version < 1 || version > 3) return wrong(fmt::format("unknown .npy version {}", version));
  const int length_bytes = version == 1 ? 2 : 4;
  data_at_ = 8 + static_cast<uint64_t>(length_bytes);
  const uint64_t length = NumberReader(file.substr(8)).fixed(length_bytes);
  if (length > file.size() - data_at_) return wrong("its header is cut off");
  const std::string_view header = file.substr(data_at_, length);
  data_at_ += length;

  const std::string_view type = value_of(header, "descr").substr(0, 5);
  if (type != "'<i4'" && type != "'<u4'" && type != "'<i8'" && type != "'<u8'") {
    return wrong(fmt::format("numbers of type {}; read are '<i4', '<u4', '<i8' and '<u8'",
                             for_terminal(type)));
  }
  is_signed_ = type[2] == 'i';
  item_bytes_ = type[3] == '4' ? 4 : 8;
  if (!value_of(header, "fortran_order").starts_with("False")) return wrong("it is not in C order");

  std::string_view shape = value_of(header, "shape");
  uint64_t sizes[2] = {0, 1};
  size_t dimensions = 0;
  if (!shape.starts_with('(')) return wrong("it has no shape");
  while (true) {
    const size_t digit = shape.find_first_not_of("(, ");
    if (digit == shape.npos || shape[digit] == ')') break;
    if (dimensions == 2) return wrong("it has more than two dimensions");
    shape.remove_prefix(digit);
    const auto [end, error] =
        std::from_chars(shape.data(), shape.data() + shape.size(), sizes[dimensions++]);
    if (error != std::errc()) return wrong("its shape is no list of numbers");
    shape.remove_prefix(static_cast<size_t>(end - shape.data()));
  }
  if (dimensions == 0) return wrong("it has no dimensions");
  rows_ = sizes[0];
  columns_ = sizes[1];
  const uint64_t items = (file.size() - data_at_) / item_bytes_;
  if (columns_ == 0 || rows_ > items / columns_) {
    return wrong(fmt::format("{} x {} numbers do not lie in it", rows_, columns_));
  }
  return {};
}

uint64_t NpyArray::at(uint64_t row, uint64_t column) const {
  YURAI_CHECK(row < rows_ && column < columns_);
  const std::string_view item = std::string_view(bytes_).substr(
      data_at_ + (row * columns_ + column) * item_bytes_, item_bytes_);
  const uint64_t value = NumberReader(item).fixed(static_cast<int>(item_bytes_));
  if (!is_signed_ || item_bytes_ == 8) return value;
  return static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(value)));
}

}  // namespace yurai

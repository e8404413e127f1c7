#include "yurai/ledger/row_codec.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"

namespace yurai {
namespace {

constexpr uint64_t kRowsHashBytes = 8;
constexpr uint64_t kLossBytes = 4;
constexpr char kHasLosses = 1;
constexpr uint64_t kMinListedRowBytes = 7;  // of seven numbers

void append_loss(float loss, std::string& out) {
  append_fixed(std::bit_cast<uint32_t>(loss), kLossBytes, out);
}

float take_loss(NumberReader& reader) {
  return std::bit_cast<float>(static_cast<uint32_t>(reader.fixed(kLossBytes)));
}

/// What the order says of rows: were it ever to say something else, the hash would tell.
uint64_t rows_hash(std::span<const LedgerRow> rows) {
  std::string bytes;
  bytes.reserve(rows.size() * 32);
  for (const LedgerRow& row : rows) {
    append_fixed(row.epoch, 4, bytes);
    append_fixed(row.sequence, 8, bytes);
    append_fixed(row.document, 8, bytes);
    append_fixed(row.token_begin, 8, bytes);
    append_fixed(row.tokens, 4, bytes);
  }
  return xxh3(bytes);
}

std::string described(const LedgerRow& row) {
  return fmt::format("epoch {}, sequence {}, document {}, {} tokens from {}", row.epoch,
                     row.sequence, row.document, row.tokens, row.token_begin);
}

bool same_segment(const LedgerRow& a, const LedgerRow& b) {
  return a.step == b.step && a.epoch == b.epoch && a.sequence == b.sequence &&
         a.document == b.document && a.token_begin == b.token_begin && a.tokens == b.tokens;
}

tl::unexpected<Error> refused(uint64_t step, size_t row, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("step {}, row {}: {}", step, row, what));
}

tl::unexpected<Error> corrupt(uint64_t step, std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("step {} of the ledger: {}; put back a copy of the folder", step, what));
}

uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

int64_t unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1))); }

}  // namespace

bool RowCodec::ends_document(const LedgerRow& row) const {
  return row.token_begin + row.tokens == order_->document_tokens(row.document) + 1ull;
}

bool RowCodec::begins_anew(const LedgerRow* before, const LedgerRow& row) const {
  if (row.token_begin == 0) return false;
  return before == nullptr || (order_->spec().shuffled && before->sequence != row.sequence);
}

bool RowCodec::joins(const LedgerRow* before, const LedgerRow& row) const {
  if (order_ == nullptr) return true;
  if (row.token_begin == 0) return row.byte_begin == 0;
  if (order_->spec().shuffled && begins_anew(before, row)) return true;  // Ledger::verify() looks
  return before != nullptr && before->document == row.document && before->epoch == row.epoch &&
         before->token_begin + before->tokens == row.token_begin &&
         before->byte_end == row.byte_begin;
}

Result<std::string> RowCodec::encode(uint64_t step, std::span<const LedgerRow> rows,
                                     const LedgerRow* before) const {
  return order_ != nullptr ? encode_ordered(step, rows, before) : encode_listed(step, rows);
}

Result<std::vector<LedgerRow>> RowCodec::decode(uint64_t step, std::string_view payload,
                                                std::optional<uint64_t> only) const {
  return order_ != nullptr ? decode_ordered(step, payload, only)
                           : decode_listed(step, payload, only);
}

/// The rows of a step without what the order does not say.
Result<std::vector<LedgerRow>> RowCodec::ordered_rows(uint64_t step) const {
  const uint64_t per_step = order_->spec().sequences_per_step;
  std::vector<LedgerRow> rows;
  if (step > UINT64_MAX / per_step - 1 || !order_->holds((step + 1) * per_step - 1)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("step {} is past the last epoch", step));
  }
  for (uint64_t q = step * per_step; q < (step + 1) * per_step; ++q) {
    for (const OrderSegment& part : order_->sequence(q)) {
      LedgerRow& row = rows.emplace_back();
      row.step = step;
      row.epoch = part.epoch;
      row.sequence = q;
      row.document = part.document;
      row.token_begin = part.token_begin;
      row.tokens = static_cast<uint32_t>(part.token_end - part.token_begin);
    }
  }
  return rows;
}

Result<std::string> RowCodec::encode_ordered(uint64_t step, std::span<const LedgerRow> rows,
                                             const LedgerRow* before) const {
  YURAI_ASSIGN(const std::vector<LedgerRow> expected, ordered_rows(step));
  std::string out;
  append_fixed(rows_hash(expected), kRowsHashBytes, out);
  for (size_t i = 0; i < rows.size(); ++i) {
    const LedgerRow& row = rows[i];
    if (i >= expected.size()) return refused(step, i, "the order has no more rows here");
    if (!same_segment(row, expected[i])) {
      return refused(step, i,
                     fmt::format("the order has {}; this is step {}, {}", described(expected[i]),
                                 row.step, described(row)));
    }
    YURAI_ASSIGN(const uint64_t text_bytes, documents_->bytes(row.document));
    if (!joins(before, row)) {
      return refused(step, i,
                     fmt::format("byte_begin {} is not where the document's row before "
                                 "ends (its first begins at 0)",
                                 row.byte_begin));
    }
    if (row.byte_begin > row.byte_end || row.byte_end > text_bytes ||
        (ends_document(row) && row.byte_end != text_bytes)) {
      return refused(step, i,
                     fmt::format("bytes {}–{} of document {}, whose text has {}{}", row.byte_begin,
                                 row.byte_end, row.document, text_bytes,
                                 ends_document(row) ? " and ends here" : ""));
    }
    if (begins_anew(i == 0 ? nullptr : before, row)) append_varint(row.byte_begin, out);
    if (!ends_document(row)) append_varint(row.byte_end - row.byte_begin, out);
    append_loss(row.loss_nats_mean, out);
    before = &row;
  }
  if (rows.size() < expected.size()) {
    return refused(step, rows.size(),
                   fmt::format("missing; the order has {} rows in this step", expected.size()));
  }
  return out;
}

Result<std::vector<LedgerRow>> RowCodec::decode_ordered(uint64_t step, std::string_view payload,
                                                        std::optional<uint64_t> only) const {
  // Each sequence has a row with a loss at least: no large order for a few bytes.
  if (payload.size() / kLossBytes < order_->spec().sequences_per_step) {
    return corrupt(step, "it is too short for its sequences");
  }
  auto made = ordered_rows(step);
  if (!made) return corrupt(step, made.error().message);
  std::vector<LedgerRow> rows = std::move(*made);
  NumberReader reader(payload);
  if (reader.fixed(kRowsHashBytes) != rows_hash(rows)) {
    return corrupt(step, "the order that is computed now is not the one that was written");
  }
  uint64_t at = 0;
  const LedgerRow* before = nullptr;
  for (LedgerRow& row : rows) {
    if (begins_anew(before, row)) at = reader.varint();
    row.byte_begin = row.token_begin == 0 ? 0 : at;
    before = &row;
    const bool ends = ends_document(row);
    const uint64_t length = ends ? 0 : reader.varint();
    row.loss_nats_mean = take_loss(reader);
    if (!reader.ok()) return corrupt(step, "it ends too soon");
    row.byte_end = at = row.byte_begin + length;
    if (only && row.document != *only) continue;
    YURAI_ASSIGN(const uint64_t text_bytes, documents_->bytes(row.document));
    if (ends) row.byte_end = text_bytes;
    if (row.byte_end > text_bytes || row.byte_begin > row.byte_end || at < row.byte_begin) {
      return corrupt(step, fmt::format("bytes outside the text of document {}", row.document));
    }
  }
  if (!reader.at_end()) return corrupt(step, "it has bytes after its last row");
  if (only) std::erase_if(rows, [&](const LedgerRow& row) { return row.document != *only; });
  return rows;
}

Result<std::string> RowCodec::encode_listed(uint64_t step, std::span<const LedgerRow> rows) const {
  bool has_losses = false;
  for (const LedgerRow& row : rows) has_losses |= !std::isnan(row.loss_nats_mean);
  std::string out(1, has_losses ? kHasLosses : '\0');
  append_varint(rows.size(), out);
  int64_t sequence = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const LedgerRow& row = rows[i];
    if (row.step != step) return refused(step, i, fmt::format("is of step {}", row.step));
    if (row.document >= documents_->size()) {
      return refused(step, i, fmt::format("document {} of {}", row.document, documents_->size()));
    }
    YURAI_ASSIGN(const uint64_t text_bytes, documents_->bytes(row.document));
    if (row.byte_begin > row.byte_end || row.byte_end > text_bytes) {
      return refused(step, i,
                     fmt::format("bytes {}–{} of document {}, whose text has {}", row.byte_begin,
                                 row.byte_end, row.document, text_bytes));
    }
    append_varint(row.document, out);
    append_varint(row.epoch, out);
    append_varint(zigzag(static_cast<int64_t>(row.sequence - static_cast<uint64_t>(sequence))),
                  out);
    append_varint(row.token_begin, out);
    append_varint(row.tokens, out);
    append_varint(row.byte_begin, out);
    append_varint(row.byte_end - row.byte_begin, out);
    if (has_losses) append_loss(row.loss_nats_mean, out);
    sequence = static_cast<int64_t>(row.sequence);
  }
  return out;
}

Result<std::vector<LedgerRow>> RowCodec::decode_listed(uint64_t step, std::string_view payload,
                                                       std::optional<uint64_t> only) const {
  NumberReader reader(payload);
  const uint64_t flags = reader.fixed(1);
  const uint64_t count = reader.varint();
  if (!reader.ok() || flags > kHasLosses || count > payload.size() / kMinListedRowBytes) {
    return corrupt(step, "its first bytes are no head of rows");
  }
  std::vector<LedgerRow> rows;
  uint64_t sequence = 0;
  for (uint64_t i = 0; i < count; ++i) {
    LedgerRow row;
    row.step = step;
    row.document = reader.varint();
    const uint64_t epoch = reader.varint();
    sequence += static_cast<uint64_t>(unzigzag(reader.varint()));
    row.sequence = sequence;
    row.token_begin = reader.varint();
    const uint64_t tokens = reader.varint();
    row.byte_begin = reader.varint();
    const uint64_t length = reader.varint();
    row.loss_nats_mean = flags == 0 ? std::numeric_limits<float>::quiet_NaN() : take_loss(reader);
    if (!reader.ok()) return corrupt(step, "it ends too soon");
    if (row.document >= documents_->size() || epoch > UINT32_MAX || tokens > UINT32_MAX) {
      return corrupt(step, "a number is too large");
    }
    if (only && row.document != *only) continue;
    row.epoch = static_cast<uint32_t>(epoch);
    row.tokens = static_cast<uint32_t>(tokens);
    row.byte_end = row.byte_begin + length;
    YURAI_ASSIGN(const uint64_t text_bytes, documents_->bytes(row.document));
    if (row.byte_end > text_bytes || row.byte_begin > row.byte_end) {
      return corrupt(step, fmt::format("bytes outside the text of document {}", row.document));
    }
    rows.push_back(row);
  }
  if (!reader.at_end()) return corrupt(step, "it has bytes after its last row");
  return rows;
}

}  // namespace yurai

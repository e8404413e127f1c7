#include "yurai/curate/part_writer.h"

#include <fmt/format.h>
#include <zstd.h>

namespace yurai {

struct PartWriter::Encoder {
  Encoder() : context(ZSTD_createCCtx()), out(ZSTD_CStreamOutSize(), '\0') {
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder() { ZSTD_freeCCtx(context); }

  ZSTD_CCtx* context;
  std::string out;
};

PartWriter::PartWriter(StagingDirectory& stage, Options options, std::vector<ManifestFile> finished)
    : stage_(&stage),
      options_(std::move(options)),
      encoder_(options_.zstd ? std::make_unique<Encoder>() : nullptr),
      finished_(std::move(finished)) {}
PartWriter::PartWriter(PartWriter&&) noexcept = default;
PartWriter::~PartWriter() = default;

Result<void> PartWriter::append(std::string_view line) {
  if (file_ == nullptr) YURAI_TRY(open_part());
  YURAI_TRY(write(line, false));
  YURAI_TRY(write("\n", false));
  in_part_ += line.size() + 1;
  return in_part_ >= options_.part_bytes ? end_part() : Result<void>();
}

Result<void> PartWriter::close() {
  if (num_parts() == 0) YURAI_TRY(open_part());
  return end_part();
}

Result<void> PartWriter::open_part() {
  part_ = {};
  part_.name =
      fmt::format("{}-{:05}.jsonl{}", options_.stem, finished_.size(), options_.zstd ? ".zst" : "");
  hash_ = Sha256();
  in_part_ = 0;
  YURAI_ASSIGN(file_, stage_->create_file(part_.name));
  return {};
}

Result<void> PartWriter::end_part() {
  if (file_ == nullptr) return {};
  if (encoder_ != nullptr) YURAI_TRY(write({}, true));
  YURAI_TRY(file_->close());
  file_.reset();
  part_.sha256 = hash_.hex();
  finished_.push_back(std::move(part_));
  return {};
}

Result<void> PartWriter::store(std::string_view bytes) {
  hash_.update(bytes);
  part_.bytes += bytes.size();
  return file_->append(bytes);
}

Result<void> PartWriter::write(std::string_view bytes, bool ends_part) {
  if (encoder_ == nullptr) return store(bytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{encoder_->out.data(), encoder_->out.size(), 0};
    const size_t left = ZSTD_compressStream2(encoder_->context, &out, &in,
                                             ends_part ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("zstd: {} while writing '{}'", ZSTD_getErrorName(left), part_.name));
    }
    YURAI_TRY(store({encoder_->out.data(), out.pos}));
    if (ends_part ? left == 0 : in.pos == in.size) return {};
  }
}

}  // namespace yurai

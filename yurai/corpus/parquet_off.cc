#include "yurai/corpus/parquet.h"

/// Builds without DuckDB.
namespace yurai {
namespace {

tl::unexpected<Error> not_built() {
  return fail(ErrorCode::kInvalidArgument,
              "this build does not know Parquet; run scripts/install_duckdb, configure with "
              "-DYURAI_WITH_DUCKDB=ON and build again");
}

}  // namespace

bool parquet_supported() { return false; }

Result<std::unique_ptr<DocumentReader>> open_parquet(const InputEntry&, const ReadOptions&) {
  return not_built();
}

Result<void> write_parquet(const Corpus&, const std::filesystem::path&, const Progress&) {
  return not_built();
}

}  // namespace yurai

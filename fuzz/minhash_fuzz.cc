#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"
#include "yurai/curate/minhash.h"

/// A text as a corpus may hold it, through normalisation and shingles; then the signature on every
/// instruction set that this processor has against the scalar one, bit for bit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (find_invalid_utf8(text)) return 0;
  const std::string nfkc = normalize_nfkc(text).value();
  if (find_invalid_utf8(nfkc)) std::abort();

  MinHashParameters parameters = (data[0] & 1) != 0 ? kLlmJp : kDatatrove;
  parameters.num_bands = 1 + (data[0] >> 1) % 31;
  std::vector<uint64_t> tokens;
  tokenize(nfkc, parameters.unit, tokens);
  std::vector<uint64_t> scalar;
  MinHasher(parameters, Isa::kScalar).signature(tokens, scalar);
  if (scalar.empty() != tokens.empty()) std::abort();
  for (const Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
    if (!is_supported(isa)) continue;
    std::vector<uint64_t> wide;
    MinHasher(parameters, isa).signature(tokens, wide);
    if (wide != scalar) std::abort();
  }
  const std::vector<uint64_t> set = shingle_set(tokens, parameters.shingle_size);
  if (intersection_size(set, set) != set.size()) std::abort();
  return 0;
}

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "yurai/model/model_config.h"
#include "yurai/model/model_folder.h"

/// A model's config.json: no bytes crash the reader, and one that is read is written to the same,
/// and its parameters can be counted.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace yurai;
  const auto config =
      parse_model_config({reinterpret_cast<const char*>(data), size}, "config.json");
  if (!config) return 0;
  const auto again = parse_model_config(dump_json(to_json(*config)), "config.json");
  if (!again || *again != *config) std::abort();
  const uint64_t tensors = num_parameter_tensors(*config);
  if (tensors > 10'000) return 0;  // a second each
  if (parameter_shapes(*config).size() != tensors) std::abort();
  const ParameterCounts counts = count_parameters(*config);
  if (counts.active > counts.total) std::abort();
  return 0;
}

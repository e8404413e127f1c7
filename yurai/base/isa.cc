#include "yurai/base/isa.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr std::array<Isa, 3> kIsas = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512};

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kScalar:
      break;
  }
  return "scalar";
}

bool is_supported(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx2) {
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  }
  if (isa == Isa::kAvx512) {
    return is_supported(Isa::kAvx2) && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0;
  }
#endif
  return isa == Isa::kScalar;
}

bool has_avx512_vnni() {
#if defined(__x86_64__)
  return is_supported(Isa::kAvx512) && __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

Result<Isa> choose_isa() {
  if (const char* forced = std::getenv("YURAI_FORCE_ISA"); forced != nullptr && *forced != '\0') {
    for (const Isa isa : kIsas) {
      if (name(isa) != forced) continue;
      if (is_supported(isa)) return isa;
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("YURAI_FORCE_ISA={}: this processor lacks it; unset it", forced));
    }
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("YURAI_FORCE_ISA={}: no instruction set that is known here; there are "
                            "scalar, avx2 and avx512",
                            for_terminal(forced)));
  }
  Isa best = Isa::kScalar;
  for (const Isa isa : kIsas) {
    if (is_supported(isa)) best = isa;
  }
  return best;
}

}  // namespace yurai

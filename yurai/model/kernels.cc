#include "yurai/model/kernels.h"

namespace yurai {

const Kernels& kernels(Isa isa) {
  YURAI_CHECK(is_supported(isa));
#if defined(__x86_64__)
  static const Kernels without_vnni = [] {
    Kernels all = kAvx512Kernels;
    all.multiply_int8 = kAvx2Kernels.multiply_int8;
    all.pack_bytes = kAvx2Kernels.pack_bytes;
    return all;
  }();
  if (isa == Isa::kAvx512) return has_avx512_vnni() ? kAvx512Kernels : without_vnni;
  if (isa == Isa::kAvx2) return kAvx2Kernels;
#endif
  return kScalarKernels;
}

}  // namespace yurai

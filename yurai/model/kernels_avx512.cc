#include "yurai/model/kernels_avx512_lanes.h"
#include "yurai/model/kernels_loops.h"

namespace yurai {

const Kernels kAvx512Kernels = make_kernels<Lanes>(multiply_int8_vnni, pack_bytes_vnni);

}  // namespace yurai

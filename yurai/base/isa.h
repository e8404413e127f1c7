#pragma once

#include <string_view>

#include "yurai/base/result.h"

/// Instruction sets that inner loops are compiled for, each in a source with its own flags, and
/// chosen at run time.
namespace yurai {

enum class Isa { kScalar, kAvx2, kAvx512 };

std::string_view name(Isa isa);  ///< "scalar", "avx2", "avx512"

/// Whether this processor (and its operating system) runs it. kAvx2 includes FMA, kAvx512 the byte,
/// word and short-vector parts (BW, DQ, VL), but not VNNI.
bool is_supported(Isa isa);

/// Whether beside kAvx512 products of bytes are there (VNNI).
bool has_avx512_vnni();

/// The widest that this processor runs, or the one that YURAI_FORCE_ISA names; kInvalidArgument for
/// an unknown name and one that the processor lacks.
Result<Isa> choose_isa();

}  // namespace yurai

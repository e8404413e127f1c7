#pragma once

namespace yurai {

/// Lets freed tensors' memory be used by later ones, process-wide: a pass takes and frees the same
/// large sizes again and again, and fresh pages from the system cost more than filling them. Kept
/// are at most 4 GiB. Call it before the first tensor; later calls change nothing.
void keep_tensor_memory();

}  // namespace yurai

#pragma once

#include <vector>

#include "yurai/base/json.h"
#include "yurai/corpus/input_list.h"
#include "yurai/record/manifest.h"

namespace yurai {

/// The artefacts that the inputs came out of: those whose folder an input lies in and whose
/// manifest lists it with the hash that was read, and what they carry of their own lineage. An
/// input that was changed since, or lies anywhere else, adds nothing.
///
///     manifest.lineage = lineage_of(inputs, manifest.inputs);
///
/// `read`: of each of `inputs.files`, in their order.
Json lineage_of(const InputList& inputs, const std::vector<ManifestFile>& read);

}  // namespace yurai

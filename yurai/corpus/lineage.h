#pragma once

#include <vector>

#include "yurai/base/json.h"
#include "yurai/corpus/input_list.h"
#include "yurai/record/manifest.h"

namespace yurai {

/// The artefacts that the inputs came out of: those whose folder an input lies in and whose
/// manifest lists it, and what they carry of their own lineage. An input that lies anywhere else
/// adds nothing; one that is not as its artefact's manifest says is kCorrupt.
///
///     YURAI_ASSIGN(manifest.lineage, lineage_of(inputs, manifest.inputs));
///
/// `read`: of each of `inputs.files`, in their order.
Result<Json> lineage_of(const InputList& inputs, const std::vector<ManifestFile>& read);

}  // namespace yurai

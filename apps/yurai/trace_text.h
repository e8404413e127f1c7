#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "yurai/search/related.h"
#include "yurai/trace/near_copies.h"
#include "yurai/trace/work_map.h"

/// What `yurai trace` prints for a person beside the traced answer itself.
namespace yurai::cli {

/// Passages near to each sentence: "related", never "match".
std::string related_for_person(const Related& related);

/// Passages that are in the answer but for small edits.
std::string near_copies_for_person(const std::vector<NearCopy>& copies);

/// In what the documents of a folded span differ from the answer.
std::string differs_for_person(const std::vector<std::string_view>& kinds);

/// The map of a work as a strip, then documents, licences and the longest passages.
std::string work_for_person(const WorkMap& map);

}  // namespace yurai::cli

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"

namespace yurai {

/// What a licence's name is called in documents that want a URL or a text: the page of each licence
/// that an SPDX expression names; of a name that SPDX does not have, its LicenseRef.
///
///     license_urls("MIT OR Apache-2.0") → {"https://spdx.org/licenses/Apache-2.0.html",
///     …/MIT.html}
std::vector<std::string> license_urls(std::string_view name);

/// One SPDX expression for data under all of these licences, and the names in it that SPDX does not
/// have. Empty where there are none.
struct CombinedLicense {
  std::string expression;
  struct Reference {
    std::string reference;  ///< "LicenseRef-public-domain"
    std::string name;       ///< as the documents give it
  };
  std::vector<Reference> references;
};
/// `licenses`: the member of a card.
CombinedLicense combined_license(const Json& licenses);

}  // namespace yurai

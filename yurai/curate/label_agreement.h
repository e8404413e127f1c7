#pragma once

#include <string>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

/// How far labels differ: any two as much (nominal), or more the more labels lie between (ordinal).
enum class LabelScale { kNominal, kOrdinal };

/// The labels that one document got, as ranks from 0; who gave them does not matter.
using UnitLabels = std::vector<size_t>;

struct Agreement {
  double alpha = 0;  ///< Krippendorff's; 1: they agree, 0: as by chance, < 0: less than that
  double low = 0;    ///< 95 % interval: documents drawn with replacement, fixed seed
  double high = 0;
  uint64_t units = 0;   ///< documents with two or more labels; only they count
  uint64_t labels = 0;  ///< of those documents
};

/// Krippendorff's alpha (2011) for any number of annotators, with labels missing. kInvalidArgument
/// without a document that has two labels. With one single label in use nothing can be said about
/// agreement: alpha is 1 by convention.
Result<Agreement> krippendorff_alpha(const std::vector<UnitLabels>& units, LabelScale scale);

}  // namespace yurai

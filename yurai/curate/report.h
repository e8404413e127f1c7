#pragma once

#include <string>

#include "yurai/base/json.h"

namespace yurai {

/// A run as one HTML file in Japanese and English: the funnel, a histogram a step, examples of what
/// was dropped with their evidence marked, licences before and after. It loads nothing, runs
/// nothing, and every text of a document is escaped.
std::string report_html(const Json& configuration, const Json& summary, const Json& examples);

}  // namespace yurai

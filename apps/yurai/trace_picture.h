#pragma once

#include <string>

#include "yurai/record/trace.h"

namespace yurai::cli {

/// A traced answer as a terminal shows it: its spans marked, their documents, the credit table.
std::string trace_for_person(const Trace& trace);

}  // namespace yurai::cli

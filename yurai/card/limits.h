#pragma once

#include <string>

#include "yurai/base/json.h"

namespace yurai {

/// What a reader of the card must not take for known: [{"code", counts …}, …], derived from its
/// other members.
Json card_limits(const Json& card);

struct LimitText {
  std::string english;
  std::string japanese;
};
/// One of them as a sentence; a code that is not known is its own text.
LimitText limit_text(const Json& limit);

}  // namespace yurai

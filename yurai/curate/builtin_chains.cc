#include "yurai/curate/chain.h"

namespace yurai {
namespace {

constexpr BuiltinChain kChains[] = {
    {.name = "basic",
     .toml = R"(
[[filter]]
name = "not_empty"
[[filter]]
name = "length"
)",
     .english = "Neither empty nor very short or long",
     .japanese = "空・極端に短い・極端に長い文書を除く"},
};

}  // namespace

std::span<const BuiltinChain> builtin_chains() { return kChains; }

}  // namespace yurai

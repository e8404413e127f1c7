#include "yurai/model/observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

struct SiteName {
  Site site;
  std::string_view name;
  bool of_layer;
};
constexpr std::array kSites = {
    SiteName{Site::kEmbedding, "embed", false},
    SiteName{Site::kResidualPre, "resid_pre", true},
    SiteName{Site::kAttentionIn, "attn_in", true},
    SiteName{Site::kQuery, "q", true},
    SiteName{Site::kKey, "k", true},
    SiteName{Site::kValue, "v", true},
    SiteName{Site::kAttention, "attn_probs", true},
    SiteName{Site::kHeadOut, "z", true},
    SiteName{Site::kAttentionOut, "attn_out", true},
    SiteName{Site::kResidualMid, "resid_mid", true},
    SiteName{Site::kMlpIn, "mlp_in", true},
    SiteName{Site::kRouterLogits, "router_logits", true},
    SiteName{Site::kExpertIds, "expert_ids", true},
    SiteName{Site::kExpertWeights, "expert_weights", true},
    SiteName{Site::kMlpOut, "mlp_out", true},
    SiteName{Site::kResidualPost, "resid_post", true},
    SiteName{Site::kFinal, "final", false},
    SiteName{Site::kLogits, "logits", false},
};

/// Appends the values of axes `axis` and further at `data`.
void append(const TensorView& view, size_t axis, const char* data, std::string& out) {
  const uint64_t value_size = size_bytes(view.dtype);
  if (axis == view.shape.size()) {
    out.append(data, value_size);
  } else if (axis + 1 == view.shape.size() && view.strides[axis] == 1) {
    out.append(data, view.shape[axis] * value_size);
  } else {
    for (uint64_t i = 0; i < view.shape[axis]; ++i) {
      append(view, axis + 1, data + i * view.strides[axis] * value_size, out);
    }
  }
}

}  // namespace

std::string_view site_name(Site site) {
  return std::ranges::find(kSites, site, &SiteName::site)->name;
}

Result<Site> parse_site(std::string_view name) {
  const auto* found = std::ranges::find(kSites, name, &SiteName::name);
  if (found != kSites.end()) return found->site;
  std::string names;
  for (const SiteName& site : kSites)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", site.name);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("no site '{}'; there are {}", for_terminal(name), names));
}

bool is_layer_site(Site site) { return std::ranges::find(kSites, site, &SiteName::site)->of_layer; }

std::string bytes_of(const TensorView& view) {
  uint64_t size = size_bytes(view.dtype);
  for (const uint64_t axis : view.shape) size *= axis;
  const char* data = static_cast<const char*>(view.data);
  if (view.strides.empty()) return {data, size};
  YURAI_CHECK(view.strides.size() == view.shape.size());
  std::string out;
  out.reserve(size);
  append(view, 0, data, out);
  return out;
}

}  // namespace yurai

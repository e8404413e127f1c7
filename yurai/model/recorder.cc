#include "yurai/model/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

namespace yurai {
namespace {

/// Which axis of a site's tensor counts tokens.
size_t token_axis(Site site) {
  switch (site) {
    case Site::kQuery:
    case Site::kKey:
    case Site::kValue:
    case Site::kAttention:
      return 2;
    case Site::kRouterLogits:
    case Site::kExpertIds:
    case Site::kExpertWeights:
      return 0;
    default:
      return 1;
  }
}

uint64_t product(std::span<const uint64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), uint64_t{1}, std::multiplies());
}

}  // namespace

Result<std::set<Site>> parse_sites(std::string_view names) {
  std::set<Site> sites;
  for (size_t at = 0; at < names.size();) {
    const size_t end = std::min(names.find(',', at), names.size());
    YURAI_ASSIGN(const Site site, parse_site(names.substr(at, end - at)));
    sites.insert(site);
    at = end + 1;
  }
  if (sites.empty()) {
    for (int site = 0; site <= static_cast<int>(Site::kLogits); ++site) {
      sites.insert(static_cast<Site>(site));
    }
  }
  return sites;
}

void Recorder::on(Site site, uint64_t layer, const TensorView& view) {
  const auto [place, fresh] = places_.try_emplace({site, layer}, seen_.size());
  if (fresh) seen_.push_back({site, layer, view.dtype, {}});
  seen_[place->second].pieces.push_back({view.shape, bytes_of(view)});
}

std::vector<TensorSource> Recorder::tensors() {
  std::vector<TensorSource> out;
  for (Seen& seen : seen_) {
    if (seen.pieces.size() > 1) {
      const size_t axis = token_axis(seen.site);
      std::vector<uint64_t> shape = seen.pieces[0].shape;
      shape[axis] = 0;
      for (const Piece& piece : seen.pieces) {
        shape[axis] += piece.shape[axis];
        shape.back() = std::max(shape.back(), piece.shape.back());  // keys: those of the last
      }
      const std::span<const uint64_t> all(shape);
      const uint64_t row_size = product(all.subspan(axis + 1)) * size_bytes(seen.dtype);
      const uint64_t outer = product(all.first(axis));
      Piece whole{shape, std::string(outer * shape[axis] * row_size, '\0')};
      uint64_t token = 0;
      for (Piece& piece : seen.pieces) {
        const uint64_t tokens = piece.shape[axis];
        const uint64_t piece_row = piece.bytes.size() / (outer * tokens);
        for (uint64_t o = 0; o < outer; ++o) {
          for (uint64_t t = 0; t < tokens; ++t) {
            std::copy_n(piece.bytes.data() + (o * tokens + t) * piece_row, piece_row,
                        whole.bytes.data() + (o * shape[axis] + token + t) * row_size);
          }
        }
        token += tokens;
        piece = {};
      }
      seen.pieces.clear();
      seen.pieces.push_back(std::move(whole));
    }
    const std::string name = is_layer_site(seen.site)
                                 ? fmt::format("blocks.{}.{}", seen.layer, site_name(seen.site))
                                 : std::string(site_name(seen.site));
    out.push_back({name, seen.dtype, seen.pieces[0].shape, seen.pieces[0].bytes});
  }
  return out;
}

}  // namespace yurai

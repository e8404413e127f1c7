#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "yurai/model/observer.h"

namespace yurai {

/// "resid_post,attn_probs"; all where it is empty.
Result<std::set<Site>> parse_sites(std::string_view names);

/// Keeps what it sees, as tensors for write_safetensors.
///
///     Recorder recorder(sites);
///     YURAI_TRY(decoder->add(ids, cache, /*all=*/true, &recorder));
///     YURAI_ASSIGN(auto file, …);  YURAI_TRY(write_safetensors(*file, recorder.tensors()));
///
/// Pieces of a text follow each other along the tokens' axis; a token's attention to keys that came
/// after it is 0. Takes the memory of all of it, twice while tensors() puts pieces together.
class Recorder final : public Observer {
 public:
  explicit Recorder(std::set<Site> sites) : sites_(std::move(sites)) {}
  bool wants(Site site, uint64_t) const override { return sites_.contains(site); }
  void on(Site site, uint64_t layer, const TensorView& view) override;

  /// "blocks.3.resid_post", "logits", …; valid until the next call or observation.
  std::vector<TensorSource> tensors();

 private:
  struct Piece {
    std::vector<uint64_t> shape;
    std::string bytes;
  };
  struct Seen {
    Site site;
    uint64_t layer;
    DType dtype;
    std::vector<Piece> pieces;
  };

  std::set<Site> sites_;
  std::vector<Seen> seen_;  ///< in the order in which they were seen first
  std::map<std::pair<Site, uint64_t>, size_t> places_;
};

}  // namespace yurai

#pragma once

#include "yurai/model/observer.h"

namespace yurai::bench {

/// Wants to see everything, and looks at the first value of each.
struct Onlooker final : Observer {
  bool wants(Site, uint64_t) const override { return true; }
  void on(Site, uint64_t, const TensorView& view) override {
    if (view.dtype == DType::kF32) sum += *static_cast<const float*>(view.data);
  }
  float sum = 0;
};

}  // namespace yurai::bench

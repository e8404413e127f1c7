#pragma once

#include <ATen/core/ivalue.h>

#include <utility>

namespace yurai {

/// A value of ours among what an autograd function keeps for its way back:
///
///     ctx->saved_data["state"] = hold(State{…});
///     const State& state = held<State>(ctx->saved_data["state"]);
template <class T>
struct Held final : torch::CustomClassHolder {
  explicit Held(T kept) : value(std::move(kept)) {}
  T value;
};

template <class T>
c10::IValue hold(T value) {
  return c10::IValue::make_capsule(c10::make_intrusive<Held<T>>(std::move(value)));
}

/// Valid as long as the IValue.
template <class T>
const T& held(const c10::IValue& value) {
  return static_cast<const Held<T>&>(*value.toCapsule()).value;
}

}  // namespace yurai

#pragma once

#include <cstddef>
#include <cstdint>

#include "yurai/model/gemm.h"

/// What a layer does between its matrix products, each in one pass over memory, forwards and
/// backwards. Rows are contiguous f32; sums have a fixed order. On one thread.
namespace yurai::kernels {

/// y = x / rms(x) · weight. `inverse_rms` of each row is what the way back needs.
void rms_norm(const float* x, const float* weight, float eps, size_t rows, size_t size, float* y,
              float* inverse_rms);
/// dx is written, weight's gradient added to `dweight` (null: none).
void rms_norm_backward(const float* dy, const float* x, const float* weight,
                       const float* inverse_rms, size_t rows, size_t size, float* dx,
                       float* dweight);

/// y [rows,size] = silu(gate) · up of gate_up [rows, 2·size].
void swiglu(const float* gate_up, size_t rows, size_t size, float* y);
void swiglu_backward(const float* dy, const float* gate_up, size_t rows, size_t size,
                     float* dgate_up);

/// y = (x turned by its angles) · scale, pairs (i, i + size/2); cosines and sines as long as x.
/// `back`: by the negative angles. x and y may be the same.
void rotate(const float* x, const float* cosines, const float* sines, size_t size, float scale,
            bool back, float* y);

/// Scores become probabilities: exp(x - max) / sum over [begin, end), 0 outside. Returns
/// log(sum(exp(x))) over them.
float softmax(float* x, size_t begin, size_t end, size_t size);
/// From scores and the row's log-sum again to probabilities `p`.
void softmax_again(float* p, float log_sum, size_t begin, size_t end, size_t size);
/// dp becomes the gradient of the scores: p · (dp - dot), `dot` = sum(p · dp).
void softmax_backward(const float* p, float dot, size_t size, float* dp);

float dot(const float* a, const float* b, size_t size);
/// y += x · scale
void add_scaled(const float* x, float scale, size_t size, float* y);
/// y[i] += sum over rows of x[row][i]
void add_rows(const float* x, size_t rows, size_t size, float* y);

/// The loss in nats of predicting `target`, from logits; with `scale` != 0 they become its gradient
/// times `scale`.
float cross_entropy(float* logits, size_t size, size_t target, float scale);

/// One update of AdamW, gradients times `scale`; mean and square are their running means, made
/// unbiased by `rate` and `root`. Weights are multiplied by `keep` first.
struct AdamStep {
  float scale, beta1, beta2, rate, root, epsilon, keep;
};
void adamw(const float* gradients, AdamStep step, size_t size, float* mean, float* square,
           float* weights);

/// Rounds to the nearest, ties to even.
void to_bf16(const float* x, size_t size, Bf16* y);

}  // namespace yurai::kernels

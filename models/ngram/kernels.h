#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slm::ngram {

/// The inner loops. Each computes the same bits on every processor: no fused multiply-add, no reordered sums,
/// no libm. Counts are multiples of 8.

/// sums += scale * weights
void add_scaled(float* sums, const float* weights, float scale, std::size_t count);
void add_scaled(float* sums, const std::int8_t* weights, float scale, std::size_t count);

/// sums = (sums * norm + bias) * inverse_temperature
void finish_logits(float* sums, float norm, const float* bias, float inverse_temperature, std::size_t count);

/// Turns logits into probabilities that sum to one. Logits that are not finite give equal probabilities.
void softmax(std::span<float> values);

}  // namespace slm::ngram

#include "models/ngram/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// One body compiled for several instruction sets, chosen when the program starts. Sanitizers cannot
// instrument the choice (it runs before they are ready).
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SLM_FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SLM_FOR_EACH_PROCESSOR
#endif

namespace slm::ngram {
namespace {

constexpr std::size_t kLanes = 8;

// e^x for x <= 0: 2^n times the Taylor polynomial of the remaining fraction, relative error below 3e-7. Zero
// below the smallest normal result.
inline float exp_of_negative(float x) {
  constexpr float kLog2OfE = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kRoundToInteger = 12582912.0F;  // 1.5 * 2^23: adding it drops the fraction
  const float clamped = x < -87.0F ? -87.0F : x;
  const float shifted = clamped * kLog2OfE + kRoundToInteger;
  const float n = shifted - kRoundToInteger;
  const float r = (clamped - n * kLn2High) - n * kLn2Low;
  float p = 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 1.0F / 2;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const auto exponent = (std::bit_cast<std::uint32_t>(shifted) + 127U) << 23;
  return x < -87.0F ? 0.0F : p * std::bit_cast<float>(exponent);
}

// Eight lanes as GCC's and Clang's vector types: left to itself, GCC 12 makes vectors of 64 labels and then
// steps through what remains one by one.
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));

inline void load(Floats& vector, const float* from) {
  std::memcpy(&vector, from, sizeof vector);
}
inline void store(const Floats& vector, float* into) {
  std::memcpy(into, &vector, sizeof vector);
}

void add_scaled_anywhere(float* sums, const std::int8_t* weights, float scale, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += scale * static_cast<float>(weights[i]);
}

#if defined(__x86_64__)

// GCC 12 finds no good instructions for eight bytes by itself.
__attribute__((target("avx2"))) void add_scaled_avx2(float* sums, const std::int8_t* weights, float scale,
                                                     std::size_t count) {
  const __m256 scales = _mm256_set1_ps(scale);
  for (std::size_t i = 0; i + kLanes <= count; i += kLanes) {
    const __m256i integers = _mm256_cvtepi8_epi32(_mm_loadu_si64(weights + i));
    const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(integers), scales);
    _mm256_storeu_ps(sums + i, _mm256_add_ps(_mm256_loadu_ps(sums + i), scaled));
  }
}

const bool kHasAvx2 = __builtin_cpu_supports("avx2");

#endif

}  // namespace

SLM_FOR_EACH_PROCESSOR
void add_scaled(float* sums, const float* weights, float scale, std::size_t count) {
  for (std::size_t i = 0; i + kLanes <= count; i += kLanes) {
    Floats sum, weight;
    load(sum, sums + i);
    load(weight, weights + i);
    store(sum + weight * scale, sums + i);
  }
}

void add_scaled(float* sums, const std::int8_t* weights, float scale, std::size_t count) {
#if defined(__x86_64__)
  if (kHasAvx2) return add_scaled_avx2(sums, weights, scale, count);
#endif
  add_scaled_anywhere(sums, weights, scale, count);
}

SLM_FOR_EACH_PROCESSOR
void finish_logits(float* sums, float norm, const float* bias, float inverse_temperature, std::size_t count) {
  for (std::size_t i = 0; i + kLanes <= count; i += kLanes) {
    Floats sum, offset;
    load(sum, sums + i);
    load(offset, bias + i);
    store((sum * norm + offset) * inverse_temperature, sums + i);
  }
}

SLM_FOR_EACH_PROCESSOR
void softmax(std::span<float> values) {
  if (values.empty()) return;
  const std::size_t whole = values.size() & ~(kLanes - 1);
  std::array<float, kLanes> lanes;
  lanes.fill(-std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < whole; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
  for (std::size_t i = whole; i < values.size(); ++i)
    lanes[i - whole] = values[i] > lanes[i - whole] ? values[i] : lanes[i - whole];
  const float largest = *std::max_element(lanes.begin(), lanes.end());

  // Sums in lanes, so that the order of additions is the same for every width of vector.
  lanes.fill(0);
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float e = exp_of_negative(values[i + lane] - largest);
      values[i + lane] = e;
      lanes[lane] += e;
    }
  }
  for (std::size_t i = whole; i < values.size(); ++i) {
    values[i] = exp_of_negative(values[i] - largest);
    lanes[i - whole] += values[i];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  const bool is_usable = sum >= 1 && sum <= static_cast<float>(values.size()) * 2;
  if (!is_usable) {
    std::fill(values.begin(), values.end(), 1.0F / static_cast<float>(values.size()));
    return;
  }
  const float factor = 1.0F / sum;
  for (float& value : values) value *= factor;
}

}  // namespace slm::ngram

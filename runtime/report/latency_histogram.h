#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace slm::runtime {

/// Durations counted in buckets that widen with them: percentiles within 0.8 % of the true ones, in constant
/// memory however many there are. The idea of HdrHistogram (Tene 2013), without its options. One thread at a
/// time.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds latency);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return max_; }
  /// The smallest latency that a share `quantile` in [0, 1] of all does not exceed; zero where there are
  /// none.
  std::chrono::nanoseconds at(double quantile) const;

 private:
  static constexpr int kSubBits = 6;  // 64 buckets for every doubling
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t middle_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{};
};

}  // namespace slm::runtime

#include "runtime/report/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace slm::runtime {

// Values below 2^kSubBits have a bucket each; above, a value's leading kSubBits + 1 bits choose its bucket.
std::size_t LatencyHistogram::bucket_of(std::uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kSubBits - 1);
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t LatencyHistogram::middle_of(std::size_t bucket) {
  constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBits;
  if (bucket < 2 * kSubBuckets) return bucket;
  const auto shift = (bucket >> kSubBits) - 1;
  const auto leading = static_cast<std::uint64_t>(bucket - (shift << kSubBits));
  return (leading << shift) + (std::uint64_t{1} << (shift - 1));
}

void LatencyHistogram::add(std::chrono::nanoseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count()));
  ++buckets_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, latency);
}

std::chrono::nanoseconds LatencyHistogram::at(double quantile) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<std::uint64_t>(1, wanted))
      return std::min(max_, std::chrono::nanoseconds{static_cast<std::int64_t>(middle_of(bucket))});
  }
  return {};
}

}  // namespace slm::runtime

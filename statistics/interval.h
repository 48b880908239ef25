#pragma once

namespace slm::statistics {

/// Where an unknown number lies, with the confidence that was asked for; both ends belong to it.
struct Interval {
  double low = 0;
  double high = 0;

  bool operator==(const Interval&) const = default;
};

}  // namespace slm::statistics

#include "models/backoff.h"

#include <algorithm>

namespace slm {

std::chrono::milliseconds Backoff::next() {
  std::uniform_int_distribution<std::chrono::milliseconds::rep> between{
      least_.count(), std::max(least_.count(), 3 * last_.count())};
  last_ = std::min(std::chrono::milliseconds{between(random_)}, most_);
  return last_;
}

}  // namespace slm

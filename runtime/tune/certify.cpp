#include "runtime/tune/certify.h"

#include <cmath>
#include <numeric>

#include "statistics/betting.h"
#include "statistics/binomial.h"
#include "statistics/fixed_sequence.h"

namespace slm::runtime {

double p_value(const std::vector<double>& numbers, const Target& target) {
  if (numbers.empty()) return 1;
  if (target.is_rate()) {
    const double right = std::accumulate(numbers.begin(), numbers.end(), 0.0);
    return statistics::binomial::p_value(static_cast<std::size_t>(std::llround(right)), numbers.size(),
                                         target.value);
  }
  return statistics::betting_p_value(numbers, target.bound(), {target.least(), 1});
}

std::optional<std::size_t> last_certified(const std::vector<std::vector<Bars>>& path,
                                          const ScoredTrials& trials, const Target& target, double alpha) {
  return statistics::last_rejected(path.size(), [&](std::size_t position) {
    return p_value(trials.numbers(path[position]), target) <= alpha;
  });
}

std::size_t least_lines(const Target& target, double alpha) {
  return statistics::binomial::trials_to_certify(target.value, alpha).value_or(0);
}

}  // namespace slm::runtime

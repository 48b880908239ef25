#include "statistics/hypergeometric.h"

#include <boost/math/distributions/hypergeometric.hpp>
#include <cassert>
#include <cstdint>

namespace slm::statistics::hypergeometric {

double p_value(std::size_t errors, std::size_t sampled, std::size_t population,
               std::size_t population_errors) {
  assert(errors <= sampled && sampled <= population && population_errors <= population);
  assert(population <= UINT32_MAX);
  if (errors >= population_errors) return 1;
  if (errors + population < sampled + population_errors) return 0;  // more are right than there are
  const boost::math::hypergeometric_distribution<> found{static_cast<unsigned>(population_errors),
                                                         static_cast<unsigned>(sampled),
                                                         static_cast<unsigned>(population)};
  return boost::math::cdf(found, static_cast<unsigned>(errors));
}

std::size_t upper_bound(std::size_t errors, std::size_t sampled, std::size_t population, double alpha) {
  std::size_t possible = errors;
  std::size_t refuted = population - (sampled - errors) + 1;
  while (refuted - possible > 1) {
    const std::size_t middle = possible + (refuted - possible) / 2;
    (p_value(errors, sampled, population, middle) > alpha ? possible : refuted) = middle;
  }
  return possible;
}

}  // namespace slm::statistics::hypergeometric

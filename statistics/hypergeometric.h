#pragma once

#include <cstddef>

/// Errors in a finite population of which some are looked at, drawn without replacement: the fewer are left
/// over, the less is uncertain, unlike with `binomial`. All is exact. `errors` is at most `sampled`, that at
/// most `population`, and alpha lies strictly between 0 and 1. Any thread.
namespace slm::statistics::hypergeometric {

/// The chance of finding no more than `errors` among `sampled` where the population holds `population_errors`
/// (at most `population`): of the hypothesis that it holds so many or more.
double p_value(std::size_t errors, std::size_t sampled, std::size_t population,
               std::size_t population_errors);

/// The population holds at most this many errors, those found included, but for a chance of alpha.
std::size_t upper_bound(std::size_t errors, std::size_t sampled, std::size_t population, double alpha);

}  // namespace slm::statistics::hypergeometric

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtime/evaluate/comparison.h"
#include "runtime/report/table.h"

namespace slm::runtime {

/// A row a mean: both figures, their difference and the test's p.
Table comparison_table(const Comparison& comparison, const std::string& first, const std::string& second);
/// In words which of the two is better, or that the lines do not show it: a sentence each, without its stop.
std::vector<std::string> comparison_verdicts(const Comparison& comparison, const std::string& first,
                                             const std::string& second);
/// Both figures, their difference, and in words which of the two is better or that the lines do not show it.
std::string comparison_text(const Comparison& comparison, const std::string& first,
                            const std::string& second);

nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace slm::runtime

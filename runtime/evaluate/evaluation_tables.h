#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/evaluate/evaluation.h"
#include "runtime/report/table.h"

namespace slm::runtime {

/// `84.9 %  (82.5 % to 87.1 %)`; a dash where there is nothing to have a share of.
std::string share_text(const Share& share);

/// A row a way to end, with shares and accuracies; those that no line took only where asked for.
Table endings_table(const std::string& title, const std::vector<Ended>& all, bool shows_empty);
/// What a line takes: those measures that are known and not zero.
Table amounts_table(const Evaluation& evaluation);
/// The `most` labels that were most expected.
Table labels_table(const Evaluation& evaluation, const Judging& judging, std::size_t most);

}  // namespace slm::runtime

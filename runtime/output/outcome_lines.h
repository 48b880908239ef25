#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/message.h"

namespace slm::runtime {

/// An outcome as an earlier run has written it.
struct WrittenOutcome {
  std::string id_json;
  /// What the message has used up stands in one visit, to a node without a name.
  Outcome outcome;
};

/// The outcomes in a file of JSON lines, as `outcome_json` writes them; members that are left out are as null
/// or zero. `-` is standard input. Throws DataError with the lines that are none, or where there is no line,
/// and InputError.
std::vector<WrittenOutcome> read_outcomes(const std::filesystem::path& file);

}  // namespace slm::runtime

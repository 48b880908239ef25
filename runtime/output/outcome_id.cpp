#include "runtime/output/outcome_id.h"

namespace slm::runtime {

std::string_view outcome_id_of(std::string_view line) {
  constexpr std::string_view kBefore = "{\"id\":";
  constexpr std::string_view kAfter = ",\"outcome\":";
  // A text in the id cannot hold what follows it, whose quotes would be escaped.
  const auto end = line.find(kAfter);
  if (!line.starts_with(kBefore) || end == std::string_view::npos) return {};
  return line.substr(kBefore.size(), end - kBefore.size());
}

}  // namespace slm::runtime

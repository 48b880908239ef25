#include "models/learning/learner_state.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "models/replace_file.h"

namespace slm::learning {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LearnerState, lessons, other_labels, dropped, trainings, trained_at,
                                   refused, rolled_back, looks, serving)

LearnerState read_state(const std::filesystem::path& file) {
  try {
    return nlohmann::json::parse(std::ifstream{file}).get<LearnerState>();
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

void write_state(const std::filesystem::path& file, const LearnerState& state) {
  const std::string text = nlohmann::json(state).dump(2) + '\n';
  replace_file(file, std::as_bytes(std::span(text)), {});
}

}  // namespace slm::learning

#pragma once

#include <filesystem>
#include <vector>

namespace slm::runtime {

struct ModelsArguments {
  std::vector<std::filesystem::path> files;
  bool is_json = false;
};

/// `slm-graph models`: what model files hold. A file that is none is reported and the others are shown; exit
/// 2 then.
int models(const ModelsArguments& arguments);

}  // namespace slm::runtime

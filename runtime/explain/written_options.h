#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace slm::runtime {

/// The options of nodes as their author wrote them, on one line each: `${NAME}` is not replaced, so no secret
/// shows.
class WrittenOptions {
 public:
  /// Reads a pipeline file that has been checked; a file that is gone since has no options.
  explicit WrittenOptions(const std::filesystem::path& pipeline);

  /// Without `type`, `model`, `on` and `to`. Long texts are cut.
  std::string of_node(const std::string& name) const;

 private:
  std::map<std::string, std::string> of_nodes_;
};

}  // namespace slm::runtime

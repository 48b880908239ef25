#pragma once

#include <filesystem>
#include <string>

namespace slm::runtime {

struct KeygenArguments {
  std::string name;
  std::filesystem::path folder = ".";
  std::filesystem::path public_of;  ///< print the public key of this file instead of making a pair
  bool is_forced = false;
  bool is_json = false;
};

/// `slm-graph keygen`: a pair of keys for a process, or the public key of a secret one.
int keygen(const KeygenArguments& arguments);

}  // namespace slm::runtime

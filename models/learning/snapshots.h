#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/classifier.h"

namespace slm::learning {

/// The models that a learner has made, each a complete model file `NAME.000007.slm` in its folder.
///
/// One thread at a time. Functions throw `std::filesystem::filesystem_error` where the disk refuses.
class Snapshots {
 public:
  Snapshots(std::filesystem::path folder, std::string name, std::size_t keep)
      : folder_{std::move(folder)}, name_{std::move(name)}, keep_{keep} {}

  /// Where a model is written before it is known to be any good.
  std::filesystem::path candidate() const { return folder_ / (name_ + ".next.slm"); }
  std::filesystem::path file(std::uint64_t number) const;

  /// Makes the candidate the snapshot of that number, and removes the oldest ones.
  void keep_candidate(std::uint64_t number);
  void remove(std::uint64_t number);

  /// In ascending order.
  std::vector<std::uint64_t> numbers() const;

 private:
  std::filesystem::path folder_;
  std::string name_;
  std::size_t keep_;
};

}  // namespace slm::learning

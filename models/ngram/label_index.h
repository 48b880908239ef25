#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"

namespace slm::ngram {

/// Numbers for the labels of examples, in ascending order of the labels' bytes.
class LabelIndex {
 public:
  explicit LabelIndex(std::span<const Example> examples);

  const std::vector<std::string>& names() const { return names_; }
  std::size_t size() const { return names_.size(); }

  /// One number an example. Throws `TrainError` for a label that is not known.
  std::vector<std::uint32_t> numbers(std::span<const Example> examples) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace slm::ngram

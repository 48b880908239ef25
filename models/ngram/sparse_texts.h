#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace slm::ngram {

/// One text as a vector: features in ascending order and their values.
struct SparseText {
  std::span<const std::uint32_t> features;
  std::span<const float> values;
};

/// Many texts as vectors, one after another in memory.
class SparseTexts {
 public:
  std::size_t size() const { return ends_.size() - 1; }

  SparseText operator[](std::size_t text) const {
    const std::size_t begin = ends_[text], count = ends_[text + 1] - begin;
    return {std::span(features_).subspan(begin, count), std::span(values_).subspan(begin, count)};
  }

  void add(std::uint32_t feature, float value) {
    features_.push_back(feature);
    values_.push_back(value);
  }
  void end_text() { ends_.push_back(features_.size()); }

 private:
  std::vector<std::size_t> ends_{0};
  std::vector<std::uint32_t> features_;
  std::vector<float> values_;
};

}  // namespace slm::ngram

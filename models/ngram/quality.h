#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace slm::ngram {

struct LabelQuality {
  double precision = 0;  ///< 0 where the label was never predicted
  double recall = 0;     ///< 0 where the label never occurs
  double f1 = 0;
  std::size_t support = 0;  ///< examples that have the label
};

struct Confusion {
  std::uint32_t from = 0;  ///< the right label
  std::uint32_t to = 0;    ///< the predicted one
  std::size_t count = 0;
};

/// How well predictions agree with the right labels. Labels are numbered from 0.
struct Quality {
  double accuracy = 0;
  double macro_f1 = 0;  ///< mean over the labels that occur or were predicted
  std::vector<LabelQuality> labels;
  std::vector<Confusion> confusions;  ///< all that occur, worst first
};

Quality measure_quality(std::span<const std::uint32_t> expected, std::span<const std::uint32_t> predicted,
                        std::size_t label_count);

}  // namespace slm::ngram

#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slm {

/// A model that labels a text at once, on the caller's thread.
///
/// Any number of threads may call it together. It never throws on any input, however long or malformed.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// Label names; position i belongs to probability i. Shared, so that evidence can outlive the model.
  virtual const std::shared_ptr<const std::vector<std::string>>& labels() const = 0;

  /// Writes one probability a label; they sum to one. `probabilities.size()` is `labels()->size()`.
  virtual void classify(std::string_view text, std::span<float> probabilities) const = 0;

  /// Whether its probabilities mean anything: not those of a model that has not learnt anything yet.
  virtual bool has_evidence() const { return true; }
};

}  // namespace slm

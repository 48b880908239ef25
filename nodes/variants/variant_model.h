#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/model.h"
#include "nodes/variants/options.h"

namespace slm::variants {

/// What conditions go by.
struct Readings {
  std::optional<double> battery_percent;  ///< empty: it has none
  bool is_on_mains = true;
  std::optional<std::uint64_t> available_memory;  ///< bytes; empty: not told
};

/// Of this machine, looked at no more than once a second. Any thread may call what it gives.
std::function<Readings()> machine_readings();

bool holds(const Conditions& conditions, const Readings& readings, std::size_t queue);

struct Variant {
  std::string name;
  Model model;
  Conditions when;
};

/// One model made of several: each request is asked of the first variant whose conditions hold when it
/// comes, else of the last one, whose conditions are not looked at. An output format is compiled by all.
/// Any thread.
class VariantModel : public Generator, public ChoiceScorer {
 public:
  /// Each generates and scores.
  explicit VariantModel(std::vector<Variant> variants,
                        std::function<Readings()> readings = machine_readings());

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override;
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override;
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override;

 private:
  std::size_t choose() const;
  template <class Answer, class Result>
  std::function<void(Result)> named(std::size_t variant, std::function<void(Result)> done) const;

  const std::vector<Variant> variants_;
  std::vector<std::shared_ptr<const std::string>> names_;
  const std::function<Readings()> readings_;
  const std::shared_ptr<std::atomic<std::size_t>> queue_;  // shared with requests, which may outlive us
};

/// The variants as one model: what the last one says of itself, with the memory of all, and a checksum that
/// is no other set's.
Model as_one(std::vector<Variant> variants);
/// What `as_one` says of itself, of what each says.
ModelInfo as_one(const std::vector<ModelInfo>& variants);

}  // namespace slm::variants

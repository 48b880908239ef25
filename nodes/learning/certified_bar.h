#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "evidence/evidence.h"
#include "graph/fields.h"
#include "models/learning/learner.h"

namespace slm {

/// What a gate behind a model that learns promises.
struct CertifyOptions {
  double agreement = 0;
  double confidence = 0.95;
  static Fields<CertifyOptions> fields();
};

/// A bar with which at least so large a share of all messages ends as the tiers above would have it.
struct BarPromise {
  double agreement = 0;
  double alpha = 0;    ///< the chance at which it may be broken
  double highest = 1;  ///< what no confidence is above: 1, or 0 of a log-probability
};

/// The lowest bar that keeps the promise by these lessons; empty where none does. `confidences` are those of
/// the lessons, in their order.
///
/// Bars are tested from the highest to the lowest, each at the full level. A lesson says of a bar whether it
/// would be escalated, or accepted and right. That is bet on (Waudby-Smith and Ramdas 2024) in the measure of
/// its weight over the greatest that it could have had, so that the share is that of all messages and not of
/// lessons alone, in which what a gate lets through is rare.
std::optional<double> lowest_certified_bar(const std::vector<learning::HeldOutAnswer>& lessons,
                                           const std::vector<std::optional<double>>& confidences,
                                           const BarPromise& promise);

/// The bar of a gate, set anew whenever the model before it is replaced by another.
///
/// Look k at the lessons is at level 6 (1 - confidence) / (π² k²), which adds up to 1 - confidence: so the
/// promise holds with this confidence for all bars that are ever in force, for messages that come as the
/// lessons came. Until a bar is certified, and while models change, nothing is accepted. `value` may be
/// called from any thread.
class CertifiedBar final : public learning::Observer {
 public:
  using Confidence = std::function<std::optional<double>(const Evidence&)>;

  CertifiedBar(std::shared_ptr<learning::Learner> learner, const CertifyOptions& options, double highest,
               Confidence confidence);
  CertifiedBar(const CertifiedBar&) = delete;
  CertifiedBar& operator=(const CertifiedBar&) = delete;
  ~CertifiedBar() override;

  double value() const { return value_.load(std::memory_order_acquire); }

  void changing() noexcept override;
  void changed(const std::vector<learning::HeldOutAnswer>& held_out, std::size_t look) noexcept override;

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  std::shared_ptr<learning::Learner> learner_;
  CertifyOptions options_;
  double highest_;
  Confidence confidence_;
  std::atomic<double> value_ = kNever;
};

}  // namespace slm

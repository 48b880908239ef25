#include "nodes/on_failure.h"

#include <utility>

namespace slm {
namespace {

/// A model that is down fails every message, and one line tells all.
constexpr std::chrono::minutes kQuiet{1};

}  // namespace

Fields<OnFailure> OnFailure::fields() {
  return Fields<OnFailure>{}.required("to", &OnFailure::to, "next node, which need not wait for that model");
}

Exit FailureExit::after(const ModelFailure& failure, Message& message) const {
  if (failure.kind == ModelFailure::Kind::failed) return goes_on(failure.reason, message);
  if (failure.kind == ModelFailure::Kind::put_off) {
    message.is_put_off = true;
    for (const auto& receipt : message.receipts) receipt->keep();
  }
  return Exit::expire(failure.reason);
}

Exit FailureExit::of_private(const std::string& model, Message& message) const {
  return goes_on("the message is private to its process, and model `" + model + "` is not in it", message);
}

/// Marked `degraded`, since a tier that it was meant for has not seen it.
Exit FailureExit::goes_on(const std::string& reason, Message& message) const {
  if (!options_) return Exit::fail(reason);
  message.is_degraded = true;
  const auto now = Clock::now();
  const std::lock_guard lock{mutex_};
  if (!told_ || now - *told_ >= kQuiet) {
    told_ = now;
    log_("node `" + node_ + "` failed, so messages go on as `on_failure` says: " + reason);
  }
  return options_->to;
}

}  // namespace slm

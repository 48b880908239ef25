#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "graph/registry.h"
#include "models/generator.h"

namespace slm {

/// `on_failure` of a node: where messages go that its model gave no answer.
struct OnFailure {
  Port to;

  static constexpr std::string_view kPort = "on_failure";  ///< its name
  static constexpr const char* kDoc =
      "where a message goes that its model gave no answer; left out, it ends `failed`";
  static Fields<OnFailure> fields();
};

/// How messages leave a node whose model gave no answer. Any thread.
class FailureExit {
 public:
  FailureExit(std::optional<OnFailure> options, const NodeContext& context)
      : options_{std::move(options)}, node_{context.node_name()}, log_{context.log()} {}

  Exit after(const ModelFailure& failure, Message& message) const;
  /// Of a message that is private, where the model is elsewhere.
  Exit of_private(const std::string& model, Message& message) const;

 private:
  Exit goes_on(const std::string& reason, Message& message) const;

  const std::optional<OnFailure> options_;
  const std::string node_;
  const std::function<void(const std::string&)> log_;
  mutable std::mutex mutex_;
  mutable std::optional<Clock::time_point> told_;  // when it was last told why; guarded by mutex_
};

}  // namespace slm

#include "nodes/drift/gate_watch.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <sstream>
#include <system_error>
#include <utility>

#include "models/model.h"

namespace slm {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kRemembered = 1024;  // confidences of each way
constexpr std::uint64_t kWriteEvery = 64;  // audited messages
constexpr std::size_t kMostTold = 100;

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string text_of(double number) {
  std::ostringstream text;
  text << number;
  return std::move(text).str();
}

/// The bar over which `keep` of these confidences pass: above the old one in any case.
double higher_bar(std::vector<double> passed, double old, double keep) {
  std::ranges::sort(passed);
  const auto dropped = static_cast<std::size_t>((1 - keep) * static_cast<double>(passed.size()));
  passed.push_back(kInfinity);
  const double aimed = passed[dropped];
  return aimed > old ? aimed : *std::ranges::upper_bound(passed, old);
}

std::string bar_text(double old, double now) {
  return std::isinf(now) ? " nothing any more" : " at " + text_of(now) + " instead of " + text_of(old);
}

/// Of the next alarm of a kind, both kinds together below `false_alarm` for ever.
double capital_needed(double false_alarm, std::uint64_t alarms) {
  return std::ldexp(1 / false_alarm, static_cast<int>(std::min<std::uint64_t>(alarms, 900)) + 2);
}

}  // namespace

GateWatch::GateWatch(std::string gate, GateState setting, const DriftOptions& options, Log log)
    : gate_{std::move(gate)}, options_{options}, log_{std::move(log)}, state_{std::move(setting)} {
  state_.bars = state_.written;
  if (auto kept = read_gate_state(options.state.path)) {
    if (kept->is_of_setting(state_))
      state_ = *std::move(kept);
    else
      log_("gate `" + gate_ + "`: " + options.state.path.string() +
           " is of another setting of the gate; it begins anew with the bars of the pipeline file");
  }
  shift_ = statistics::ShiftWatch{state_.shift};
  if (options.max_error)
    errors_ = state_.error_bets ? statistics::ErrorRateWatch{options.max_error->value, *state_.error_bets}
                                : statistics::ErrorRateWatch{options.max_error->value};
  put_in_force();
  try {
    write_gate_state(options_.state.path, state_);
  } catch (const std::system_error& error) {
    throw ModelError(std::string{"the state cannot be kept: "} + error.what());
  }
}

GateWatch::~GateWatch() {
  write();
}

void GateWatch::put_in_force() {
  bars_[0] = state_.bars.reject;
  bars_[1] = state_.bars.accept;
}

void GateWatch::saw(std::optional<double> confidence, Way way) {
  const std::lock_guard lock{mutex_};
  if (way != Way::escalate) {
    const auto i = static_cast<std::size_t>(way);
    if (passed_[i].size() < kRemembered) passed_[i].resize(passed_[i].size() + 1);
    passed_[i][passes_[i]++ % kRemembered] = *confidence;
  }
  const bool is_missing = !confidence || std::isnan(*confidence);
  shift_.add(is_missing ? -kInfinity : *confidence, std::uniform_real_distribution{}(random_));
  if (shift_.bets().capital() < capital_needed(options_.false_alarm.value, state_.shift_alarms)) return;
  ++state_.shift_alarms;
  shift_ = {};
  alarm("its confidences are no longer what they were", options_.on_shift);
}

void GateWatch::judged(bool is_error) {
  const std::lock_guard lock{mutex_};
  ++state_.audited;
  state_.errors += is_error ? 1 : 0;
  if (!errors_) return;
  errors_->add(is_error);
  if (errors_->bets().capital() < capital_needed(options_.false_alarm.value, state_.error_alarms)) {
    if (state_.audited % kWriteEvery == 0) write();
    return;
  }
  ++state_.error_alarms;
  errors_.emplace(options_.max_error->value);
  const std::string found = std::to_string(state_.errors) + " of " + std::to_string(state_.audited);
  state_.audited = state_.errors = 0;
  alarm("more of what it lets through is wrong than max_error " + text_of(options_.max_error->value) + ": " +
            found + " by the audit",
        options_.on_error);
}

void GateWatch::alarm(const std::string& what, OnDrift action) {
  const std::string line = "gate `" + gate_ + "` has drifted: " + what + raise_bars(action);
  state_.alarms.push_back(now_text() + ' ' + line);
  if (state_.alarms.size() > kMostTold) state_.alarms.erase(state_.alarms.begin());
  write();
  log_(line);
}

std::string GateWatch::raise_bars(OnDrift action) {
  if (action == OnDrift::warn) return "";
  const Bars old = state_.bars;
  const auto raised = [&](double bar, std::vector<double>& passed) {
    if (std::isinf(bar)) return bar;
    if (action == OnDrift::close) return kInfinity;
    return passed.empty() ? bar : higher_bar(std::exchange(passed, {}), bar, options_.keep.value);
  };
  state_.bars = {raised(old.reject, passed_[0]), raised(old.accept, passed_[1])};
  passes_ = {};
  put_in_force();
  std::string text;
  if (state_.bars.reject != old.reject) text += "; it rejects" + bar_text(old.reject, state_.bars.reject);
  if (state_.bars.accept != old.accept) text += "; it accepts" + bar_text(old.accept, state_.bars.accept);
  return text;
}

void GateWatch::write() {
  state_.shift = shift_.memory();
  if (errors_) state_.error_bets = errors_->bets();
  try {
    write_gate_state(options_.state.path, state_);
  } catch (const std::exception& error) {
    if (!std::exchange(has_failed_to_write_, true))
      log_("gate `" + gate_ +
           "`: its state cannot be kept, and a restart will forget what it has raised: " + error.what());
  }
}

}  // namespace slm

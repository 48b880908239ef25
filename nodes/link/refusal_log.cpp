#include "nodes/link/refusal_log.h"

namespace slm::link {

std::optional<std::string> RefusalLog::tell(const std::string& caller, const std::string& what,
                                            Clock::time_point now) {
  if (told_.contains(caller)) return std::nullopt;
  if (now - minute_began_ >= std::chrono::minutes{1}) {
    minute_began_ = now;
    told_in_minute_ = 0;
  }
  if (told_in_minute_ == kMostInAMinute) {
    ++untold_;
    return std::nullopt;
  }
  ++told_in_minute_;
  // Who makes up keys by the thousand gets the log to repeat itself, at its own pace.
  if (told_.size() == kMostRemembered) told_.clear();
  told_.insert(caller);
  std::string line = what;
  if (untold_ > 0) line += " (and " + std::to_string(untold_) + " other refusals since the last line)";
  untold_ = 0;
  return line;
}

}  // namespace slm::link

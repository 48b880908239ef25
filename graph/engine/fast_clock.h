#pragma once

#include "graph/message.h"

namespace slm::engine {

/// The steady clock, read from the processor's time-stamp counter where that runs evenly: less than half the
/// cost, and a trace is mostly readings of the clock.
///
/// Each thread checks itself against the steady clock every millisecond, so it is off by less than two
/// microseconds, mostly by some ten nanoseconds. Never goes back on one thread. It is the steady clock itself
/// for the first hundredth of a second of a process and on processors without such a counter. From any
/// thread.
class FastClock {
 public:
  static Clock::time_point now();
};

}  // namespace slm::engine

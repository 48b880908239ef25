#pragma once

// ThreadSanitizer cannot see how a parcel gets from one thread to the next: the queues that carry it are
// inside libtbb, which is not instrumented. These two mark the hand-over for it and are nothing in any other
// build.

#if defined(__SANITIZE_THREAD__)
#define SLM_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLM_THREAD_SANITIZER 1
#endif
#endif

#ifdef SLM_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace slm::engine {

/// What this thread did so far is seen by who calls `take_over` with the same address later.
inline void hand_over([[maybe_unused]] void* address) {
#ifdef SLM_THREAD_SANITIZER
  __tsan_release(address);
#endif
}

inline void take_over([[maybe_unused]] void* address) {
#ifdef SLM_THREAD_SANITIZER
  __tsan_acquire(address);
#endif
}

}  // namespace slm::engine

#include "nodes/link/inproc_address.h"

#include <atomic>
#include <cstdint>

namespace slm::link {

std::string new_inproc_address() {
  static std::atomic<std::uint64_t> count{0};
  return "inproc://slm-graph." + std::to_string(++count);
}

}  // namespace slm::link

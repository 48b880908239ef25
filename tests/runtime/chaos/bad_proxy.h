#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/descriptor.h"
#include "tests/runtime/process_pair.h"

namespace slm::testing {

/// What a proxy does to what it passes on; of how many pieces of up to 4 KiB to one, 0 being never.
struct Harm {
  unsigned flip = 0;   ///< a bit
  unsigned cut = 0;    ///< the connection
  unsigned stall = 0;  ///< the connection, for up to half a second: longer than three heartbeats of 100 ms
  unsigned delay = 0;  ///< all connections, for up to 5 ms
};

/// Passes bytes between those who connect to it and a server on loopback, and harms them. Its thread ends
/// with it.
class BadProxy {
 public:
  BadProxy(std::uint16_t server_port, Harm harm);
  ~BadProxy();
  BadProxy(const BadProxy&) = delete;
  BadProxy& operator=(const BadProxy&) = delete;

  std::string address() const;
  /// Cuts all connections once more, and harms none from then on.
  void be_good() { is_good_ = true; }
  /// Harm that was done.
  int flips() const { return flips_; }
  int cuts() const { return cuts_; }

 private:
  struct Connection;

  void run();
  void accept(std::vector<Connection>& connections) const;
  bool pass(Connection& connection, bool is_from_server);
  bool comes(unsigned one_of) { return one_of > 0 && !is_good_ && random_() % one_of == 0; }

  const std::uint16_t server_port_;
  const Harm harm_;
  runtime::Descriptor listening_;
  std::mt19937 random_{seed()};
  std::atomic<bool> is_good_{false};
  std::atomic<bool> is_ending_{false};
  std::atomic<int> flips_{0};
  std::atomic<int> cuts_{0};
  std::thread thread_;
};

}  // namespace slm::testing

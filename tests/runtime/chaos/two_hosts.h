#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/descriptor.h"
#include "tests/runtime/program.h"

namespace slm::testing {

/// Two hosts joined by a cable: network namespaces without names, so that they are gone with this object and
/// the programs that run there, however the test ends. For one thread.
class TwoHosts {
 public:
  enum class Host { edge, cloud };

  /// Empty where this machine, or its user, cannot have them.
  static std::unique_ptr<TwoHosts> make();

  static std::string address(Host host) { return host == Host::edge ? "10.77.0.1" : "10.77.0.2"; }
  /// Does what starts programs, which then live on that host.
  template <class Start>
  auto on(Host host, Start start) const {
    const Visit visit{*this, host};
    return start();
  }

  /// Takes the cable out of that host, or puts it back.
  void set_cable(Host host, bool is_in) const;
  /// Whatever comes to that host is lost from now on, while what it sends arrives. False where the kernel
  /// cannot.
  bool deafen(Host host) const;
  void undeafen(Host host) const;
  /// Delays what is sent either way, loses some of it, and swaps some where the kernel can. False where it
  /// cannot.
  bool disturb() const;

 private:
  class Visit {
   public:
    Visit(const TwoHosts& hosts, Host host);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    const TwoHosts& hosts_;
  };

  TwoHosts();
  bool run(Host host, const std::string& command) const;
  bool drop(Host host, const std::string& filter) const;

  runtime::Descriptor home_;
  runtime::Descriptor edge_;
  runtime::Descriptor cloud_;
};

}  // namespace slm::testing

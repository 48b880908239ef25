#include "tests/runtime/chaos/two_hosts.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace slm::testing {
namespace {

using runtime::Descriptor;

Descriptor this_network() {
  return Descriptor::owned(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

/// Where other programs find it, too.
std::string path_of(const Descriptor& descriptor) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor.get());
}

// Classic BPF, as tc takes it (tc-bpf(8)); 2 drops a packet and 0 lets it through.
constexpr const char* kAll = "1,6 0 0 2";
constexpr const char* kOneOf30 = "4,32 0 0 4294963256,37 0 1 4151801719,6 0 0 2,6 0 0 0";

}  // namespace

TwoHosts::Visit::Visit(const TwoHosts& hosts, Host host) : hosts_{hosts} {
  const auto& network = host == Host::edge ? hosts.edge_ : hosts.cloud_;
  if (::setns(network.get(), CLONE_NEWNET) != 0) throw std::runtime_error("cannot enter a host");
}

TwoHosts::Visit::~Visit() {
  if (::setns(hosts_.home_.get(), CLONE_NEWNET) != 0) std::abort();
}

TwoHosts::TwoHosts() : home_{this_network()} {}

std::unique_ptr<TwoHosts> TwoHosts::make() {
  std::unique_ptr<TwoHosts> hosts{new TwoHosts};
  for (auto* network : {&hosts->edge_, &hosts->cloud_}) {
    if (::unshare(CLONE_NEWNET) != 0) return nullptr;
    *network = this_network();
    if (::setns(hosts->home_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  if (!hosts->run(Host::edge, "ip link add wire type veth peer name wire netns " + path_of(hosts->cloud_)))
    return nullptr;
  for (const Host host : {Host::edge, Host::cloud}) {
    if (!hosts->run(host, "ip address add " + address(host) + "/24 dev wire") ||
        !hosts->run(host, "ip link set wire up"))
      return nullptr;
  }
  return hosts;
}

bool TwoHosts::run(Host host, const std::string& command) const {
  std::vector<std::string> words{"/usr/bin/env"};
  std::istringstream stream{command};
  for (std::string word; stream >> word;) words.push_back(word);
  return on(host, [&] { return Program{words}.wait().exit_code == 0; });
}

void TwoHosts::set_cable(Host host, bool is_in) const {
  if (!run(host, is_in ? "ip link set wire up" : "ip link set wire down"))
    throw std::runtime_error("no hand at the cable");
}

bool TwoHosts::drop(Host host, const std::string& filter) const {
  // One word of tc's, with blanks in it.
  const std::vector<std::string> words{"/usr/bin/env", "tc",  "filter", "add",      "dev", "wire",
                                       "ingress",      "bpf", "da",     "bytecode", filter};
  return run(host, "tc qdisc add dev wire clsact") &&
         on(host, [&] { return Program{words}.wait().exit_code == 0; });
}

bool TwoHosts::deafen(Host host) const {
  return drop(host, kAll);
}

void TwoHosts::undeafen(Host host) const {
  run(host, "tc qdisc del dev wire clsact");
}

bool TwoHosts::disturb() const {
  const auto disturb = [this](Host host) {
    if (run(host, "tc qdisc add dev wire root netem delay 5ms 3ms loss 3% reorder 10%")) return true;
    // Without netem: a line that is so narrow that it delays, and that loses what a filter picks.
    return run(host, "tc qdisc add dev wire root tbf rate 20mbit burst 5kb latency 30ms") &&
           drop(host, kOneOf30);
  };
  return disturb(Host::edge) && disturb(Host::cloud);
}

}  // namespace slm::testing

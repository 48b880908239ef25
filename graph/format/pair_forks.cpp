#include <algorithm>
#include <optional>

#include "graph/format/checks.h"

namespace slm {
namespace {

/// A port with several targets.
struct Fork {
  std::size_t node;
  std::size_t port;
  bool operator==(const Fork&) const = default;
};

/// Carries the forks that are open at each node from the entry down. Where two ways meet, they must agree.
class Pairing {
 public:
  Pairing(PipelineSpec& spec, Document& document)
      : spec_{spec},
        document_{document},
        open_at_(spec.nodes.size()),
        is_reported_(spec.nodes.size(), false) {}

  void run() {
    arrive(spec_.entry, {});
    for (std::size_t node = 0; node < spec_.nodes.size(); ++node) {
      for (const PortSpec& port : spec_.nodes[node].ports) {
        if (port.targets.size() > 1 && !port.gathered_by && open_at_[node] && !has_failed_)
          report(node,
                 "node `" + spec_.nodes[node].name + "` forks by `" + port.name +
                     "`, and no join gathers its branches; expected them to lead to one node of type `join`");
      }
    }
  }

 private:
  using Forks = std::vector<Fork>;

  void arrive(std::size_t node, const Forks& open) {
    if (open_at_[node]) {
      if (*open_at_[node] != open)
        report(node,
               "node `" + spec_.nodes[node].name +
                   "` is reached both inside and outside a fork, or from two forks; expected one of them");
      return;
    }
    open_at_[node] = open;
    leave(node, open);
  }

  void leave(std::size_t node, Forks open) {
    NodeSpec& spec = spec_.nodes[node];
    if (spec.type->is_join) {
      if (open.empty())
        return report(node,
                      "join `" + spec.name + "` has no fork before it; expected a `to` with several nodes");
      PortSpec& fork = spec_.nodes[open.back().node].ports[open.back().port];
      if (fork.gathered_by && *fork.gathered_by != node)
        report(node, "join `" + spec.name + "` and join `" + spec_.nodes[*fork.gathered_by].name +
                         "` gather the same fork `" + spec_.nodes[open.back().node].name +
                         "`; expected one join");
      fork.gathered_by = node;
      open.pop_back();
    }
    for (std::size_t port = 0; port < spec.ports.size(); ++port) {
      Forks further = open;
      if (spec.ports[port].targets.size() > 1) further.push_back({node, port});
      for (const std::size_t target : spec.ports[port].targets) arrive(target, further);
    }
  }

  void report(std::size_t node, std::string message) {
    has_failed_ = true;
    if (is_reported_[node]) return;
    is_reported_[node] = true;
    document_.problems.push_back({document_.file, spec_.nodes[node].place, std::move(message)});
  }

  PipelineSpec& spec_;
  Document& document_;
  std::vector<std::optional<Forks>> open_at_;
  std::vector<bool> is_reported_;
  bool has_failed_ = false;
};

}  // namespace

void pair_forks_and_joins(PipelineSpec& spec, Document& document) {
  Pairing{spec, document}.run();
}

}  // namespace slm

#include <algorithm>
#include <optional>
#include <utility>

#include "graph/format/checks.h"

namespace slm {
namespace {

/// A port with several targets, and the fork that it stands in: a list from the innermost outwards.
struct Fork {
  std::size_t node;
  std::size_t port;
  std::optional<std::size_t> outer;  ///< position in the list of forks
};

/// Carries the forks that are open at each node from the entry down. Where two ways meet, they must agree.
class Pairing {
 public:
  Pairing(PipelineSpec& spec, Document& document)
      : spec_{spec},
        document_{document},
        open_at_(spec.nodes.size()),
        leads_to_join_(spec.nodes.size(), false),
        is_reported_(spec.nodes.size(), false) {}

  void run() {
    const std::vector<std::size_t> order = flow_order(spec_);
    arrive(spec_.entry, std::nullopt);
    for (const std::size_t node : order) leave(node);
    check_gathered();
    if (has_failed_) return;
    check_endings(order);
    check_branches(order);
  }

 private:
  using Open = std::optional<std::size_t>;  ///< the innermost fork; empty: none

  const NodeSpec& node_of(const Fork& fork) const { return spec_.nodes[fork.node]; }
  const NodeSpec& join_of(const Fork& fork) const {
    return spec_.nodes[*spec_.nodes[fork.node].ports[fork.port].gathered_by];
  }

  void arrive(std::size_t node, Open open) {
    if (!open_at_[node]) {
      open_at_[node] = open;
      return;
    }
    if (*open_at_[node] != open)
      report(node,
             "node `" + spec_.nodes[node].name +
                 "` is reached both inside and outside a fork, or from two forks; expected one of them");
  }

  void leave(std::size_t node) {
    // Beyond a node where the ways do not agree, none is right.
    if (!open_at_[node] || is_reported_[node]) return;
    NodeSpec& spec = spec_.nodes[node];
    if (spec.type->is_join && !gather(node)) return;
    const Open open = open_after(node);
    for (std::size_t port = 0; port < spec.ports.size(); ++port) {
      Open further = open;
      if (spec.ports[port].targets.size() > 1) {
        further = forks_.size();
        forks_.push_back({node, port, open});
      }
      for (const std::size_t target : spec.ports[port].targets) arrive(target, further);
    }
  }

  bool gather(std::size_t node) {
    const NodeSpec& join = spec_.nodes[node];
    if (!*open_at_[node]) {
      report(node, "join `" + join.name + "` has no fork before it; expected a `to` with several nodes");
      return false;
    }
    const Fork& fork = forks_[**open_at_[node]];
    PortSpec& port = spec_.nodes[fork.node].ports[fork.port];
    if (port.gathered_by)
      report(node, "join `" + join.name + "` and join `" + spec_.nodes[*port.gathered_by].name +
                       "` gather the same fork `" + node_of(fork).name + "`; expected one join");
    port.gathered_by = node;
    return true;
  }

  /// The forks that are open once a message has passed the node.
  Open open_after(std::size_t node) const {
    const Open open = *open_at_[node];
    return open && spec_.nodes[node].type->is_join ? forks_[*open].outer : open;
  }

  void check_gathered() {
    for (const Fork& fork : forks_) {
      const PortSpec& port = node_of(fork).ports[fork.port];
      if (!port.gathered_by && !has_failed_)
        report(fork.node,
               "node `" + node_of(fork).name + "` forks by `" + port.name +
                   "`, and no join gathers its branches; expected them to lead to one node of type `join`");
    }
  }

  /// A branch that is rejected or abstains on the way says so to the join; one that ends answered can only
  /// have been meant to go on.
  void check_endings(const std::vector<std::size_t>& order) {
    for (const std::size_t node : order) {
      const Open open = open_after(node);
      if (!open) continue;
      for (const PortSpec& port : spec_.nodes[node].ports) {
        if (!port.targets.empty() || port.when_open != OutcomeKind::answered) continue;
        const std::string of = port.name == "to" ? "" : " of `" + port.name + '`';
        report(node, "node `" + spec_.nodes[node].name + "` is inside the fork of `" +
                         node_of(forks_[*open]).name + "` and has no `to`" + of +
                         ", so that its answer would be dropped; expected a way to join `" +
                         join_of(forks_[*open]).name + '`');
        leads_to_join_[node] = true;  // one mistake, one message
      }
    }
  }

  /// Whether a message that is sent to `target` can come to the join of the innermost fork that is open
  /// there.
  bool arrives(std::size_t target) const {
    return spec_.nodes[target].type->is_join || leads_to_join_[target];
  }

  bool leads_to_join(const PortSpec& port, const Open& open) const {
    const bool arrives_at_next =
        std::any_of(port.targets.begin(), port.targets.end(), [&](std::size_t to) { return arrives(to); });
    if (port.targets.size() < 2) return arrives_at_next;
    return open && arrives_at_next && leads_to_join_[*port.gathered_by];
  }

  void check_branches(const std::vector<std::size_t>& order) {
    for (auto node = order.rbegin(); node != order.rend(); ++node) {
      for (const PortSpec& port : spec_.nodes[*node].ports)
        leads_to_join_[*node] = leads_to_join_[*node] || leads_to_join(port, open_after(*node));
    }
    for (const Fork& fork : forks_) {
      for (const std::size_t branch : node_of(fork).ports[fork.port].targets) {
        if (!arrives(branch))
          report(branch, "node `" + spec_.nodes[branch].name + "` begins a branch of fork `" +
                             node_of(fork).name + "` that never comes to join `" + join_of(fork).name +
                             "`; expected a way there");
      }
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
  std::vector<Fork> forks_;
  std::vector<std::optional<Open>> open_at_;  ///< empty: not reached yet
  std::vector<bool> leads_to_join_;
  std::vector<bool> is_reported_;
  bool has_failed_ = false;
};

}  // namespace

void pair_forks_and_joins(PipelineSpec& spec, Document& document) {
  Pairing{spec, document}.run();
}

}  // namespace slm

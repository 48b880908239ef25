#include <tuple>

#include "graph/format/checks.h"
#include "graph/placement.h"

namespace slm {
namespace {

/// A bound name is that of a network interface; one of DNS cannot be bound.
bool is_interface(const std::string& name) {
  constexpr std::size_t kLongest = 15;
  const std::size_t dot = name.find('.');
  const bool is_vlan =
      dot != std::string::npos && name.find_first_not_of("0123456789", dot + 1) == std::string::npos;
  return name != "localhost" && name.size() <= kLongest && (dot == std::string::npos || is_vlan);
}

class ProcessCheck {
 public:
  /// `who` is what problems call it.
  ProcessCheck(const ProcessSpec& process, std::string who, Document& document)
      : process_{process}, who_{std::move(who)}, document_{document} {}

  void run() const {
    check_addresses();
    if (process_.listen)
      check_listener();
    else
      check_client();
  }

 private:
  void problem(Place place, const std::string& message) const {
    document_.problems.push_back({document_.file, place, who_ + ' ' + message});
  }

  void check_addresses() const {
    const auto& [listen, connect] = std::tie(process_.listen, process_.connect);
    if (listen && listen->is_named() && !is_interface(listen->host))
      problem(listen->place, "listens on the name `" + listen->host +
                                 "`; expected `*`, an IP address such as 127.0.0.1 or a network interface");
    if (connect && !listen)
      problem(connect->place, "has `connect` but no `listen`, so that nobody binds the address");
    if (connect && (connect->is_wildcard() || connect->text().ends_with(":*")))
      problem(connect->place,
              "cannot be found at `" + connect->text() + "`; expected the host's name or address");
  }

  void check_listener() const {
    const bool has_keys = process_.secret_key.has_value();
    if (has_keys && process_.insecure)
      problem(process_.secret_key->place, "has a `secret_key` and `insecure: true`; expected one of them");
    if (has_keys && !process_.authorized_clients)
      problem(process_.secret_key->place,
              "listens with a `secret_key` but has no `authorized_clients`; expected a folder with the "
              "public keys "
              "of those let in");
    if (has_keys) return;
    check_needs_secret_key();
    if (process_.insecure) return;
    for (const auto& endpoint : {process_.listen, process_.connect}) {
      if (!endpoint || endpoint->is_local()) continue;
      return problem(
          endpoint->place,
          "would speak plain text at `" + endpoint->text() +
              "`, where other machines reach it; expected `secret_key`, `public_key` and "
              "`authorized_clients` (`slm-graph keygen` makes keys), an address on loopback or `ipc://`, "
              "or `insecure: true`");
    }
  }

  void check_needs_secret_key() const {
    if (process_.public_key)
      problem(process_.public_key->place, "has a `public_key` but no `secret_key` to prove it with");
    if (process_.authorized_clients)
      problem(process_.authorized_clients->place,
              "has `authorized_clients` but no `secret_key`, without which it cannot tell who connects");
  }

  void check_client() const {
    const std::string nobody_connects = " but no `listen`, without which nobody connects to it";
    if (process_.public_key) problem(process_.public_key->place, "has a `public_key`" + nobody_connects);
    if (process_.authorized_clients)
      problem(process_.authorized_clients->place, "has `authorized_clients`" + nobody_connects);
    if (process_.insecure) problem(process_.place, "has `insecure: true`" + nobody_connects);
  }

  const ProcessSpec& process_;
  const std::string who_;
  Document& document_;
};

/// `connects` is how problems begin.
void check_connection(const ProcessSpec& client, const ProcessSpec& server, const std::string& connects,
                      Document& document) {
  const auto problem = [&](Place place, const std::string& message) {
    document.problems.push_back({document.file, place, message});
  };
  if (!server.connect && server.listen->is_wildcard())
    problem(server.listen->place,
            connects + "listens on every address and has no `connect`; expected where it is found");
  if (!server.secret_key) return;
  if (!server.public_key)
    problem(server.secret_key->place, connects + "has a `secret_key` but no `public_key` to be known by");
  if (!client.secret_key)
    problem(client.place, connects + "has keys, and has no `secret_key` of its own to be let in with");
}

}  // namespace

void check_processes(const PipelineSpec& spec,
                     const std::vector<std::pair<std::string, ProcessEntry>>& entries, Document& document) {
  for (std::size_t i = 0; i < spec.processes.size(); ++i) {
    if (!entries[i].second.is_well_read) continue;
    const ProcessSpec& process = spec.processes[i];
    const std::string who = "process `" + process.name + '`';
    ProcessCheck{process, who, document}.run();
    if (!process.workers) continue;
    const ProcessSpec dispatcher = process.dispatcher();
    ProcessCheck{dispatcher, who + " for its `workers`", document}.run();
    check_connection(process.worker(), dispatcher, "a worker connects to " + who + ", which for `workers` ",
                     document);
  }
}

void check_calls(const PipelineSpec& spec, Document& document) {
  for (const Call& call : calls_of(spec)) {
    const ProcessSpec& server = *spec.process(call.callee);
    if (server.listen)
      check_connection(*spec.process(call.caller), server,
                       "process `" + call.caller + "` connects to `" + call.callee + "`, which ", document);
  }
}

}  // namespace slm

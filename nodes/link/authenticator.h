#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "nodes/link/allow_list.h"
#include "nodes/link/curve_keys.h"
#include "nodes/link/refusal_log.h"

namespace slm::link {

/// Who sent a message, as the authenticator of the receiving socket has it.
struct KnownClient {
  std::string name;  ///< of the file that its key is in, up to the first dot
  PublicKey key;

  bool operator==(const KnownClient&) const = default;
};

/// Of a message that came over an authenticated connection; empty where it did not.
std::optional<KnownClient> client_of(zmq::message_t& message);

struct AuthenticatorOptions {
  /// Told of refusals and of what is wrong with the folders, for the log: on the authenticator's thread, or
  /// on that which calls `admit`. It must not throw, nor call the authenticator.
  std::function<void(const std::string& message)> report = [](const std::string&) {};

  // Performance

  /// How long a change of a folder can go unnoticed where no client asks. A large folder is looked at more
  /// seldom, so that this takes at most a hundredth of a processor.
  std::chrono::milliseconds refresh_interval{1000};
};

/// Counts since the beginning.
struct AuthenticatorStats {
  std::uint64_t admitted = 0;  ///< handshakes
  std::uint64_t refused = 0;   ///< handshakes
  std::size_t clients = 0;     ///< keys let in now
  std::size_t ignored = 0;     ///< entries of the folders that are no clients' keys, now
};

/// Decides, for all sockets of a ZeroMQ context, which clients may connect: those that prove by CURVE that
/// they own a key of their server's folder. It answers libzmq's requests (ZAP, ZeroMQ RFC 27) on a thread of
/// its own.
///
/// A server is known by its domain, which `secure_server` gives its socket; one whose domain has no folder
/// admits nobody, and where there is no authenticator at all, neither. A client whose key is taken away is
/// refused from its next handshake on; a session that stands is the server's to end, which `generation` and
/// `is_admitted` are for.
///
/// One for each context, which must outlive it. Every function may be called from any thread.
class Authenticator {
 public:
  explicit Authenticator(zmq::context_t& context, AuthenticatorOptions options = {});
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  /// Admits the clients of the folder, which is read before this returns, to the servers of a domain; an
  /// earlier folder of that domain no longer counts.
  void admit(const std::string& domain, const std::filesystem::path& folder);
  /// Admits nobody to that domain any more.
  void close(const std::string& domain);

  /// Grows whenever some client's key was added to a domain or taken from it. Costs next to nothing.
  std::uint64_t generation() const { return generation_; }
  /// Whether the client would still be let in, under the name that it has.
  bool is_admitted(const std::string& domain, const KnownClient& client) const;
  AuthenticatorStats stats() const;

 private:
  struct Domain;
  struct Request;
  using Clock = std::chrono::steady_clock;

  static Request request_of(const std::vector<std::string>& frames);
  void serve();
  void answer(const Request& request);
  std::optional<std::string> find(const Request& request);
  void tell_refusal(const Request& request);
  std::chrono::milliseconds refresh_due();
  void publish(Domain& changed);
  std::shared_ptr<Domain> domain(const std::string& name) const;

  AuthenticatorOptions options_;
  zmq::socket_t requests_;
  zmq::socket_t stop_receiver_;
  zmq::socket_t stop_sender_;
  RefusalLog refusals_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::uint64_t> admitted_{0};
  std::atomic<std::uint64_t> refused_{0};
  mutable std::mutex mutex_;  ///< of the map, and of what its domains publish
  std::map<std::string, std::shared_ptr<Domain>> domains_;
  std::thread thread_;
};

}  // namespace slm::link

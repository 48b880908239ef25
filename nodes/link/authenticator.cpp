#include "nodes/link/authenticator.h"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nodes/link/inproc_address.h"

namespace slm::link {
namespace {

constexpr const char* kZapAddress = "inproc://zeromq.zap.01";
constexpr const char* kZapVersion = "1.0";
constexpr const char* kKeyProperty = "X-Client-Key";
constexpr const char* kNameProperty = "User-Id";

/// A look at the folders takes at most this share of the time: the first where nobody asks, the second where
/// strangers knock.
constexpr int kIdleShare = 100;
constexpr int kStrangersShare = 10;

std::vector<std::string> receive_frames(zmq::socket_t& socket) {
  std::vector<std::string> frames;
  zmq::message_t frame;
  do {
    static_cast<void>(socket.recv(frame));
    frames.push_back(frame.to_string());
  } while (frame.more());
  return frames;
}

/// A property of ZMTP's metadata, which libzmq gives with every message of the connection.
std::string property(const std::string& name, const std::string& value) {
  std::string text(1, static_cast<char>(name.size()));
  text += name;
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>((value.size() >> shift) & 0xFFU);
  return text + value;
}

/// What strangers sent is shown only where it is plain.
std::string shown(const std::string& text) {
  constexpr std::size_t kLongest = 100;
  std::string plain = text.substr(0, kLongest);
  std::replace_if(
      plain.begin(), plain.end(), [](unsigned char c) { return c < ' ' || c >= 0x7f; }, '?');
  return plain;
}

}  // namespace

struct Authenticator::Request {
  std::string id;
  std::string domain;
  std::string address;
  std::string mechanism;
  std::optional<PublicKey> key;  ///< which the client has proved to own
};

struct Authenticator::Domain {
  // The authenticator's thread alone.
  AllowList list;
  Clock::time_point refreshed;
  // Under the authenticator's mutex.
  std::shared_ptr<const Clients> clients;
  std::size_t ignored = 0;

  Clock::time_point due(Clock::duration interval) const {
    return refreshed + std::max<Clock::duration>(interval, kIdleShare * list.refresh_cost());
  }
};

Authenticator::Request Authenticator::request_of(const std::vector<std::string>& frames) {
  constexpr std::size_t kCredentials = 6;
  if (frames.size() < kCredentials || frames[0] != kZapVersion) return {};
  Request request{frames[1], frames[2], frames[3], frames[5], std::nullopt};
  if (frames.size() == kCredentials + 1 && request.mechanism == "CURVE")
    request.key = PublicKey::of_bytes(frames[kCredentials]);
  return request;
}

std::optional<KnownClient> client_of(zmq::message_t& message) {
  // Asked in C: cppzmq throws where a property is missing.
  const char* name = zmq_msg_gets(message.handle(), kNameProperty);
  const char* key_text = zmq_msg_gets(message.handle(), kKeyProperty);
  if (!name || !key_text) return std::nullopt;
  const auto key = PublicKey::of_text(key_text);
  if (!key) return std::nullopt;
  return KnownClient{name, *key};
}

Authenticator::Authenticator(zmq::context_t& context, AuthenticatorOptions options)
    : options_{std::move(options)},
      requests_{context, zmq::socket_type::rep},
      stop_receiver_{context, zmq::socket_type::pair},
      stop_sender_{context, zmq::socket_type::pair} {
  for (zmq::socket_t* socket : {&requests_, &stop_receiver_, &stop_sender_})
    socket->set(zmq::sockopt::linger, 0);
  const std::string stop = new_inproc_address();
  stop_receiver_.bind(stop);
  stop_sender_.connect(stop);
  requests_.bind(kZapAddress);
  thread_ = std::thread{[this] { serve(); }};
}

Authenticator::~Authenticator() {
  try {
    stop_sender_.send(zmq::message_t{}, zmq::send_flags::none);
  } catch (const zmq::error_t&) {
    // The context is being shut down, and the thread has seen that for itself.
  }
  thread_.join();
}

void Authenticator::admit(const std::string& domain, const std::filesystem::path& folder) {
  auto added = std::make_shared<Domain>(Domain{AllowList{folder, options_.report}, Clock::now(), nullptr, 0});
  added->clients = added->list.clients();
  added->ignored = added->list.ignored();
  const std::lock_guard lock{mutex_};
  domains_[domain] = std::move(added);
  ++generation_;
}

void Authenticator::close(const std::string& domain) {
  const std::lock_guard lock{mutex_};
  domains_.erase(domain);
  ++generation_;
}

bool Authenticator::is_admitted(const std::string& domain_name, const KnownClient& client) const {
  std::shared_ptr<const Clients> clients;
  {
    const std::lock_guard lock{mutex_};
    const auto found = domains_.find(domain_name);
    if (found == domains_.end()) return false;
    clients = found->second->clients;
  }
  const auto found = clients->find(client.key);
  return found != clients->end() && found->second == client.name;
}

AuthenticatorStats Authenticator::stats() const {
  AuthenticatorStats stats{.admitted = admitted_, .refused = refused_};
  const std::lock_guard lock{mutex_};
  for (const auto& [name, domain] : domains_) {
    stats.clients += domain->clients->size();
    stats.ignored += domain->ignored;
  }
  return stats;
}

void Authenticator::serve() {
  ::pthread_setname_np(::pthread_self(), "slm-zap");
  // The signals of the process are other threads' business, and would interrupt libzmq's calls.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  try {
    std::vector<zmq::pollitem_t> items{{requests_.handle(), 0, ZMQ_POLLIN, 0},
                                       {stop_receiver_.handle(), 0, ZMQ_POLLIN, 0}};
    while (true) {
      zmq::poll(items, refresh_due());
      if (items[1].revents != 0) return;
      if (items[0].revents != 0) answer(request_of(receive_frames(requests_)));
    }
  } catch (const std::exception& error) {
    // Without this thread no handshake succeeds any more, which is as it should be where the context goes.
    const auto* shutdown = dynamic_cast<const zmq::error_t*>(&error);
    if (!shutdown || shutdown->num() != ETERM)
      options_.report(std::string{"no client is let in any more: "} + error.what());
  }
}

void Authenticator::answer(const Request& request) {
  const std::optional<std::string> client = find(request);
  std::vector<std::string> frames{kZapVersion, request.id, "400", "not among the authorized clients", "", ""};
  if (client) {
    ++admitted_;
    refusals_.forget(request.key->text());
    frames = {kZapVersion, request.id, "200", "", *client, property(kKeyProperty, request.key->text())};
  } else {
    ++refused_;
    tell_refusal(request);
  }
  for (std::size_t i = 0; i < frames.size(); ++i)
    requests_.send(zmq::buffer(frames[i]),
                   i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
}

std::shared_ptr<Authenticator::Domain> Authenticator::domain(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = domains_.find(name);
  return found == domains_.end() ? nullptr : found->second;
}

std::optional<std::string> Authenticator::find(const Request& request) {
  const std::shared_ptr<Domain> asked = domain(request.domain);
  if (!asked || !request.key) return std::nullopt;
  auto client = asked->list.find(*request.key);
  // A key may have come a moment ago; strangers shall not keep us reading, though.
  if (!client && Clock::now() - asked->refreshed >= kStrangersShare * asked->list.refresh_cost()) {
    asked->list.refresh();
    asked->refreshed = Clock::now();
    client = asked->list.find(*request.key);
  }
  publish(*asked);
  return client;
}

void Authenticator::publish(Domain& changed) {
  const std::lock_guard lock{mutex_};
  changed.ignored = changed.list.ignored();
  if (changed.clients == changed.list.clients()) return;
  changed.clients = changed.list.clients();
  ++generation_;
}

void Authenticator::tell_refusal(const Request& request) {
  const std::string from = "a client at " + shown(request.address) + " is refused: ";
  const auto served = domain(request.domain);
  std::string what = from;
  if (!request.key)
    what += "it comes without a key (" + shown(request.mechanism) + ")";
  else if (!served)
    what += "there are no authorized clients of `" + shown(request.domain) + "`";
  else
    what += "its key " + request.key->text() + " is not in " + served->list.folder().string();
  const std::string caller = request.key ? request.key->text() : request.mechanism + request.address;
  if (const auto line = refusals_.tell(caller, what, Clock::now())) options_.report(*line);
}

std::chrono::milliseconds Authenticator::refresh_due() {
  std::vector<std::shared_ptr<Domain>> domains;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [name, found] : domains_) domains.push_back(found);
  }
  Clock::time_point next = Clock::now() + std::chrono::seconds{1};
  for (const auto& found : domains) {
    if (found->due(options_.refresh_interval) <= Clock::now()) {
      found->list.refresh();
      found->refreshed = Clock::now();
      publish(*found);
    }
    next = std::min(next, found->due(options_.refresh_interval));
  }
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(next - Clock::now(), Clock::duration{0}));
}

}  // namespace slm::link

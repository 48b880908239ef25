// Real sockets on loopback.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "nodes/link/authenticator.h"
#include "nodes/link/connection_monitor.h"
#include "nodes/link/secure_socket.h"
#include "nodes/link/server_keys.h"
#include "tests/nodes/link/key_folder.h"

namespace slm::link {
namespace {

using testing::KeyFolder;

constexpr std::chrono::seconds kLimit{30};
/// A handshake that nobody answers lasts this long; one that is answered is over long before.
constexpr std::chrono::seconds kUnanswered{1};
constexpr const char* kDomain = "tcp://*:5555";

/// What the authenticator reported, from any thread.
class Reports {
 public:
  void add(const std::string& message) {
    const std::lock_guard lock{mutex_};
    messages_.push_back(message);
  }
  std::ptrdiff_t count_with(const std::string& part) const {
    const std::lock_guard lock{mutex_};
    return std::count_if(messages_.begin(), messages_.end(),
                         [&](const std::string& message) { return message.find(part) != std::string::npos; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
};

bool becomes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// libzmq lets go of an address some time after `unbind`.
bool is_bound(zmq::socket_t& socket, const std::string& address) {
  return zmq_bind(socket.handle(), address.c_str()) == 0;
}

/// The next thing that happens, of those that are waited for.
std::optional<ConnectionEvent> next_of(ConnectionMonitor& monitor,
                                       std::initializer_list<ConnectionEvent> wanted) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (std::chrono::steady_clock::now() < deadline) {
    while (const auto event = monitor.next()) {
      if (std::find(wanted.begin(), wanted.end(), *event) != wanted.end()) return event;
    }
    std::vector<zmq::pollitem_t> items{{monitor.events().handle(), 0, ZMQ_POLLIN, 0}};
    zmq::poll(items, std::chrono::milliseconds{100});
  }
  return std::nullopt;
}

/// How a handshake ends.
std::optional<ConnectionEvent> verdict(ConnectionMonitor& monitor) {
  return next_of(monitor, {ConnectionEvent::ready, ConnectionEvent::refused, ConnectionEvent::broken_off,
                           ConnectionEvent::incompatible});
}

class Server {
 public:
  Server(zmq::context_t& context, const ServerSecurity& security)
      : socket_{context, zmq::socket_type::router}, monitor_{context, socket_} {
    secure_server(socket_, security);
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(std::chrono::milliseconds{kLimit}.count()));
    socket_.bind("tcp://127.0.0.1:*");
    address_ = socket_.get(zmq::sockopt::last_endpoint);
  }

  zmq::socket_t& socket() { return socket_; }
  ConnectionMonitor& monitor() { return monitor_; }
  const std::string& address() const { return address_; }

  /// The sender of the next message, which must say `text`.
  std::optional<KnownClient> receive(const std::string& text) {
    zmq::message_t identity, message;
    if (!socket_.recv(identity)) return std::nullopt;
    static_cast<void>(socket_.recv(message));
    EXPECT_EQ(message.to_string(), text);
    return client_of(message);
  }
  bool has_message() {
    std::vector<zmq::pollitem_t> items{{socket_.handle(), 0, ZMQ_POLLIN, 0}};
    return zmq::poll(items, std::chrono::milliseconds{0}) > 0;
  }

 private:
  zmq::socket_t socket_;
  ConnectionMonitor monitor_;
  std::string address_;
};

class Client {
 public:
  Client(zmq::context_t& context, const ClientSecurity& security, const std::string& address)
      : socket_{context, zmq::socket_type::dealer}, monitor_{context, socket_}, address_{address} {
    socket_.set(zmq::sockopt::reconnect_ivl, 10);
    secure_client(socket_, security);
    socket_.connect(address_);
  }

  void connect_again(const ClientSecurity& security) {
    disconnect();
    secure_client(socket_, security);
    socket_.connect(address_);
  }
  void disconnect() {
    try {
      socket_.disconnect(address_);
    } catch (const zmq::error_t&) {
      // libzmq has given it up already.
    }
  }
  void send(const std::string& text) { socket_.send(zmq::buffer(text), zmq::send_flags::none); }
  ConnectionMonitor& monitor() { return monitor_; }

 private:
  zmq::socket_t socket_;
  ConnectionMonitor monitor_;
  std::string address_;
};

class LinkSecurity : public ::testing::Test {
 protected:
  ServerSecurity server_security(std::chrono::milliseconds handshake_timeout = kLimit) const {
    return {.secret_key = server_key_, .domain = kDomain, .limits = {.handshake_timeout = handshake_timeout}};
  }
  ClientSecurity client_security(const SecretKey& key) const {
    return {.secret_key = key, .server_key = server_key_.public_key()};
  }

  zmq::context_t context_;
  KeyFolder folder_;
  Reports reports_;
  SecretKey server_key_ = new_secret_key();
  Authenticator authenticator_{context_,
                               {.report = [this](const std::string& message) { reports_.add(message); },
                                .refresh_interval = std::chrono::milliseconds{1}}};
};

TEST_F(LinkSecurity, AKnownKeyGetsInUnderItsName) {
  const SecretKey edge = folder_.add("edge"), kiosk = folder_.add("kiosk.2026");
  authenticator_.admit(kDomain, folder_.path());
  Server server{context_, server_security()};
  Client first{context_, client_security(edge), server.address()};
  first.send("hello");
  EXPECT_EQ(server.receive("hello"), (KnownClient{"edge", edge.public_key()}));
  Client second{context_, client_security(kiosk), server.address()};
  second.send("hi");
  EXPECT_EQ(server.receive("hi"), (KnownClient{"kiosk", kiosk.public_key()}));
  EXPECT_EQ(authenticator_.stats().admitted, 2U);
  EXPECT_EQ(authenticator_.stats().clients, 2U);
}

TEST_F(LinkSecurity, AnUnknownKeyIsRefusedAndToldOnce) {
  folder_.add("edge");
  authenticator_.admit(kDomain, folder_.path());
  Server server{context_, server_security()};
  const SecretKey stranger = new_secret_key();
  Client client{context_, client_security(stranger), server.address()};
  client.send("let me in");
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::refused);
  EXPECT_EQ(verdict(server.monitor()), ConnectionEvent::refused);
  client.connect_again(client_security(stranger));
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::refused);
  EXPECT_EQ(authenticator_.stats().refused, 2U);
  EXPECT_EQ(reports_.count_with("a client at 127.0.0.1 is refused: its key " + stranger.public_key().text() +
                                " is not in " + folder_.path().string()),
            1);
  EXPECT_FALSE(server.has_message());
}

TEST_F(LinkSecurity, PlainTextIsRefusedByAServerWithKeys) {
  authenticator_.admit(kDomain, folder_.path());
  Server server{context_, server_security()};
  Client client{context_, {}, server.address()};
  client.send("let me in");
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::incompatible);
  EXPECT_EQ(verdict(server.monitor()), ConnectionEvent::incompatible);
  EXPECT_FALSE(server.has_message());
}

TEST_F(LinkSecurity, AClientWithKeysSpeaksToNoServerInPlainText) {
  const SecretKey edge = folder_.add("edge");
  Server server{context_, {}};
  Client client{context_, client_security(edge), server.address()};
  client.send("a secret");
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::incompatible);
  EXPECT_FALSE(server.has_message());
}

TEST_F(LinkSecurity, AServerWithAnotherKeyThanExpectedIsNotSpokenTo) {
  const SecretKey edge = folder_.add("edge");
  authenticator_.admit(kDomain, folder_.path());
  Server impostor{context_, {.secret_key = new_secret_key(), .domain = kDomain}};
  Client client{context_, client_security(edge), impostor.address()};
  client.send("a secret");
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::broken_off);
  EXPECT_FALSE(impostor.has_message());
}

TEST_F(LinkSecurity, AKeyThatIsAddedGetsInWithoutARestart) {
  authenticator_.admit(kDomain, folder_.path());
  Server server{context_, server_security()};
  const SecretKey edge = new_secret_key();
  Client client{context_, client_security(edge), server.address()};
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::refused);
  const auto before = authenticator_.generation();
  folder_.add("edge", edge);
  ASSERT_TRUE(becomes_true([&] { return authenticator_.generation() > before; }));
  client.connect_again(client_security(edge));
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::ready);
  client.send("hello");
  EXPECT_EQ(server.receive("hello"), (KnownClient{"edge", edge.public_key()}));
}

TEST_F(LinkSecurity, AKeyThatIsTakenAwayIsRefusedAndItsServerLearnsOfIt) {
  const SecretKey edge = folder_.add("edge"), kiosk = folder_.add("kiosk");
  const KnownClient known{"edge", edge.public_key()};
  authenticator_.admit(kDomain, folder_.path());
  Server server{context_, server_security()};
  Client client{context_, client_security(edge), server.address()};
  client.send("hello");
  EXPECT_EQ(server.receive("hello"), known);
  EXPECT_TRUE(authenticator_.is_admitted(kDomain, known));
  EXPECT_FALSE(authenticator_.is_admitted(kDomain, {"kiosk", edge.public_key()}));
  EXPECT_FALSE(authenticator_.is_admitted("another domain", known));

  const auto before = authenticator_.generation();
  folder_.remove("edge");
  EXPECT_TRUE(becomes_true([&] { return authenticator_.generation() > before; }));
  EXPECT_FALSE(authenticator_.is_admitted(kDomain, known));
  EXPECT_TRUE(authenticator_.is_admitted(kDomain, {"kiosk", kiosk.public_key()}));
  client.connect_again(client_security(edge));
  EXPECT_EQ(next_of(client.monitor(), {ConnectionEvent::refused}), ConnectionEvent::refused);
}

TEST_F(LinkSecurity, AKeyIsRefusedFromTheNextHandshakeOnHoweverSeldomTheFolderIsLookedAt) {
  zmq::context_t context;
  Authenticator authenticator{context, {.refresh_interval = std::chrono::hours{1}}};
  const SecretKey edge = folder_.add("edge");
  authenticator.admit(kDomain, folder_.path());
  Server server{context, server_security()};
  folder_.remove("edge");
  Client client{context, client_security(edge), server.address()};
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::refused);
}

TEST_F(LinkSecurity, AKeyThatIsAddedIsLookedForWhenItsClientComes) {
  zmq::context_t context;
  Authenticator authenticator{context, {.refresh_interval = std::chrono::hours{1}}};
  authenticator.admit(kDomain, folder_.path());
  Server server{context, server_security()};
  const SecretKey edge = folder_.add("edge");
  Client client{context, client_security(edge), server.address()};
  // Where the folder was looked at a moment ago, the client is put off.
  EXPECT_TRUE(becomes_true([&] {
    if (verdict(client.monitor()) == ConnectionEvent::ready) return true;
    client.connect_again(client_security(edge));
    return false;
  }));
}

TEST_F(LinkSecurity, ServersOfOneContextHaveTheirOwnClients) {
  const KeyFolder other_folder;
  const SecretKey edge = folder_.add("edge"), other_edge = other_folder.add("edge");
  authenticator_.admit(kDomain, folder_.path());
  authenticator_.admit("other", other_folder.path());
  Server server{context_, server_security()};
  Server other{context_, {.secret_key = server_key_, .domain = "other"}};
  const auto verdict_on = [&](const SecretKey& key, Server& asked) {
    Client client{context_, client_security(key), asked.address()};
    return verdict(client.monitor());
  };
  EXPECT_EQ(verdict_on(edge, server), ConnectionEvent::ready);
  EXPECT_EQ(verdict_on(edge, other), ConnectionEvent::refused);
  EXPECT_EQ(verdict_on(other_edge, server), ConnectionEvent::refused);
  EXPECT_EQ(verdict_on(other_edge, other), ConnectionEvent::ready);
  authenticator_.close("other");
  EXPECT_EQ(verdict_on(other_edge, other), ConnectionEvent::refused);
}

TEST_F(LinkSecurity, AServerWhoseDomainHasNoClientsAdmitsNobody) {
  Server server{context_, server_security()};
  Client client{context_, client_security(folder_.add("edge")), server.address()};
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::refused);
  EXPECT_EQ(reports_.count_with("there are no authorized clients of `tcp://*:5555`"), 1);
}

TEST_F(LinkSecurity, WithoutAnAuthenticatorNobodyIsAdmitted) {
  zmq::context_t context;
  Server server{context, server_security(kUnanswered)};
  Client client{context, client_security(folder_.add("edge")), server.address()};
  client.send("let me in");
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::broken_off);
  EXPECT_FALSE(server.has_message());
}

TEST_F(LinkSecurity, PlainTextNeedsNoAuthenticator) {
  Server server{context_, {}};
  Client client{context_, {}, server.address()};
  client.send("hello");
  EXPECT_EQ(server.receive("hello"), std::nullopt);
}

TEST_F(LinkSecurity, HalfASetOfKeysIsRefusedBeforeAnythingIsSent) {
  zmq::socket_t socket{context_, zmq::socket_type::dealer};
  EXPECT_THROW(secure_client(socket, {.secret_key = server_key_}), std::invalid_argument);
  EXPECT_THROW(secure_client(socket, {.server_key = server_key_.public_key()}), std::invalid_argument);
  EXPECT_THROW(secure_server(socket, {.secret_key = server_key_}), std::invalid_argument);
}

TEST_F(LinkSecurity, AFrameOverTheLimitEndsTheConnection) {
  const SecretKey edge = folder_.add("edge");
  authenticator_.admit(kDomain, folder_.path());
  ServerSecurity security = server_security();
  security.limits.max_frame_bytes = 1000;
  Server server{context_, security};
  Client client{context_, client_security(edge), server.address()};
  client.send("small");
  EXPECT_TRUE(server.receive("small"));
  client.send(std::string(2000, 'x'));
  EXPECT_EQ(next_of(server.monitor(), {ConnectionEvent::lost}), ConnectionEvent::lost);
  EXPECT_FALSE(server.has_message());
}

TEST_F(LinkSecurity, WhoNeverGreetsIsCutOff) {
  authenticator_.admit(kDomain, folder_.path());
  Server server{context_, server_security(std::chrono::milliseconds{20})};
  const Endpoint endpoint = Endpoint::parse(server.address());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  ::inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(silent, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(verdict(server.monitor()), ConnectionEvent::broken_off);
  ::close(silent);
}

TEST_F(LinkSecurity, AServersKeyIsChangedUnderAClientThatKnowsBoth) {
  const SecretKey edge = folder_.add("edge"), next_key = new_secret_key();
  authenticator_.admit(kDomain, folder_.path());
  const auto known = folder_.write("cloud.keys", server_key_.public_key().text() + "\n");
  ServerKeys server_keys{known};
  const auto security = [&] {
    return ClientSecurity{.secret_key = edge, .server_key = server_keys.current()};
  };
  Server server{context_, server_security()};
  Client client{context_, security(), server.address()};
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::ready);

  // The new key is made known, and then taken up.
  folder_.write("cloud.keys", server_key_.public_key().text() + "\n" + next_key.public_key().text() + "\n");
  server.socket().unbind(server.address());
  secure_server(server.socket(), {.secret_key = next_key, .domain = kDomain});
  EXPECT_TRUE(becomes_true([&] { return is_bound(server.socket(), server.address()); }));
  client.connect_again(security());
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::broken_off);
  server_keys.advance();
  EXPECT_EQ(server_keys.current(), next_key.public_key());
  client.connect_again(security());
  EXPECT_EQ(next_of(client.monitor(), {ConnectionEvent::ready}), ConnectionEvent::ready);
  client.send("hello again");
  EXPECT_EQ(server.receive("hello again"), (KnownClient{"edge", edge.public_key()}));
}

TEST_F(LinkSecurity, OnlyOneAuthenticatorFitsAContext) {
  EXPECT_THROW(Authenticator{context_}, zmq::error_t);
}

TEST_F(LinkSecurity, AnAuthenticatorGoesThoughClientsWait) {
  const SecretKey edge = folder_.add("edge");
  zmq::context_t context;
  auto authenticator = std::make_unique<Authenticator>(context);
  authenticator->admit(kDomain, folder_.path());
  Server server{context, server_security(kUnanswered)};
  Client client{context, client_security(edge), server.address()};
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::ready);
  authenticator.reset();
  client.connect_again(client_security(edge));
  EXPECT_EQ(verdict(client.monitor()), ConnectionEvent::broken_off);
}

TEST(ServerKeysOfAFile, AreTriedInTurnAndReadAgain) {
  const testing::TemporaryFolder folder;
  const PublicKey a = new_secret_key().public_key(), b = new_secret_key().public_key(),
                  c = new_secret_key().public_key();
  const auto file = folder.write("cloud.pub", a.text() + "\n" + b.text() + "\n");
  ServerKeys keys{file};
  EXPECT_EQ(keys.current(), a);
  keys.advance();
  EXPECT_EQ(keys.current(), b);
  keys.advance();
  EXPECT_EQ(keys.current(), a);
  folder.write("cloud.pub", "half a ke");
  keys.advance();
  EXPECT_EQ(keys.current(), b);
  folder.write("cloud.pub", c.text());
  keys.advance();
  EXPECT_EQ(keys.current(), c);
  keys.advance();
  EXPECT_EQ(keys.current(), c);
}

}  // namespace
}  // namespace slm::link

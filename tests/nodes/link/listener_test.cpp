#include "nodes/link/listener.h"

#include <gtest/gtest.h>

#include <thread>

#include "nodes/link/secure_socket.h"
#include "nodes/link/socket.h"
#include "tests/nodes/link/key_folder.h"

namespace slm::link {
namespace {

/// Notes what it is told.
class Notebook : public Host {
 public:
  void receive(const RoutingId&, const std::string& user, Packet packet, Clock::time_point) override {
    heard.push_back(user + (packet.body.type == wire::Body::Hello ? " greets" : " speaks"));
  }
  void complain(const RoutingId&, const std::string&) override { heard.emplace_back("nonsense"); }
  void turn_away(const RoutingId&) override { heard.emplace_back("turned away"); }
  void expel(const RoutingId&, const std::string&) override { heard.emplace_back("expelled"); }
  void lost(const RoutingId&) override { heard.emplace_back("lost"); }
  bool is_connected(const RoutingId&) const override { return true; }
  std::size_t connected() const override { return 1; }

  std::vector<std::string> heard;
};

class ListenerTest : public ::testing::Test {
 protected:
  /// Sends a packet of the client with this key, over a connection that calls itself `peer`.
  void say(const SecretKey& key, const Packet& packet) {
    const std::size_t before = notebook_.heard.size();
    // Over another connection where the server has not noticed yet that the last `peer` is gone.
    for (int attempt = 0; attempt < 60 && notebook_.heard.size() == before; ++attempt) {
      zmq::socket_t socket{context_, zmq::socket_type::dealer};
      socket.set(zmq::sockopt::routing_id, "peer");
      secure_client(socket, {.secret_key = key, .server_key = server_key_.public_key(), .limits = {}});
      link::connect(socket, Endpoint::parse(listener_.address()));
      send(socket, nullptr, encode(packet));
      const auto again = Clock::now() + std::chrono::milliseconds{500};
      while (notebook_.heard.size() == before && Clock::now() < again) {
        listener_.serve(notebook_);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
    }
  }

  static Packet hello() {
    wire::HelloT hello;
    hello.pipeline = hello.process = hello.to = "x";
    return packet(std::move(hello));
  }

  const testing::KeyFolder folder_;
  const SecretKey server_key_ = new_secret_key();
  const SecretKey edge_ = folder_.add("edge");
  const SecretKey other_ = folder_.add("other");
  Notebook notebook_;
  Listener listener_{[this] {
    ListenerOptions options;
    options.process = "cloud";
    options.listen = Endpoint::parse("tcp://127.0.0.1:*");
    options.listening.security.secret_key = server_key_;
    options.listening.security.domain = "cloud";
    options.listening.authorized_clients = folder_.path();
    return options;
  }()};
  zmq::context_t context_;
};

TEST_F(ListenerTest, KnowsWhoGreetsByTheirKey) {
  say(edge_, hello());
  EXPECT_EQ(notebook_.heard, std::vector<std::string>{"edge greets"});
}

TEST_F(ListenerTest, LetsNobodySpeakInASessionThatAnotherKeyBegan) {
  say(edge_, hello());
  say(other_, packet(wire::PingT{}));
  EXPECT_EQ(notebook_.heard, (std::vector<std::string>{"edge greets", "turned away"}));
  say(other_, hello());
  EXPECT_EQ(notebook_.heard.back(), "other greets");
}

TEST_F(ListenerTest, GivesUpAPeerThatDoesNotRead) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer takes minutes to free so many messages of ZeroMQ's";
#endif
  zmq::socket_t socket{context_, zmq::socket_type::dealer};
  socket.set(zmq::sockopt::routing_id, "peer");
  secure_client(socket, {.secret_key = edge_, .server_key = server_key_.public_key(), .limits = {}});
  link::connect(socket, Endpoint::parse(listener_.address()));
  send(socket, nullptr, encode(hello()));
  const auto limit = Clock::now() + std::chrono::seconds{60};
  while (notebook_.heard.empty() && Clock::now() < limit) listener_.serve(notebook_);
  wire::RefusedT refused;
  refused.reason = std::string(1000, 'x');
  while (notebook_.heard.size() == 1 && Clock::now() < limit) {
    listener_.send_to("peer", packet(refused));
    listener_.serve(notebook_);
  }
  EXPECT_EQ(notebook_.heard, (std::vector<std::string>{"edge greets", "lost"}));
}

TEST_F(ListenerTest, TakesNothingButAGreetingFirst) {
  say(edge_, packet(wire::PingT{}));
  EXPECT_EQ(notebook_.heard, std::vector<std::string>{"turned away"});
}

}  // namespace
}  // namespace slm::link

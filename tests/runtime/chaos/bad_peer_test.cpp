#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <optional>
#include <random>
#include <zmq.hpp>

#include "graph/placement.h"
#include "nodes/builtin.h"
#include "nodes/link/carry.h"
#include "nodes/link/key_files.h"
#include "nodes/link/socket.h"
#include "tests/runtime/process_pair.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

/// Speaks the protocol as it likes.
class Peer {
 public:
  explicit Peer(const std::filesystem::path& socket, const link::ClientSecurity& security = {}) {
    socket_.set(zmq::sockopt::linger, 0);
    link::secure_client(socket_, security);
    socket_.connect("ipc://" + socket.string());
  }

  void send(link::Packet packet) { send_parts(link::encode(std::move(packet))); }
  void send_parts(std::vector<link::Payload> parts) { link::send(socket_, nullptr, std::move(parts)); }

  /// The next packet that is no heartbeat.
  link::Packet receive() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (std::chrono::steady_clock::now() < limit) {
      zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
      zmq::poll(&item, 1, std::chrono::milliseconds{100});
      const auto parts = link::Parts::receive(socket_);
      if (!parts) continue;
      auto packet = link::decode(parts->payloads(0), {});
      if (packet.body.type != link::wire::Body::Ping) return packet;
    }
    throw std::runtime_error("no answer");
  }
  /// Why it is refused.
  link::wire::RefusedT refusal() {
    const auto packet = receive();
    const auto* refused = packet.body.AsRefused();
    if (refused == nullptr) throw std::runtime_error("it is not refused");
    return *refused;
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::dealer};
};

/// A real process that is called by who must not, and does its work all the same.
class BadPeer : public ProcessPair {
 protected:
  void start(PairOptions options = {}) {
    options.cloud = "listen: \"ipc://" + socket().string() + "\"" + options.cloud;
    if (!options.edge.empty()) options = with_keys({.cloud = options.cloud});
    register_builtin_nodes();
    file_ = pipeline(options);
    cloud_ = cloud(file_);
  }
  std::filesystem::path socket() const { return folder_ / "socket"; }

  link::wire::HelloT hello() const {
    const Pipeline pipeline = Pipeline::load(file_);
    link::wire::HelloT hello;
    hello.protocol_min = hello.protocol_max = link::kProtocol;
    hello.pipeline = "pair";
    hello.pipeline_hash = placement_hash(pipeline.spec());
    hello.process = "edge";
    hello.to = "cloud";
    hello.instance_high = 1;
    hello.instance_low = 2;
    hello.nodes = link::node_names(pipeline.spec());
    return hello;
  }
  static link::Packet call(std::uint64_t sequence) {
    link::wire::CallsT calls;
    calls.calls.push_back(std::make_unique<link::wire::CallT>());
    calls.calls.back()->id = {1, 2, 1, sequence};
    calls.calls.back()->node = 1;
    calls.calls.back()->answer = std::make_unique<link::wire::AnswerT>();
    calls.calls.back()->waiting = {"edge"};
    const auto text = link::Payload{"play some jazz"};
    return link::packet(std::move(calls), {text, text});
  }

  /// Serves a good caller, is ended, and tells its counts and its log.
  std::pair<Json, std::string> expect_it_serves() {
    constexpr int kRequests = 100;
    const auto caller = edge(file_, requests(kRequests))->wait();
    EXPECT_EQ(caller.exit_code, 0) << caller.err;
    expect_each_answered_once(kRequests);
    cloud_->send_signal(SIGTERM);
    const auto ended = cloud_->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return {Json::parse(ended.out), ended.err};
  }

  std::string file_;
  std::unique_ptr<Program> cloud_;
};

int times(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(BadPeer, OfALaterVersionIsRefused) {
  start();
  for (int i = 0; i < 3; ++i) {
    Peer peer{socket()};
    auto later = hello();
    later.protocol_min = later.protocol_max = 2;
    peer.send(link::packet(std::move(later)));
    EXPECT_EQ(peer.refusal().refusal, link::wire::Refusal::protocol);
    link::wire::FrameT frame;
    frame.version = 2;
    frame.body.Set(hello());
    flatbuffers::FlatBufferBuilder builder;
    link::wire::FinishFrameBuffer(builder, link::wire::Frame::Pack(builder, &frame));
    peer.send_parts({link::Payload{
        std::string{reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()}}});
    EXPECT_EQ(peer.refusal().refusal, link::wire::Refusal::malformed);
  }
  const auto [stats, log] = expect_it_serves();
  EXPECT_EQ(stats["refused"], 3);
  EXPECT_EQ(stats["malformed"], 3);
  EXPECT_EQ(times(log, "it speaks versions 2 to 2 of the protocol"), 1) << log;
  EXPECT_EQ(times(log, "a header has version 2, expected 1"), 1) << log;
}

TEST_F(BadPeer, UnderANameThatIsNotItsOwnIsRefused) {
  start();
  for (int i = 0; i < 3; ++i) {
    Peer peer{socket()};
    auto hello = this->hello();
    hello.process = "cloud";
    peer.send(link::packet(std::move(hello)));
    EXPECT_EQ(peer.refusal().refusal, link::wire::Refusal::process);
  }
  const auto [stats, log] = expect_it_serves();
  EXPECT_EQ(stats["refused"], 3);
  EXPECT_EQ(times(log, "process `cloud` sends it nothing"), 1) << log;
}

TEST_F(BadPeer, WithItsOwnKeyUnderAnothersInstanceIsRefused) {
  start({.edge = "keys"});
  ASSERT_EQ(slm_graph({"keygen", "thief", "--output", folder_.path()}).exit_code, 0);
  std::filesystem::copy(folder_ / "thief.pub", folder_ / "edges");
  const auto security = [&](const std::string& name) {
    return link::ClientSecurity{.secret_key = link::read_secret_key(folder_ / (name + ".key")),
                                .server_key = link::read_public_keys(folder_ / "cloud.pub").front()};
  };
  Peer owner{socket(), security("edge")};
  owner.send(link::packet(hello()));
  EXPECT_EQ(owner.receive().body.type, link::wire::Body::Welcome);
  for (int i = 0; i < 3; ++i) {
    Peer thief{socket(), security("thief")};
    thief.send(link::packet(hello()));
    EXPECT_EQ(thief.refusal().refusal, link::wire::Refusal::identity);
  }
  owner.send(call(1));
  EXPECT_EQ(owner.receive().body.type, link::wire::Body::Replies);
  const auto [stats, log] = expect_it_serves();
  EXPECT_EQ(stats["refused"], 3);
  EXPECT_EQ(times(log, "it claims to be who greeted with the key of `edge`"), 1) << log;
}

TEST_F(BadPeer, ThatNeverGreetsHoldsUpNobody) {
  start();
  std::vector<runtime::Descriptor> silent;
  for (int i = 0; i < 100; ++i) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
    silent.push_back(runtime::Descriptor::owned(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    ASSERT_EQ(::connect(silent.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Peer rude{socket()};
  rude.send(call(1));
  EXPECT_EQ(rude.refusal().refusal, link::wire::Refusal::no_session);
  EXPECT_EQ(expect_it_serves().first["calls"], 100);
}

TEST_F(BadPeer, ThatSendsNoiseIsRefused) {
  start();
  std::mt19937 random{seed()};
  Peer peer{socket()};
  for (int i = 0; i < 300; ++i) {
    std::vector<link::Payload> parts;
    for (auto count = 1 + random() % 3; count > 0; --count) {
      std::string part(random() % 200, '\0');
      for (char& byte : part) byte = static_cast<char>(random() % 256);
      parts.emplace_back(std::move(part));
    }
    peer.send_parts(std::move(parts));
    EXPECT_EQ(peer.refusal().refusal, link::wire::Refusal::malformed);
  }
  const auto [stats, log] = expect_it_serves();
  EXPECT_EQ(stats["malformed"], 300);
  EXPECT_EQ(times(log, "a header is no frame of this protocol"), 1) << log;
}

TEST_F(BadPeer, ThatReadsNothingAndSendsTooMuchHoldsUpNobody) {
  start({.cloud = ", window: 8, rate: 100"});
  Peer peer{socket()};
  peer.send(link::packet(hello()));
  EXPECT_EQ(peer.receive().body.type, link::wire::Body::Welcome);
  for (std::uint64_t i = 0; i < 2'000; ++i) peer.send(call(i));
  cloud_->wait_for_error("those beyond it are not done");
  const auto [stats, log] = expect_it_serves();
  EXPECT_GT(stats["violations"], 0);
  EXPECT_EQ(times(log, "sent more calls than its window of 8 allows"), 1) << log;
}

}  // namespace
}  // namespace slm::testing

// Many edges that call one process, with keys: whether each gets its share, and what each costs.
//
//   link_many_edges [EDGES] [CALLS_A_SECOND_EACH] [SECONDS]    1000, 20 and 10 if left out

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "graph/placement.h"
#include "graph/registry.h"
#include "nodes/builtin.h"
#include "nodes/link/caller.h"
#include "nodes/link/key_files.h"
#include "nodes/link/process.h"
#include "nodes/link/socket.h"

namespace slm::bench {
namespace {

constexpr std::size_t kPayload = 1024;  // bytes

class Nothing : public Node {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next node"); }
  };
  Nothing(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message&) override { return options_.to; }

 private:
  Options options_;
};
const Registration<Nothing> nothing{"nothing", "does nothing"};

/// Removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "slm-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

Pipeline pipeline_in(const std::filesystem::path& folder) {
  return Pipeline::parse(R"(pipeline: bench
version: 1
entry: near
processes:
  edge: { secret_key: edge.key }
  cloud: { listen: "tcp://127.0.0.1:*", secret_key: cloud.key, public_key: cloud.pub, authorized_clients: edges,
           heartbeat: 2s }
nodes:
  near: { type: nothing, to: far }
  far: { type: nothing, on: cloud, on_unreachable: spool }
)",
                         folder / "bench.yaml");
}

/// The server, in a process of its own so that it can be weighed.
class Server {
 public:
  Server(const Pipeline& pipeline, const std::filesystem::path& folder) : address_file_{folder / "address"} {
    process_ = ::fork();
    if (process_ == 0) serve(pipeline);
    while (address().empty()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  ~Server() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string address() const {
    std::string line;
    std::ifstream file{address_file_};
    return std::getline(file, line) && !file.eof() ? line : "";
  }
  double processor_seconds() const {
    std::ifstream file{"/proc/" + std::to_string(process_) + "/stat"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    std::istringstream fields{text.substr(text.rfind(')') + 1)};
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  double resident_kib() const {
    std::ifstream file{"/proc/" + std::to_string(process_) + "/status"};
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr);
    return 0;
  }

 private:
  [[noreturn]] void serve(const Pipeline& pipeline) const {
    sigset_t end;
    ::sigemptyset(&end);
    ::sigaddset(&end, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &end, nullptr);
    {
      link::ProcessOptions options;
      options.name = "cloud";
      link::Process cloud{pipeline, options};
      std::ofstream{address_file_} << cloud.address() << '\n';
      int signal = 0;
      ::sigwait(&end, &signal);
    }
    std::_Exit(0);
  }

  const std::filesystem::path address_file_;
  pid_t process_ = -1;
};

/// An edge without a thread of its own, so that a thousand fit into one process.
class Edge {
 public:
  Edge(zmq::context_t& context, const Pipeline& pipeline, const std::string& address,
       const link::ClientSecurity& security)
      : socket_{context, zmq::socket_type::dealer},
        caller_{pipeline, options(pipeline), [this](link::Packet packet) {
                  link::send(socket_, nullptr, link::encode(std::move(packet)));
                }} {
    link::secure_client(socket_, security);
    socket_.connect(address);
    caller_.connected(Clock::now());
  }

  void call() {
    Message message;
    message.request.text = std::string(kPayload, 'x');
    message.trace.push_back({.node = "far"});
    link::OutgoingCall outgoing;
    outgoing.key = {1, ++called};
    outgoing.call = link::call_of(message, 1, "edge");
    outgoing.waits = true;
    outgoing.done = [this, begun = Clock::now()](const link::CallResult& result, const auto&) {
      if (!std::holds_alternative<link::Returned>(result)) return;
      ++answered;
      milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    };
    caller_.add(std::move(outgoing));
    caller_.flush(Clock::now());
  }
  void receive() {
    while (const auto parts = link::Parts::receive(socket_))
      caller_.receive(link::decode(parts->payloads(0), {}), Clock::now());
    caller_.tick(Clock::now());
    caller_.flush(Clock::now());
  }
  bool is_welcome() const { return caller_.is_welcome(); }
  void* handle() { return socket_.handle(); }

  std::uint64_t called = 0;
  std::uint64_t answered = 0;
  std::vector<double> milliseconds;

 private:
  static link::ClientOptions options(const Pipeline& pipeline) {
    link::ClientOptions options;
    options.process = "edge";
    options.callee = "cloud";
    options.pipeline_hash = placement_hash(pipeline.spec());
    return options;
  }

  zmq::socket_t socket_;
  link::Caller caller_;
};

using Edges = std::vector<std::unique_ptr<Edge>>;

void serve_edges(Edges& edges, std::vector<zmq::pollitem_t>& items) {
  zmq::poll(items, std::chrono::milliseconds{1});
  for (std::size_t i = 0; i < edges.size(); ++i)
    if ((items[i].revents & ZMQ_POLLIN) != 0) edges[i]->receive();
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void run(std::size_t count, double rate, double seconds) {
  const Folder folder;
  std::filesystem::create_directory(folder.path / "edges");
  const auto keep = [&](const std::string& name, const link::SecretKey& key) {
    link::write_secret_key(key, folder.path / (name + ".key"), link::Overwrite::yes);
    link::write_public_key(key.public_key(), folder.path / (name + ".pub"), link::Overwrite::yes);
  };
  const link::SecretKey server_key = link::new_secret_key();
  keep("cloud", server_key);
  keep("edge", link::new_secret_key());
  std::vector<link::SecretKey> keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(link::new_secret_key());
    link::write_public_key(keys.back().public_key(),
                           folder.path / "edges" / ("edge" + std::to_string(i) + ".pub"),
                           link::Overwrite::yes);
  }

  const Pipeline pipeline = pipeline_in(folder.path);
  const Server server{pipeline, folder.path};
  const double memory_before = server.resident_kib();
  zmq::context_t context;
  context.set(zmq::ctxopt::max_sockets, static_cast<int>(count) + 64);
  Edges edges;
  std::vector<zmq::pollitem_t> items;
  const auto connecting = Clock::now();
  for (const link::SecretKey& key : keys) {
    edges.push_back(std::make_unique<Edge>(context, pipeline, server.address(),
                                           link::ClientSecurity{key, server_key.public_key(), {}}));
    items.push_back({edges.back()->handle(), 0, ZMQ_POLLIN, 0});
  }
  const auto is_welcome = [](const auto& edge) { return edge->is_welcome(); };
  while (!std::all_of(edges.begin(), edges.end(), is_welcome)) serve_edges(edges, items);
  std::printf("%zu edges connected with keys in %.1f s\n", count,
              std::chrono::duration<double>(Clock::now() - connecting).count());

  const double processor_before = server.processor_seconds();
  const auto start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  while (elapsed() < seconds) {
    for (std::size_t i = 0; i < count; ++i) {
      const double phase = static_cast<double>(i) / static_cast<double>(count);
      while (static_cast<double>(edges[i]->called) + phase < elapsed() * rate) edges[i]->call();
    }
    serve_edges(edges, items);
  }
  const double processor = server.processor_seconds() - processor_before;
  const double took = elapsed();
  const double memory = server.resident_kib() - memory_before;

  std::vector<double> shares, times;
  double answered = 0;
  for (const auto& edge : edges) {
    answered += static_cast<double>(edge->answered);
    shares.push_back(static_cast<double>(edge->answered) / static_cast<double>(edge->called));
    times.insert(times.end(), edge->milliseconds.begin(), edge->milliseconds.end());
  }
  std::printf("answered: %.0f messages/s; of its own, each edge got %.1f %% (least) to %.1f %%\n",
              answered / took, 100 * percentile(shares, 0), 100 * percentile(shares, 1));
  std::printf("latency: p50 %.1f ms, p99 %.1f ms, max %.1f ms\n", percentile(times, 0.5),
              percentile(times, 0.99), percentile(times, 1));
  std::printf("the called process: %.3f %% of a processor and %.0f KiB for each edge, %.0f µs a message\n",
              100 * processor / took / static_cast<double>(count), memory / static_cast<double>(count),
              1e6 * processor / answered);
}

}  // namespace
}  // namespace slm::bench

int main(int argc, char** argv) {
  slm::register_builtin_nodes();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t edges = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  const double rate = argc > 2 ? std::strtod(argv[2], nullptr) : 20;
  const double seconds = argc > 3 ? std::strtod(argv[3], nullptr) : 10;
  slm::bench::run(edges, rate, seconds);
}

#include "nodes/link/link_server.h"

#include <pthread.h>

#include <thread>
#include <utility>
#include <variant>

#include "nodes/link/graph_doer.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

struct Finished {
  wire::CallId id;
  CarriedReply reply;
};
struct Leave {};
struct GiveUp {};
using Mail = std::variant<Finished, Leave, GiveUp>;

}  // namespace

class LinkServer::Impl {
 public:
  Impl(const Pipeline& pipeline, ServerOptions options, Graph* graph)
      : pipeline_{pipeline},
        options_{std::move(options)},
        callers_{options_.listener},
        doer_{graph != nullptr ? over(*graph) : over_workers()},
        callee_{pipeline_.spec(), options_.callee, *doer_,
                [this](const RoutingId& peer, Packet packet) { callers_.send_to(peer, std::move(packet)); },
                options_.listener.log} {
    thread_ = std::thread{[this] { run(); }};
  }

  ~Impl() { finish(); }

  void finish() {
    leave();
    if (thread_.joinable()) thread_.join();
  }

  void leave() { mailbox_->post(Leave{}); }
  void give_up() { mailbox_->post(GiveUp{}); }
  const std::string& address() const { return callers_.address(); }
  const std::string& workers_address() const { return workers_.value().address(); }
  CalleeStats stats() const {
    const std::lock_guard lock{stats_mutex_};
    return stats_;
  }
  PoolStats pool_stats() const {
    const std::lock_guard lock{stats_mutex_};
    return pool_stats_;
  }

 private:
  std::unique_ptr<Doer> over(Graph& graph) {
    return std::make_unique<GraphDoer>(graph, pipeline_,
                                       [mailbox = mailbox_](const wire::CallId& id, CarriedReply reply) {
                                         mailbox->post(Finished{id, std::move(reply)});
                                       });
  }

  std::unique_ptr<Doer> over_workers() {
    workers_.emplace(options_.workers.value());
    auto pool = std::make_unique<Pool>(
        pipeline_, options_.pool,
        [this](const RoutingId& peer, Packet packet) { workers_->send_to(peer, std::move(packet)); },
        [this](const wire::CallId& id, CarriedReply reply) { callee_.finished(id, std::move(reply)); },
        options_.listener.log);
    pool_ = pool.get();
    return pool;
  }

  void run() {
    pthread_setname_np(pthread_self(), "slm-link-server");
    auto next_tick = Clock::now();
    std::vector<zmq::pollitem_t> items{callers_.poll_item(),
                                       {nullptr, mailbox_->descriptor(), ZMQ_POLLIN, 0}};
    if (workers_) items.push_back(workers_->poll_item());
    while (!is_done()) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now());
      if (mailbox_->is_empty()) zmq::poll(items, std::max(wait, std::chrono::milliseconds{0}));
      take_mail();
      if (pool_ != nullptr) workers_->serve(*pool_);
      // What one packet brought is worked on and answered before the next is read: the caller has something
      // to do meanwhile.
      callers_.serve(callee_, [this] {
        callee_.flush(Clock::now());
        take_mail();
      });
      const auto now = Clock::now();
      next_tick = Clock::time_point::max();
      if (pool_ != nullptr) {
        next_tick = pool_->tick(now);
        callee_.open(pool_->has_workers());
      }
      callee_.flush(now);
      if (pool_ != nullptr) pool_->flush(now);
      next_tick = std::min(next_tick, callee_.tick(now));
      const std::lock_guard lock{stats_mutex_};
      stats_ = callee_.stats();
      if (pool_ != nullptr) pool_stats_ = pool_->stats();
    }
    if (pool_ != nullptr) pool_->leave();
  }

  bool is_done() const {
    const bool nobody_works = pool_ != nullptr && !pool_->has_workers();
    return has_given_up_ || (is_leaving_ && (callee_.is_idle() || nobody_works));
  }

  void take_mail() {
    for (Mail& mail : mailbox_->take()) {
      if (auto* finished = std::get_if<Finished>(&mail)) {
        callee_.finished(finished->id, std::move(finished->reply));
        continue;
      }
      has_given_up_ |= pool_ != nullptr && std::holds_alternative<GiveUp>(mail);
      if (!std::exchange(is_leaving_, true)) callee_.leave("process `" + options_.callee.process + "` ends");
    }
  }

  const Pipeline pipeline_;
  const ServerOptions options_;
  const std::shared_ptr<Mailbox<Mail>> mailbox_ = std::make_shared<Mailbox<Mail>>();
  Listener callers_;
  std::optional<Listener> workers_;
  Pool* pool_ = nullptr;  ///< what `doer_` is, where there are workers
  std::unique_ptr<Doer> doer_;
  Callee callee_;
  bool is_leaving_ = false;
  bool has_given_up_ = false;
  mutable std::mutex stats_mutex_;
  CalleeStats stats_;
  PoolStats pool_stats_;
  std::thread thread_;
};

LinkServer::LinkServer(const Pipeline& pipeline, ServerOptions options, Graph* graph)
    : impl_{std::make_unique<Impl>(pipeline, std::move(options), graph)} {}

LinkServer::~LinkServer() = default;

const std::string& LinkServer::address() const {
  return impl_->address();
}

const std::string& LinkServer::workers_address() const {
  return impl_->workers_address();
}

void LinkServer::leave() {
  impl_->leave();
}

void LinkServer::finish() {
  impl_->finish();
}

void LinkServer::give_up() {
  impl_->give_up();
}

CalleeStats LinkServer::stats() const {
  return impl_->stats();
}

PoolStats LinkServer::pool_stats() const {
  return impl_->pool_stats();
}

}  // namespace slm::link

#include "graph/engine/engine.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "graph/engine/ledger.h"
#include "graph/engine/router.h"
#include "graph/engine/slots.h"

namespace slm {
namespace {

Plan checked(Plan plan, const EngineOptions& options) {
  check_runnable(plan);
  if (options.max_in_flight == 0) throw std::invalid_argument{"max_in_flight must be at least 1"};
  return plan;
}

}  // namespace

class Engine::Impl {
 public:
  Impl(Plan plan, const EngineOptions& options)
      : slots_{options.max_in_flight}, router_{checked(std::move(plan), options), options, ledger_, slots_} {}

  ~Impl() { slots_.wait_until_idle(); }

  void submit(Request&& request, Callback&& callback, engine::Slot slot) {
    const auto number = ledger_.submit();
    if (request.id.empty()) request.id = std::to_string(number);
    router_.submit(std::move(request), std::move(callback), std::move(slot));
  }

  void enter(Message&& message, std::size_t node, Callback&& callback, engine::Slot slot) {
    ledger_.submit();
    router_.enter(std::move(message), node, std::move(callback), std::move(slot));
  }

  engine::Slots& slots() { return slots_; }
  engine::Router& router() { return router_; }
  const engine::Ledger& ledger() const { return ledger_; }

 private:
  engine::Ledger ledger_;
  engine::Slots slots_;
  engine::Router router_;
};

Engine::Engine(Plan plan, const EngineOptions& options)
    : impl_{std::make_unique<Impl>(std::move(plan), options)} {}

Engine::~Engine() = default;

void Engine::submit(Request request, Callback callback) {
  auto slot = impl_->slots().take(request.priority);
  impl_->submit(std::move(request), std::move(callback), std::move(slot));
}

bool Engine::try_submit(Request& request, Callback& callback) {
  auto slot = impl_->slots().try_take(request.priority);
  if (!slot) return false;
  impl_->submit(std::move(request), std::move(callback), std::move(slot));
  return true;
}

void Engine::enter(Message message, std::size_t node, Callback callback) {
  auto slot = impl_->slots().take(message.request.priority);
  impl_->enter(std::move(message), node, std::move(callback), std::move(slot));
}

bool Engine::try_enter(Message& message, std::size_t node, Callback& callback) {
  auto slot = impl_->slots().try_take(message.request.priority);
  if (!slot) return false;
  impl_->enter(std::move(message), node, std::move(callback), std::move(slot));
  return true;
}

void Engine::drain() {
  impl_->slots().wait_until_idle();
}

void Engine::cancel() {
  impl_->router().cancel();
}

Counts Engine::counts() const {
  return impl_->ledger().counts();
}

}  // namespace slm

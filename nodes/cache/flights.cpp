#include "nodes/cache/flights.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "models/pacer.h"

namespace slm::cache {

using Clock = std::chrono::steady_clock;

replay::Answer as_cached(replay::Answer answer) {
  if (auto* generation = std::get_if<Generation>(&answer)) generation->recorded.is_cached = true;
  if (auto* scores = std::get_if<ChoiceScores>(&answer)) scores->recorded.is_cached = true;
  return answer;
}

struct Flights::Traveller {
  Traveller(Call with, std::function<void()> on_cancel)
      : call{std::move(with)}, cancelled{call.patience.cancelled, std::move(on_cancel)} {}

  Call call;
  std::stop_callback<std::function<void()>> cancelled;
};

Flights::Flights() : watch_{[this] { watch(); }} {}

Flights::~Flights() {
  close();
}

void Flights::call(Call call) {
  // Its stop may come at once, and takes the lock: so it is made before the lock is taken, and let go after.
  auto traveller = std::make_unique<Traveller>(std::move(call), [this] {
    const std::lock_guard lock{mutex_};
    news_.notify_all();
  });
  const Seat seat = this->seat(traveller);
  if (seat != Seat::waiting) fly(std::move(traveller), seat == Seat::first);
}

Flights::Seat Flights::seat(TravellerPtr& traveller) {
  const std::shared_ptr<const Question>& question = traveller->call.question;
  const std::lock_guard lock{mutex_};
  const auto [found, is_new] = flights_.try_emplace(question->key);
  Flight& flight = found->second;
  if (is_new) {
    flight.question = question;
    return Seat::first;
  }
  if (flight.question->asked != question->asked) return Seat::alone;
  const Patience& patience = traveller->call.patience;
  if (patience.deadline < next_look_ || patience.cancelled.stop_requested()) news_.notify_all();
  flight.waiting.push_back(std::move(traveller));
  return Seat::waiting;
}

void Flights::fly(TravellerPtr traveller, bool is_first) {
  const std::shared_ptr<Traveller> shared = std::move(traveller);
  shared->call.ask([self = shared_from_this(), shared, is_first](replay::Answer answer) {
    if (is_first)
      self->land(*shared, std::move(answer));
    else
      shared->call.done(std::move(answer));
  });
}

Flights::Landing Flights::landing(const Traveller& first, const replay::Answer& answer) {
  const auto* failure = std::get_if<ModelFailure>(&answer);
  Landing landing;
  const std::lock_guard lock{mutex_};
  const auto flight = flights_.find(first.call.question->key);
  auto& waiting = flight->second.waiting;
  if (!failure) {
    landing.sharing = std::move(waiting);
  } else if (is_closed_) {
    landing.closed = std::move(waiting);
  } else if (failure->kind == ModelFailure::Kind::failed) {
    landing.asking = std::move(waiting);
  } else {
    auto next = waiting.begin();
    for (; next != waiting.end() && impatience((*next)->call.patience); ++next)
      landing.impatient.push_back(std::move(*next));
    if (next != waiting.end()) landing.asking.push_back(std::move(*next++));
    waiting.erase(waiting.begin(), next);
  }
  landing.goes_on = failure && failure->kind != ModelFailure::Kind::failed && !landing.asking.empty();
  if (!landing.goes_on) flights_.erase(flight);
  if (!landing.asking.empty()) ++asking_;
  return landing;
}

void Flights::land(Traveller& first, replay::Answer answer) {
  Landing landing = this->landing(first, answer);
  const replay::Answer shared = landing.sharing.empty() ? ModelFailure{} : as_cached(answer);
  first.call.done(std::move(answer));
  for (const auto& one : landing.sharing) one->call.done(shared);
  for (const auto& one : landing.impatient) one->call.done(*impatience(one->call.patience));
  for (const auto& one : landing.closed)
    one->call.done(ModelFailure{ModelFailure::Kind::cancelled, "the model was closed"});
  if (landing.asking.empty()) return;
  for (auto& one : landing.asking) fly(std::move(one), landing.goes_on);
  {
    const std::lock_guard lock{mutex_};
    --asking_;
  }
  news_.notify_all();
}

void Flights::close() {
  {
    std::unique_lock lock{mutex_};
    is_closed_ = true;
    news_.notify_all();
    news_.wait(lock, [this] { return asking_ == 0; });
  }
  if (watch_.joinable()) watch_.join();
}

std::vector<Flights::TravellerPtr> Flights::take_impatient() {
  std::vector<TravellerPtr> impatient;
  const auto now = Clock::now();
  next_look_ = Clock::time_point::max();
  for (auto& [key, flight] : flights_) {
    const auto gone =
        std::stable_partition(flight.waiting.begin(), flight.waiting.end(), [&](const TravellerPtr& one) {
          const Patience& patience = one->call.patience;
          if (patience.deadline <= now || patience.cancelled.stop_requested()) return false;
          next_look_ = std::min(next_look_, patience.deadline);
          return true;
        });
    std::move(gone, flight.waiting.end(), std::back_inserter(impatient));
    flight.waiting.erase(gone, flight.waiting.end());
  }
  return impatient;
}

void Flights::watch() {
  pthread_setname_np(pthread_self(), "slm-cache-wait");
  std::unique_lock lock{mutex_};
  while (!is_closed_) {
    auto impatient = take_impatient();
    if (!impatient.empty()) {
      lock.unlock();
      for (const auto& one : impatient) one->call.done(*impatience(one->call.patience));
      impatient.clear();
      lock.lock();
    } else if (next_look_ == Clock::time_point::max()) {
      news_.wait(lock);
    } else {
      news_.wait_until(lock, next_look_);
    }
  }
}

}  // namespace slm::cache

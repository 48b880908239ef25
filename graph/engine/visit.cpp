#include "graph/engine/visit.h"

#include "graph/engine/fast_clock.h"

namespace slm::engine {

Visit::Visit(Flow& flow, const TimeSource* time, ParcelPtr parcel)
    : flow_{flow}, time_{time}, message_{parcel->message}, parcel_{std::move(parcel)} {
  message_.slot = parcel_->slot ? &parcel_->slot : nullptr;
  flow_.reserve(parcel_->node);
}

Visit::~Visit() {
  done(Exit::fail("let go of the message without finishing it"));
}

void Visit::done(Exit exit) {
  if (is_decided_.exchange(true)) return;
  if (!parcel_->message.trace.empty()) parcel_->message.hop().left = time_ ? time_->now() : FastClock::now();
  parcel_->exit = std::move(exit);
  flow_.complete(std::move(parcel_));
}

ParcelPtr Visit::withdraw() {
  if (is_decided_.exchange(true)) return nullptr;
  flow_.release(parcel_->node);
  return std::move(parcel_);
}

}  // namespace slm::engine

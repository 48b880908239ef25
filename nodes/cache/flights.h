#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "models/replay/record.h"

namespace slm::cache {

/// What a model is asked, and what tells it from all else that it may be asked.
struct Question {
  std::uint64_t key = 0;  ///< of `asked`
  replay::Asked asked;
  std::string subject{};    ///< what near questions are found by; empty: none are looked for
  std::uint64_t group = 0;  ///< of all the rest that is asked: only within it are questions near
};

/// A question on its way to a model.
struct Call {
  using Done = std::function<void(replay::Answer)>;

  std::shared_ptr<const Question> question;
  Patience patience;
  std::function<void(Done)> ask;  ///< asks the model; called at most once
  Done done;                      ///< called exactly once
};

/// The answer as one for which no model was asked.
replay::Answer as_cached(replay::Answer answer);

/// Calls that are under way, of which those with the same question share one answer.
///
/// The first of them asks the model and the others wait, each no longer than its own patience. An answer is
/// given to all. Where the model failed, those who waited ask it themselves, all at once: its failure is
/// nobody else's, and one after the other the last would wait for all the tries before. Where the one who
/// asked lost patience, the next who waits asks in its place.
///
/// Functions may be called from any thread, but `close`, which is for the one who owns the model: not from
/// `done`, and before the model ends.
class Flights : public std::enable_shared_from_this<Flights> {
 public:
  Flights();
  ~Flights();
  Flights(const Flights&) = delete;
  Flights& operator=(const Flights&) = delete;

  void call(Call call);
  /// From now on no call asks the model by itself: those who wait end `cancelled` with the one who asked.
  void close();

 private:
  struct Traveller;
  using TravellerPtr = std::unique_ptr<Traveller>;
  struct Flight {
    std::shared_ptr<const Question> question;
    std::vector<TravellerPtr> waiting;  ///< in the order in which they came
  };
  /// What becomes of those who waited.
  struct Landing {
    std::vector<TravellerPtr> sharing;  ///< are given the answer
    std::vector<TravellerPtr> asking;   ///< ask the model themselves
    std::vector<TravellerPtr> closed;
    std::vector<TravellerPtr> impatient;
    bool goes_on = false;  ///< with the one who asks
  };

  enum class Seat { first, waiting, alone };
  Seat seat(TravellerPtr& traveller);
  void fly(TravellerPtr traveller, bool is_first);
  void land(Traveller& first, replay::Answer answer);
  Landing landing(const Traveller& first, const replay::Answer& answer);
  void watch();
  std::vector<TravellerPtr> take_impatient();

  std::mutex mutex_;
  std::condition_variable news_;
  // All guarded by mutex_
  std::map<std::uint64_t, Flight> flights_;
  std::chrono::steady_clock::time_point next_look_ = std::chrono::steady_clock::time_point::max();
  bool is_closed_ = false;
  std::size_t asking_ = 0;  ///< threads that are in the model for those who had waited

  std::thread watch_;  ///< ends those whose patience does
};

}  // namespace slm::cache

#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "graph/registry.h"
#include "nodes/aggregate/hold.h"
#include "nodes/aggregate/windows.h"
#include "nodes/link/custody.h"
#include "nodes/link/spool_clock.h"

namespace slm {

/// What becomes of a message whose deadline comes before its window.
enum class Urgent { release, hold };
template <>
struct EnumNames<Urgent> {
  static constexpr std::pair<std::string_view, Urgent> names[] = {{"release", Urgent::release},
                                                                  {"hold", Urgent::hold}};
};

struct AggregateOptions {
  std::optional<int> max_items;
  std::optional<aggregate::ByteCount> max_bytes;
  std::optional<std::chrono::milliseconds> max_wait;
  std::vector<aggregate::WindowOptions> windows;
  std::optional<aggregate::Rate> rate;
  Urgent urgent = Urgent::release;
  std::chrono::milliseconds urgent_before{30'000};
  bool is_durable = true;
  std::optional<MachinePath> spool;
  Port to;
  static Fields<AggregateOptions> fields();
};

/// `aggregate`: holds messages, on disk where it has a store, until a batch of them is complete and a window
/// open.
///
/// A message is held when its copy is on disk, or cannot be; until then it keeps its place among those in
/// flight, so that no more can be on their way to the disk.
class AggregateNode : public AsyncNode {
 public:
  using Options = AggregateOptions;

  AggregateNode(const AggregateOptions& options, const NodeContext& context)
      : AggregateNode{options, context, {.log = context.log()}} {}
  /// `time` and `surroundings` for tests, which then say by `look` when time has passed.
  AggregateNode(const AggregateOptions& options, const NodeContext& context,
                const aggregate::Surroundings& surroundings,
                std::function<link::SpoolTime()> time = link::machine_time);
  ~AggregateNode() override;

  void process(Message& message, Done done) override;
  /// Has the node look at the clock now, instead of within a second.
  void look();

  static void check(const AggregateOptions& options, CheckContext& context);

 private:
  struct Held {
    Message* message = nullptr;
    Done done;
  };
  struct Leaving {
    Held held;
    Exit exit;
  };

  void hold(Message& message, Done done, std::optional<std::string> problem);
  void run(const std::stop_token& stop);
  /// What leaves now, taken out of all that is held.
  std::vector<Leaving> take_leaving(const link::SpoolTime& now, bool is_open);
  void take_unwanted(std::vector<Leaving>& leaving);
  void tell_what_it_waits_for(std::chrono::system_clock::time_point now);
  std::chrono::nanoseconds pause(Clock::time_point now, bool is_open) const;

  const std::string name_;
  const Port to_;
  const std::size_t node_;
  const bool is_trial_;
  const Clock::duration urgent_before_;
  const aggregate::Surroundings surroundings_;
  const std::function<link::SpoolTime()> time_;
  const std::shared_ptr<link::Custody> store_;  ///< null: in memory alone
  const std::stop_token input_ended_;
  const std::stop_token leaving_;

  aggregate::Windows windows_;  // of the thread alone

  std::mutex mutex_;
  std::condition_variable news_;
  // All guarded by mutex_
  bool has_news_ = false;
  aggregate::Hold hold_;
  std::map<aggregate::Hold::Key, Held> held_;
  aggregate::Hold::Key last_key_ = 0;
  Clock::time_point looked_;  ///< for messages that are not wanted any more
  std::size_t held_then_ = 0;
  std::string told_;  ///< what it waits for
  std::string disk_problem_;

  using Callback = std::stop_callback<std::function<void()>>;
  Callback on_input_ended_;
  Callback on_leaving_;
  std::jthread thread_;
};

}  // namespace slm

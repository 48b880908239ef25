#include <signal.h>

#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "graph/registry.h"

/// `hold`: keeps messages until somebody opens the named pipe `release` for writing, or until they are
/// cancelled, as a slow model would. `die`: kills its process. For tests that need messages in flight, or
/// poison.
namespace slm {
namespace {

class HoldNode : public AsyncNode {
 public:
  struct Options {
    MachinePath release;
    Port to;
    static Fields<Options> fields() {
      return Fields<Options>{}
          .required("release", &Options::release, "named pipe")
          .optional("to", &Options::to, "next node");
    }
  };

  HoldNode(Options options, const NodeContext&) : options_{std::move(options)} {
    std::thread{[this, pipe = options_.release.path] {
      const std::ifstream opened{pipe};  // waits for a writer
      release_all();
    }}.detach();
  }

  void process(Message& message, Done done) override {
    auto held = std::make_shared<Held>();
    held->done = std::move(done);
    {
      const std::lock_guard lock{mutex_};
      if (is_released_) return held->end(options_.to);
      held_.push_back(held);
    }
    held->on_cancelled.emplace(message.request.cancelled,
                               [held = held.get()] { held->end(Exit::expire("cancelled")); });
  }

 private:
  struct Held {
    std::once_flag ended;
    Done done;
    std::optional<std::stop_callback<std::function<void()>>> on_cancelled;
    void end(Exit exit) {
      std::call_once(ended, [&] { done(std::move(exit)); });
    }
  };

  void release_all() {
    std::vector<std::shared_ptr<Held>> all;
    {
      const std::lock_guard lock{mutex_};
      is_released_ = true;
      all = std::move(held_);
    }
    for (const auto& held : all) held->end(options_.to);
  }

  Options options_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Held>> held_;
  bool is_released_ = false;
};

/// Kills its process by a message of a certain text.
class DieNode : public Node {
 public:
  struct Options {
    std::string of;
    Port to;
    static Fields<Options> fields() {
      return Fields<Options>{}.required("of", &Options::of, "text").optional("to", &Options::to, "next node");
    }
  };
  DieNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message& message) override {
    if (message.request.text == options_.of) ::raise(SIGKILL);
    return options_.to;
  }

 private:
  Options options_;
};

const Registration<DieNode> die{"die", "dies of a text"};
const Registration<HoldNode> hold{"hold", "keeps messages until released"};

}  // namespace
}  // namespace slm

// Who shares an answer with whom, and what becomes of those who wait when it does not come.

#include "nodes/cache/flights.h"

#include <gmock/gmock.h>

#include <future>
#include <random>

namespace slm::cache {
namespace {

using namespace std::chrono_literals;
using Kind = ModelFailure::Kind;

/// A model whose answers a test gives by hand, in the order in which it was asked.
class HeldModel {
 public:
  std::function<void(Call::Done)> ask() {
    return [this](Call::Done done) {
      const std::lock_guard lock{mutex_};
      asked_.push_back(std::move(done));
      ++count_;
    };
  }
  int asked() const { return count_; }
  void give(replay::Answer answer) {
    Call::Done done;
    {
      const std::lock_guard lock{mutex_};
      done = std::move(asked_.front());
      asked_.erase(asked_.begin());
    }
    done(std::move(answer));
  }

 private:
  std::mutex mutex_;
  std::vector<Call::Done> asked_;
  std::atomic<int> count_ = 0;
};

Generation saying(const std::string& text) {
  return {.text = text, .evidence = {}, .recorded = {}};
}

ModelFailure failing(Kind kind) {
  return {kind, "no"};
}

class FlightsTest : public ::testing::Test {
 protected:
  using Came = std::future<replay::Answer>;

  /// `key` 0: that of the prompt.
  Came call(const std::string& prompt, Patience patience = {}, std::uint64_t key = 0) {
    auto promise = std::make_shared<std::promise<replay::Answer>>();
    const replay::Asked asked{
        .prompt = prompt, .choices = {}, .format = {}, .stop = {}, .max_tokens = 1, .temperature = 0};
    if (key == 0) key = std::hash<std::string>{}(prompt);
    flights_->call({std::make_shared<const Question>(Question{key, asked}), std::move(patience), model_.ask(),
                    [promise](replay::Answer answer) { promise->set_value(std::move(answer)); }});
    return promise->get_future();
  }

  /// The answer's text, a star before it where no model was asked for it; the failure's kind; or `nothing`.
  static std::string text_of(Came& came, std::chrono::seconds patience = 30s) {
    if (came.wait_for(patience) != std::future_status::ready) return "nothing";
    const replay::Answer answer = came.get();
    if (const auto* failure = std::get_if<ModelFailure>(&answer))
      return failure->kind == Kind::failed    ? "failed"
             : failure->kind == Kind::expired ? "expired"
                                              : "cancelled";
    const auto& generation = std::get<Generation>(answer);
    return (generation.recorded.is_cached ? "*" : "") + generation.text;
  }
  static bool is_there(const Came& came) { return came.wait_for(0s) == std::future_status::ready; }

  HeldModel model_;
  std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();
};

TEST_F(FlightsTest, ShareOneAnswerAmongThoseWhoAskTheSame) {
  Came first = call("a");
  Came second = call("a");
  Came other = call("b");
  Came third = call("a");
  EXPECT_EQ(model_.asked(), 2);
  model_.give(saying("A"));
  EXPECT_EQ(text_of(first), "A");
  EXPECT_EQ(text_of(second), "*A");
  EXPECT_EQ(text_of(third), "*A");
  EXPECT_FALSE(is_there(other));
  Came late = call("a");
  EXPECT_EQ(model_.asked(), 3) << "flights remember nothing";
  model_.give(saying("B"));
  model_.give(saying("C"));
  EXPECT_EQ(text_of(other), "B");
  EXPECT_EQ(text_of(late), "C");
}

TEST_F(FlightsTest, ShareNothingBetweenQuestionsOfTheSameKey) {
  Came first = call("a", {}, 7);
  Came second = call("b", {}, 7);
  EXPECT_EQ(model_.asked(), 2);
  model_.give(saying("A"));
  model_.give(saying("B"));
  EXPECT_EQ(text_of(first), "A");
  EXPECT_EQ(text_of(second), "B");
}

TEST_F(FlightsTest, LetAllWhoWaitedAskWhereTheModelFailed) {
  Came first = call("a");
  Came second = call("a");
  Came third = call("a");
  model_.give(failing(Kind::failed));
  EXPECT_EQ(text_of(first), "failed");
  EXPECT_EQ(model_.asked(), 3);
  model_.give(saying("B"));
  model_.give(failing(Kind::failed));
  EXPECT_EQ(text_of(second), "B");
  EXPECT_EQ(text_of(third), "failed");
}

TEST_F(FlightsTest, LetTheNextOneAskWhereTheFirstLostPatience) {
  for (const Kind kind : {Kind::expired, Kind::cancelled}) {
    const int before = model_.asked();
    Came first = call("a");
    Came second = call("a");
    Came third = call("a");
    model_.give(failing(kind));
    EXPECT_TRUE(is_there(first));
    EXPECT_EQ(model_.asked(), before + 2) << "the others go on sharing";
    Came fourth = call("a");
    model_.give(saying("B"));
    EXPECT_EQ(text_of(second), "B");
    EXPECT_EQ(text_of(third), "*B");
    EXPECT_EQ(text_of(fourth), "*B");
  }
}

TEST_F(FlightsTest, EndAWaitAtItsOwnDeadline) {
  Came first = call("a");
  Came patient = call("a", {.deadline = std::chrono::steady_clock::now() + 1h, .cancelled = {}});
  Came hasty = call("a", {.deadline = std::chrono::steady_clock::now() + 20ms, .cancelled = {}});
  EXPECT_EQ(text_of(hasty), "expired");
  EXPECT_FALSE(is_there(patient));
  model_.give(saying("A"));
  EXPECT_EQ(text_of(patient), "*A");
  EXPECT_EQ(text_of(first), "A");
}

TEST_F(FlightsTest, EndAWaitThatIsCancelled) {
  Came first = call("a");
  std::stop_source stop;
  Came second = call("a", {.cancelled = stop.get_token()});
  Came third = call("a");
  stop.request_stop();
  EXPECT_EQ(text_of(second), "cancelled");
  Came stopped = call("a", {.cancelled = stop.get_token()});
  EXPECT_EQ(text_of(stopped), "cancelled");
  EXPECT_FALSE(is_there(third));
  EXPECT_EQ(model_.asked(), 1);
  model_.give(saying("A"));
  EXPECT_EQ(text_of(third), "*A");
  EXPECT_EQ(text_of(first), "A");
}

TEST_F(FlightsTest, AskNothingMoreOnceClosed) {
  Came first = call("a");
  Came second = call("a");
  flights_->close();
  model_.give(failing(Kind::cancelled));
  EXPECT_EQ(text_of(first), "cancelled");
  EXPECT_EQ(text_of(second), "cancelled");
  EXPECT_EQ(model_.asked(), 1);
}

// Many callers, a model on threads of its own that often fails, callers who give up at any moment: each is
// answered once, with the answer to its own question.
TEST_F(FlightsTest, AnswerEachCallOnceWhateverHappens) {
  constexpr int kCallers = 8;
  constexpr int kCalls = 2000;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, Call::Done>> asked;
  bool is_over = false;
  std::atomic<int> answers = 0;
  std::atomic<int> shared = 0;

  const auto work = [&](unsigned seed) {
    std::mt19937 random{seed};
    std::unique_lock lock{mutex};
    for (;;) {
      changed.wait(lock, [&] { return is_over || !asked.empty(); });
      if (asked.empty()) return;
      const auto [prompt, done] = std::move(asked.back());
      asked.pop_back();
      lock.unlock();
      const auto dice = random() % 8;
      if (dice < 5) {
        done(saying(prompt));
      } else {
        done(failing(dice == 5 ? Kind::failed : dice == 6 ? Kind::expired : Kind::cancelled));
      }
      lock.lock();
    }
  };
  const auto ask = [&](unsigned seed) {
    std::mt19937 random{seed};
    for (int i = 0; i < kCalls; ++i) {
      const std::string prompt = std::to_string(random() % 3);
      std::stop_source stop;
      Patience patience{.cancelled = stop.get_token()};
      if (random() % 8 == 0) patience.deadline = std::chrono::steady_clock::now() + 50us;
      auto promise = std::make_shared<std::promise<void>>();
      const replay::Asked question{
          .prompt = prompt, .choices = {}, .format = {}, .stop = {}, .max_tokens = 1, .temperature = 0};
      const auto key = static_cast<std::uint64_t>(prompt.front());
      flights_->call({std::make_shared<const Question>(Question{key, question}), patience,
                      [&, prompt](Call::Done done) {
                        {
                          const std::lock_guard lock{mutex};
                          asked.emplace_back(prompt, std::move(done));
                        }
                        changed.notify_one();
                      },
                      [&, prompt, promise](replay::Answer answer) {
                        ++answers;
                        if (const auto* generation = std::get_if<Generation>(&answer)) {
                          EXPECT_EQ(generation->text, prompt);
                          shared += generation->recorded.is_cached ? 1 : 0;
                        }
                        promise->set_value();  // throws at a second answer
                      }});
      if (random() % 4 == 0) stop.request_stop();
      if (random() % 4 != 0) promise->get_future().wait();
    }
  };
  std::vector<std::thread> workers;
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < 3; ++i) workers.emplace_back(work, i);
  for (unsigned i = 0; i < kCallers; ++i) callers.emplace_back(ask, 100 + i);
  for (auto& caller : callers) caller.join();
  {
    const std::lock_guard lock{mutex};
    is_over = true;
  }
  changed.notify_all();
  // Those who waited may ask while the last are answered, so workers end when nothing has come after that.
  for (auto& worker : workers) worker.join();
  while (!asked.empty()) {
    const auto [prompt, done] = std::move(asked.back());
    asked.pop_back();
    done(saying(prompt));
  }
  flights_->close();
  EXPECT_EQ(answers, kCallers * kCalls);
  EXPECT_GT(shared, 0);
}

}  // namespace
}  // namespace slm::cache

#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "models/memory_budget.h"
#include "models/model.h"

namespace slm {

/// A model that is loaded when it is first asked for, and unloaded where others need its memory. Requests
/// wait for that, each until its deadline; what was begun is finished before the model goes. Where it cannot
/// be loaded, those that wait fail with the reason (`Cause::unavailable`), and the next request tries again.
/// Any thread.
class OnDemandModel : public Generator, public ChoiceScorer {
 public:
  /// Loads the model, and gives up with a `ModelError` once `is_wanted` is false, which it asks now and then.
  using Load = std::function<Model(const std::function<bool()>& is_wanted)>;

  /// `bytes` is what it takes once it is loaded.
  OnDemandModel(std::uint64_t bytes, Load load, std::shared_ptr<MemoryBudget> budget);
  ~OnDemandModel() override;
  OnDemandModel(const OnDemandModel&) = delete;
  OnDemandModel& operator=(const OnDemandModel&) = delete;

  /// Checks the format by itself; what the model's vocabulary has to do with it shows at the first request.
  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override;
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override;
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override;

  bool is_loaded() const;

 private:
  class State;
  struct Waiting;

  template <class Request, class Result, class Ask>
  Waiting waiting(Request request, std::function<void(Result)> done, Ask ask);

  std::shared_ptr<State> state_;  // shared with the thread and the requests under way, which may outlive us
  std::thread thread_;
};

}  // namespace slm

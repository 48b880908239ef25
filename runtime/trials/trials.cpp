#include "runtime/trials/trials.h"

#include <algorithm>
#include <string>
#include <utility>

#include "runtime/cli/console.h"

namespace slm::runtime {
namespace {

constexpr std::size_t kMostRuns = 64;  // of one line

}  // namespace

struct TrialRunner::Running {
  std::size_t line = 0;
  TrialRun run;
};

/// Stands for a gate: has it make its confidence, and then sends the message where the run's script says.
class TrialRunner::Watched : public Node {
 public:
  Watched(TrialRunner& runner, std::size_t gate, AnyNode inner)
      : runner_{runner}, gate_{gate}, inner_{std::move(std::get<std::unique_ptr<Node>>(inner))} {}

  Exit process(Message& message) override {
    inner_->process(message);
    TrialRun& run = runner_.running_.at(std::stoul(message.request.tag))->run;
    const std::size_t step = run.steps.size();
    const Way way = step < run.script.size() ? run.script[step] : run.beyond;
    const PipelineSpec& spec = runner_.pipeline_.spec();
    run.steps.push_back({gate_, way, message.answer, usage_of(message.trace, spec)});
    return *port_of(*gate_options(spec.nodes[runner_.gates_[gate_].node]), way);
  }

 private:
  TrialRunner& runner_;
  const std::size_t gate_;
  const std::unique_ptr<Node> inner_;
};

TrialRunner::TrialRunner(const Pipeline& pipeline, GraphOptions options)
    : pipeline_{pipeline}, gates_{tunable_gates(pipeline.spec())} {
  options.wrap_node = [this](const NodeSpec& node, AnyNode made) -> AnyNode {
    const auto gate = std::ranges::find(gates_, node.name, &TunableGate::name);
    if (gate == gates_.end()) return made;
    const auto index = static_cast<std::size_t>(gate - gates_.begin());
    return std::unique_ptr<Node>{std::make_unique<Watched>(*this, index, std::move(made))};
  };
  options.is_trial = true;
  graph_ = std::make_unique<Graph>(pipeline_, options);
}

TrialRunner::~TrialRunner() = default;

void TrialRunner::give_up() {
  given_up_.request_stop();
  graph_->cancel();
}

void TrialRunner::run_all(std::vector<std::unique_ptr<Running>> wave, const std::vector<InputItem>& lines) {
  running_ = std::move(wave);
  total_ += running_.size();
  for (std::size_t number = 0; number < running_.size() && !given_up_.stop_requested(); ++number) {
    Running& running = *running_[number];
    Request request = lines[running.line].request;
    request.tag = std::to_string(number);
    request.cancelled = given_up_.get_token();
    graph_->submit(std::move(request), [this, &running](Outcome outcome) {
      running.run.outcome = std::move(outcome);
      ++done_;
    });
  }
  graph_->drain();
}

std::vector<Trial> TrialRunner::run(const std::vector<InputItem>& lines, std::optional<Way> only) {
  std::vector<TrialBuilder> builders;
  std::vector<std::unique_ptr<Running>> wave;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    builders.emplace_back(pipeline_.spec(), gates_, lines[line].request.id, lines[line].expectation);
    wave.push_back(
        std::make_unique<Running>(Running{.line = line, .run = {.beyond = only.value_or(Way::escalate)}}));
  }
  std::vector<std::size_t> runs(lines.size());
  while (!wave.empty()) {
    run_all(std::move(wave), lines);
    if (given_up_.stop_requested()) return {};
    wave.clear();
    for (const auto& running : running_) {
      for (auto& script : builders[running->line].add(running->run)) {
        if (only) break;
        if (++runs[running->line] > kMostRuns)
          throw UsageError("a request has more than " + std::to_string(kMostRuns) +
                           " ways through the gates of this pipeline: too many to try them all");
        wave.push_back(std::make_unique<Running>(Running{running->line, {.script = std::move(script)}}));
      }
    }
  }
  std::vector<Trial> trials;
  trials.reserve(builders.size());
  for (TrialBuilder& builder : builders) trials.push_back(builder.take());
  return trials;
}

}  // namespace slm::runtime

#include "runtime/evaluate/labelled_run.h"

#include <utility>

namespace slm::runtime {

void LabelledRun::give_up() {
  stop();
  given_up_.request_stop();  // reaches models at work, as the graph's own cancelling does not
  graph_.cancel();
}

std::vector<std::optional<Outcome>> LabelledRun::run(const std::vector<InputItem>& lines) {
  std::vector<std::optional<Outcome>> outcomes(lines.size());
  total_ = lines.size();
  for (std::size_t i = 0; i < lines.size() && !is_stopping_; ++i) {
    Request request = lines[i].request;
    request.cancelled = given_up_.get_token();
    graph_.submit(std::move(request), [this, &into = outcomes[i]](Outcome outcome) {
      ++done_;
      const bool is_given_up = given_up_.stop_requested() && outcome.kind == OutcomeKind::expired;
      if (!is_given_up) into = std::move(outcome);
    });
  }
  graph_.drain();
  return outcomes;
}

}  // namespace slm::runtime

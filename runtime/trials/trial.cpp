#include "runtime/trials/trial.h"

namespace slm::runtime {
namespace {

bool holds(const Visit& visit, Way way, double bar) {
  const auto index = static_cast<std::size_t>(way);
  return visit.onward[index].kind != Onward::Kind::nowhere && visit.is_allowed[index] && visit.confidence &&
         *visit.confidence >= bar;
}

}  // namespace

Way way_of(const Visit& visit, const Bars& bars) {
  if (holds(visit, Way::reject, bars.reject)) return Way::reject;
  if (holds(visit, Way::accept, bars.accept)) return Way::accept;
  return Way::escalate;
}

const Ending& end_of(const Trial& trial, const std::vector<Bars>& bars) {
  Onward at = trial.start;
  while (at.kind == Onward::Kind::visit) {
    const Visit& visit = trial.visits[at.index];
    at = visit.onward[static_cast<std::size_t>(way_of(visit, bars[visit.gate]))];
  }
  return trial.endings[at.index];
}

}  // namespace slm::runtime

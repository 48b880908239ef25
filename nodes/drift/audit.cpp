#include "nodes/drift/audit.h"

#include <cmath>

#include "models/replay/asked.h"
#include "nodes/same_answer.h"

namespace slm {

bool is_audited(const Request& request, double share) {
  const std::uint64_t hash = replay::hash_of(request.id + '\n' + request.text);
  return std::ldexp(static_cast<double>(hash >> 11U), -53) < share;
}

std::optional<bool> is_wrong(Way way, const Answer& passed, const Message& ended, OutcomeKind kind) {
  const bool is_answered = kind == OutcomeKind::answered;
  if (is_answered && (ended.is_degraded || ended.answer.tier == passed.tier)) return std::nullopt;
  if (way == Way::reject) {
    if (is_answered) return true;
    return kind == OutcomeKind::rejected || kind == OutcomeKind::abstained ? std::optional{false}
                                                                           : std::nullopt;
  }
  if (is_answered) return !says_the_same(said_by(passed), said_by(ended.answer));
  return kind == OutcomeKind::rejected ? std::optional{true} : std::nullopt;
}

void Audit::ended(const Message& message, OutcomeKind kind) noexcept {
  if (const auto wrong = is_wrong(way_, passed_, message, kind)) watch_->judged(*wrong);
}

}  // namespace slm

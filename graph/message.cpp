#include "graph/message.h"

namespace slm {

std::string_view to_string(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::answered:
      return "answered";
    case OutcomeKind::rejected:
      return "rejected";
    case OutcomeKind::abstained:
      return "abstained";
    case OutcomeKind::expired:
      return "expired";
    case OutcomeKind::failed:
      return "failed";
  }
  return "";
}

}  // namespace slm

#include "nodes/redaction/kinds.h"

namespace slm::redaction {

std::vector<Span> find(ValueKind kind, std::string_view text) {
  switch (kind) {
    case ValueKind::email:
      return find_emails(text);
    case ValueKind::phone:
      return find_phones(text);
    case ValueKind::card:
      return find_cards(text);
    case ValueKind::iban:
      return find_ibans(text);
    case ValueKind::ip:
      return find_ips(text);
  }
  return {};
}

}  // namespace slm::redaction

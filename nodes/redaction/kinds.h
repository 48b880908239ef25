#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/fields.h"

namespace slm::redaction {

/// A part of a text, by its first byte and the one after its last.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Span&) const = default;
};

/// Kinds of values that are known by their form and, where they have one, by their checksum.
enum class ValueKind { email, phone, card, iban, ip };

/// The values of one kind in any bytes, in their order and not overlapping; in time linear in the text.
/// `docs/pipeline-format.md` says what counts as one.
std::vector<Span> find(ValueKind kind, std::string_view text);

std::vector<Span> find_emails(std::string_view text);
std::vector<Span> find_phones(std::string_view text);
std::vector<Span> find_cards(std::string_view text);  ///< ISO/IEC 7812, with the checksum of Luhn
std::vector<Span> find_ibans(std::string_view text);  ///< ISO 13616, with length by country and mod-97
std::vector<Span> find_ips(std::string_view text);    ///< IPv4 and IPv6

}  // namespace slm::redaction

namespace slm {

template <>
struct EnumNames<redaction::ValueKind> {
  using enum redaction::ValueKind;
  static constexpr std::pair<std::string_view, redaction::ValueKind> names[] = {
      {"email", email}, {"phone", phone}, {"card", card}, {"iban", iban}, {"ip", ip}};
};

}  // namespace slm

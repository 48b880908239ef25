#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "graph/message.h"
#include "nodes/redaction/placeholders.h"

namespace slm::redaction {

/// What a redaction looks for; `name` is that of its placeholders, as `canonical` spells it.
struct Matcher {
  std::string name;
  std::function<std::vector<Span>(std::string_view)> find;
};

/// Takes values out of the texts of one message. Where matches overlap, the longest one is taken, of those as
/// long the one whose matcher comes first, and then what is left of the others.
class Redaction {
 public:
  /// Looks through all texts of the message, so that no placeholder is made which one of them has already.
  /// What the message has kept so far must outlive it.
  Redaction(std::span<const Matcher> matchers, const Message& message);

  /// Puts placeholders into a text of the message; the same one for the same value.
  void apply(std::string& text);

  /// All values that were ever taken out of the message.
  std::shared_ptr<const std::vector<KeptValue>> kept() &&;

 private:
  struct Match {
    Span span;
    std::size_t matcher;
  };

  void avoid(std::string text);
  void avoid_words_of(std::string_view text);
  std::vector<Match> matches_in(std::string_view text) const;
  std::vector<Replacement> replacements_in(std::string_view text);
  const std::string& placeholder_for(std::size_t matcher, std::string_view value);

  std::span<const Matcher> matchers_;
  std::span<const KeptValue> kept_before_;
  Placeholders placeholders_before_;
  std::vector<KeptValue> kept_;
  std::unordered_set<std::string> taken_;                  ///< words like ours, as `canonical` spells them
  std::unordered_map<std::string, std::string> by_value_;  ///< placeholders, by name and value
  std::vector<std::size_t> numbers_;                       ///< last ones given, by matcher
};

}  // namespace slm::redaction

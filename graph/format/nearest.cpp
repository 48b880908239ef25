#include "graph/format/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace slm {
namespace {

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[j] = std::min(current[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string listed(std::span<const std::string> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += '`' + names[i] + '`';
  }
  return text;
}

std::string one_of(const std::string& what, std::span<const std::string> names) {
  return what + (names.empty() ? ", of which there is none" : ": " + listed(names));
}

std::optional<std::string> nearest(std::string_view found, std::span<const std::string> names) {
  constexpr std::size_t kLongestWorthComparing = 64;
  if (found.size() > kLongestWorthComparing) return std::nullopt;
  std::size_t best_distance = std::max<std::size_t>(2, found.size() / 3) + 1;
  const std::string* best = nullptr;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(found, name);
    if (distance < best_distance && distance < name.size()) {
      best_distance = distance;
      best = &name;
    }
  }
  return best ? std::optional{*best} : std::nullopt;
}

std::string did_you_mean(std::string_view found, std::span<const std::string> names) {
  const std::optional<std::string> meant = nearest(found, names);
  return meant ? "; did you mean `" + *meant + "`?" : "";
}

}  // namespace slm

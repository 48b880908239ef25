#include "runtime/report/budget.h"

#include <algorithm>
#include <charconv>

namespace slm::runtime {

std::optional<Budget> parse_budget(std::string_view text) {
  const auto equals = std::min(text.find('='), text.size());
  const auto named =
      std::ranges::find(kSpends, text.substr(0, equals), &decltype(kSpends)::value_type::first);
  if (named == kSpends.end() || equals + 1 >= text.size()) return std::nullopt;
  Budget budget{named->second};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + equals + 1, end, budget.most);
  if (error != std::errc{} || rest != end || !(budget.most >= 0)) return std::nullopt;
  return budget;
}

std::string_view name_of(Spend spend) {
  return std::ranges::find(kSpends, spend, &decltype(kSpends)::value_type::second)->first;
}

}  // namespace slm::runtime

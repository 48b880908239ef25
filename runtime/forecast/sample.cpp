#include "runtime/forecast/sample.h"

#include <utility>

#include "statistics/resampling.h"

namespace slm::runtime {

Sample draw_sample(InputFiles& input, std::size_t size, std::uint64_t seed,
                   std::atomic<std::uint64_t>& total) {
  statistics::Random random{seed};
  std::vector<InputItem> drawn;
  while (auto item = input.next()) {
    const auto place = drawn.size() < size ? drawn.size() : statistics::draw_below(total + 1, random);
    ++total;
    if (place == drawn.size() && place < size)
      drawn.push_back(*std::move(item));
    else if (place < size)
      drawn[place] = *std::move(item);
  }
  Sample sample{.lines = {}, .total = total};
  for (InputItem& item : drawn) {
    if (item.problem.empty())
      sample.lines.push_back(std::move(item));
    else
      ++sample.unread;
  }
  return sample;
}

}  // namespace slm::runtime

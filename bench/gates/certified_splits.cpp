// How often a certified target is missed, and how much is answered without the top tier.
//
//   certified_splits PIPELINE DATA TARGET [CONFIDENCE [SPLITS [LINES]]]    one Markdown table row
//
// Every model is asked once for each line of DATA. Then, SPLITS times, LINES of them at random are what
// `tune` is given, and the truth is what the bars that it chose come to on all lines of DATA.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "nodes/builtin.h"
#include "runtime/trials/labelled_data.h"
#include "runtime/trials/trials.h"
#include "runtime/tune/tune.h"
#include "statistics/binomial.h"

namespace slm::bench {
namespace {

using namespace runtime;

struct Tally {
  int reached = 0;
  int broken = 0;
  std::vector<double> local;  ///< share of all lines that the top tier was not asked
  std::vector<double> quality;
};

Tally split(const std::vector<Trial>& all, const std::vector<TunableGate>& gates, TuneOptions options,
            int splits, std::size_t lines) {
  Tally tally;
  const ScoredTrials truth{all, options.target, Spend::calls, gates.size()};
  const double dearest = truth.measure(highest_bars(gates)).spend;
  const double cheapest = 1;  // the nano tier is always asked
  std::mt19937 random{17};
  std::vector<Trial> shuffled = all;
  for (int i = 0; i < splits; ++i) {
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    options.seed = static_cast<std::uint64_t>(i);
    const TuneResult result =
        tune({shuffled.begin(), shuffled.begin() + static_cast<std::ptrdiff_t>(lines)}, gates, {}, options);
    if (!result.is_reached) {
      tally.local.push_back(0);
      continue;
    }
    ++tally.reached;
    const Measured measured = truth.measure(result.now.bars);
    tally.quality.push_back(measured.mean());
    tally.local.push_back((dearest - measured.spend) / (dearest - cheapest));
    if (measured.mean() < options.target.bound()) ++tally.broken;
  }
  return tally;
}

double mean(const std::vector<double>& values) {
  return values.empty()
             ? 0
             : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

int measure(int argc, char** argv) {
  register_builtin_nodes();
  const Pipeline pipeline = Pipeline::load(argv[1]);
  TuneOptions options;
  options.target = Target::parse(argv[3]);
  options.confidence = argc > 4 ? std::atof(argv[4]) : 0.95;
  const int splits = argc > 5 ? std::atoi(argv[5]) : 200;
  const std::vector<InputItem> data = read_labelled_data({argv[2]}, {});
  const std::size_t lines = argc > 6 ? std::strtoul(argv[6], nullptr, 10) : data.size() / 2;
  TrialRunner runner{pipeline};
  const Tally tally = split(runner.run(data), runner.gates(), options, splits, lines);
  const auto broken = statistics::binomial::interval(static_cast<std::size_t>(tally.broken),
                                                     static_cast<std::size_t>(splits), 0.95);
  std::printf("| %s | %s | %zu of %zu | %.1f %% (%.1f to %.1f) | %d of %d | %.1f %% | %.3f |\n",
              pipeline.spec().name.c_str(), options.target.text().c_str(), lines, data.size(),
              100.0 * tally.broken / splits, 100 * broken.low, 100 * broken.high, tally.reached, splits,
              100 * mean(tally.local), mean(tally.quality));
  return 0;
}

}  // namespace
}  // namespace slm::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "certified_splits PIPELINE DATA TARGET [CONFIDENCE [SPLITS [LINES]]]\n");
    return 2;
  }
  try {
    return slm::bench::measure(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "certified_splits: %s\n", error.what());
    return 1;
  }
}

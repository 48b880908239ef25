#include "runtime/tune/tune.h"

#include <algorithm>
#include <cmath>

#include "runtime/report/numbers.h"
#include "runtime/tune/certify.h"
#include "statistics/binomial.h"
#include "statistics/bootstrap.h"
#include "statistics/resampling.h"

namespace slm::runtime {
namespace {

constexpr double kPower = 0.8;  // of the labels that are said to be needed

void shuffle(std::vector<Trial>& trials, std::uint64_t seed) {
  statistics::Random random{seed};
  for (std::size_t left = trials.size(); left > 1; --left)
    std::swap(trials[left - 1], trials[statistics::draw_below(left, random)]);
}

/// Of one bar there is nothing to search: it can be tried from the top down.
std::size_t lines_to_search(std::size_t lines, const std::vector<TunableGate>& gates,
                            const TuneOptions& options) {
  if (!options.confidence) return lines;
  if (has_one_bar(gates)) return 0;
  return static_cast<std::size_t>(std::llround(static_cast<double>(lines) * options.search_share));
}

Standing standing(const ScoredTrials& scored, std::vector<Bars> bars, const std::vector<std::string>& models,
                  const TuneOptions& options) {
  Standing result;
  result.measured = scored.measure(bars);
  if (const auto numbers = scored.numbers(bars); !numbers.empty())
    result.interval = statistics::bootstrap_mean(
        numbers, {.confidence = options.confidence.value_or(0.95), .resamples = 2000});
  result.by_tier.resize(models.size());
  result.right.resize(models.size());
  for (const Trial& trial : scored.trials()) {
    const Ending& ending = end_of(trial, bars);
    const auto model = std::ranges::find(models, ending.tier);
    if (model == models.end()) continue;
    ++result.by_tier[static_cast<std::size_t>(model - models.begin())];
    if (ending.is_right.value_or(false)) ++result.right[static_cast<std::size_t>(model - models.begin())];
  }
  result.bars = std::move(bars);
  return result;
}

/// Tests begin where all is escalated, where that did as well as any but for a standard error. Else some
/// lines are better rejected, or answered lower, and they begin amid the bars that did best where they were
/// searched: first and last of these are so by chance.
void begin_among_best(std::vector<std::vector<Bars>>& path, const ScoredTrials& searched) {
  std::vector<double> means;
  means.reserve(path.size());
  for (const auto& bars : path) means.push_back(searched.measure(bars).mean());
  const auto first = std::ranges::max_element(means);
  const double best = *first;
  const auto numbers = searched.numbers(path[static_cast<std::size_t>(first - means.begin())]);
  double squares = 0;
  for (const double number : numbers) squares += (number - best) * (number - best);
  const double error = numbers.empty() ? 0 : std::sqrt(squares) / static_cast<double>(numbers.size());
  if (means.front() >= best - error) return;
  const auto end = std::find_if(first, means.end(), [&](double mean) { return mean < best; });
  path.erase(path.begin(), path.begin() + (first - means.begin()) + (end - first) / 2);
}

/// The cheapest of a path that reaches the target, as far as its lines tell.
std::optional<std::size_t> cheapest(const std::vector<Measured>& frontier, const Target& target) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < frontier.size(); ++i)
    if (frontier[i].counted > 0 && frontier[i].mean() >= target.bound() &&
        (!best || frontier[i].spend <= frontier[*best].spend))
      best = i;
  return best;
}

std::optional<std::size_t> best_within(const std::vector<Measured>& frontier, double most) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < frontier.size(); ++i)
    if (frontier[i].spend <= most && (!best || frontier[i].mean() > frontier[*best].mean())) best = i;
  return best;
}

/// What it would take to certify the safest bars, seeing how they do.
std::string why_not_certified(const Standing& safest, const TuneOptions& options, double certifying_share) {
  const Measured& measured = safest.measured;
  std::string why = "even with the best bars, " + options.target.text() + " cannot be certified on " +
                    counted(measured.counted, "line");
  if (!options.target.is_rate()) return why + "; give more labelled lines";
  why += ": it is " + brief(measured.mean()) + " there";
  const auto needed = statistics::binomial::trials_to_certify(options.target.value, measured.mean(),
                                                              1 - *options.confidence, kPower);
  if (!needed) return why + ", so no number of lines would do; ask for less";
  const auto all = static_cast<double>(*needed) / certifying_share;
  return why + "; some " + grouped(static_cast<std::uint64_t>(std::ceil(all))) + " labelled lines would do";
}

}  // namespace

std::string why_too_few(const TuneOptions& options, const std::vector<TunableGate>& gates,
                        std::size_t labelled) {
  const std::size_t searched = lines_to_search(labelled, gates, options);
  if (searched == 0 && !has_one_bar(gates)) return "there is no line to search with; give more";
  if (!options.confidence) return "";
  const std::size_t left = labelled - searched;
  const std::size_t least = least_lines(options.target, 1 - *options.confidence);
  if (left >= least) return "";
  const double all = static_cast<double>(least) / (has_one_bar(gates) ? 1 : 1 - options.search_share);
  return options.target.text() + " with confidence " + brief(*options.confidence) +
         " cannot be certified on " + counted(left, "line") + ", were all of them right; it takes " +
         grouped(static_cast<std::uint64_t>(std::ceil(all))) + " labelled lines at least";
}

TuneResult tune(std::vector<Trial> trials, const std::vector<TunableGate>& gates,
                const std::vector<std::string>& models, const TuneOptions& options) {
  shuffle(trials, options.seed);
  TuneResult result;
  result.lines = trials.size();
  result.searched = lines_to_search(trials.size(), gates, options);
  result.certified = trials.size() - result.searched;
  const std::span all{trials};
  const ScoredTrials searched{all.first(result.searched), options.target, options.spend, gates.size()};
  const ScoredTrials certifying{all.subspan(result.searched), options.target, options.spend, gates.size()};
  const ScoredTrials whole{all, options.target, options.spend, gates.size()};
  const ScoredTrials& telling = options.confidence ? certifying : whole;

  auto path = result.searched == 0 ? bar_ladder(gates) : bar_path(searched, gates);
  if (options.confidence && result.searched > 0) begin_among_best(path, searched);
  for (const auto& bars : path) result.frontier.push_back(whole.measure(bars));
  result.before = standing(telling, bars_of(gates), models, options);
  result.top = standing(telling, highest_bars(gates), models, options);

  std::optional<std::size_t> chosen;
  if (options.budget) {
    chosen = best_within(result.frontier, options.budget->most);
    if (!chosen)
      result.why_not =
          "no bars keep to the budget; the cheapest spend " + brief(result.frontier.back().spend) + " a line";
  } else if (options.confidence) {
    chosen = last_certified(path, certifying, options.target, 1 - *options.confidence);
    if (!chosen)
      result.why_not =
          why_not_certified(standing(telling, path.front(), models, options), options,
                            static_cast<double>(result.certified) / static_cast<double>(result.lines));
  } else {
    chosen = cheapest(result.frontier, options.target);
    if (!chosen)
      result.why_not = "no bars reach " + options.target.text() + "; with every gate escalating it is " +
                       brief(result.top.measured.mean());
  }
  result.is_reached = chosen.has_value();
  result.now = standing(telling, path[chosen.value_or(0)], models, options);
  return result;
}

}  // namespace slm::runtime

#include "runtime/tune/batch_labelling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "statistics/hypergeometric.h"
#include "statistics/isotonic.h"
#include "statistics/resampling.h"

namespace slm::runtime {
namespace {

constexpr std::size_t kPlannedSizes = 100;  // of the part that is drawn from
constexpr std::size_t kPlannedDraws = 40;
/// Standard deviations that the bound is expected to lie above the errors: 1.64 at 0.95, and some for the
/// luck that a sequence of tests needs.
constexpr double kPlannedDeviations = 2.2;
constexpr std::size_t kLeastKnown = 50;  // to learn from them how confidences and errors go together

/// What the test is likely to say of the errors left among so many lines, of which a share is drawn and
/// others are known, so that `seen` are seen in all.
double likely_bound(double errors, double variance, double share, double seen, double lines) {
  if (seen < 1) return lines;
  // With no error seen, the test still allows for a few in each line that was not: the rule of three.
  const double least = 3 * lines / seen;
  const double spread = kPlannedDeviations * std::sqrt(variance * (1 - share) * (1 + lines / seen));
  return (1 - share) * std::max(errors + spread, least);
}

}  // namespace

BatchLabelling::BatchLabelling(std::vector<double> confidences, std::vector<KnownAgreement> known,
                               const BatchOptions& options)
    : confidences_{std::move(confidences)},
      order_(confidences_.size()),
      known_{std::move(known)},
      options_{options} {
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(), [this](std::size_t left, std::size_t right) {
    return confidences_[left] > confidences_[right];
  });
  std::ranges::stable_sort(known_, std::greater<>{}, &KnownAgreement::confidence);
  // Rounding must not allow one error more.
  allowed_ = static_cast<std::size_t>(
      std::floor((1 - options.target) * static_cast<double>(confidences_.size()) + 1e-9));
  const std::vector<double> expected = expected_errors();
  expected_.resize(expected.size());
  std::partial_sum(expected.begin(), expected.end(), expected_.begin());
  const Plan planned = plan(expected);
  surest_ = planned.surest;
  std::vector<std::size_t> from(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(surest_));
  statistics::Random random{options.seed};
  for (std::size_t i = 0; i < planned.drawn; ++i) {
    std::swap(from[i], from[i + statistics::draw_below(from.size() - i, random)]);
    sample_.push_back(from[i]);
  }
}

/// The chance that each line's answer is wrong, the surest line first.
std::vector<double> BatchLabelling::expected_errors() const {
  std::vector<double> errors;
  if (known_.size() < kLeastKnown) {
    for (const std::size_t line : order_) errors.push_back(std::clamp(1 - confidences_[line], 0.005, 1.0));
    return errors;
  }
  std::vector<statistics::WeightedPoint> points;
  for (const KnownAgreement& line : known_) points.push_back({line.confidence, line.agrees ? 1.0 : 0.0, 1});
  const std::vector<statistics::IsotonicStep> steps = statistics::fit_isotonic(points);
  for (const std::size_t line : order_) {
    const auto step =
        std::ranges::find_if(steps, [&](const auto& found) { return confidences_[line] <= found.high; });
    errors.push_back(std::clamp(1 - (step == steps.end() ? steps.back() : *step).value, 0.005, 1.0));
  }
  return errors;
}

/// The cheapest part and number to draw, were errors as expected: about as many as a normal approximation of
/// the test lets through.
BatchLabelling::Plan BatchLabelling::plan(const std::vector<double>& errors) const {
  const std::size_t lines = order_.size();
  struct Point {
    std::size_t lines;
    double errors, variance;
    double known;  ///< lines among them
  };
  std::vector<Point> points;
  double sum = 0, variance = 0;
  std::size_t known = 0;
  for (std::size_t i = 0; i < lines; ++i) {
    sum += errors[i];
    variance += errors[i] * (1 - errors[i]);
    while (known < known_.size() && known_[known].confidence >= confidences_[order_[i]]) ++known;
    const bool is_sampled = (i + 1) * kPlannedSizes / lines > i * kPlannedSizes / lines;
    if (is_sampled) points.push_back({i + 1, sum, variance, static_cast<double>(known)});
  }
  const auto allowed = static_cast<double>(allowed_);
  Plan best;
  double fewest = static_cast<double>(lines);
  for (const Point& part : points) {
    for (std::size_t draw = 0; draw <= kPlannedDraws; ++draw) {
      const double share = 0.5 * static_cast<double>(draw * draw) / (kPlannedDraws * kPlannedDraws);
      double kept = 0;
      bool has_begun = false;
      for (const Point& point : points) {
        if (point.lines > part.lines) break;
        const double seen = share * static_cast<double>(point.lines) + point.known;
        const bool is_certain = point.lines <= allowed_;
        const bool is_likely = !is_certain && likely_bound(point.errors, point.variance, share, seen,
                                                           static_cast<double>(point.lines)) <= allowed;
        if (has_begun && !is_likely) break;
        has_begun = has_begun || is_likely;
        if (is_certain || is_likely) kept = static_cast<double>(point.lines);
      }
      const double calls = static_cast<double>(lines) - (1 - share) * kept;
      if (calls >= fewest) continue;
      fewest = calls;
      best = {part.lines, static_cast<std::size_t>(std::llround(share * static_cast<double>(part.lines)))};
    }
  }
  return best;
}

/// Of all errors among so many lines, the least number that leaves more than are allowed among those that
/// nobody looked at. Beside known lines, the last one of the batch counts as wrong, for it alone is where the
/// part ends.
std::size_t BatchLabelling::too_many(std::size_t errors) const {
  return errors + allowed_ + (known_.empty() ? 1 : 0);
}

bool BatchLabelling::is_certain(std::size_t errors, std::size_t drawn, std::size_t population) const {
  return too_many(errors) > population - (drawn - errors);
}

/// Of seeing so few errors where too many are left.
double BatchLabelling::chance(std::size_t errors, std::size_t drawn, std::size_t population) const {
  if (is_certain(errors, drawn, population)) return 0;
  return statistics::hypergeometric::p_value(errors, drawn, population, too_many(errors));
}

std::vector<std::size_t> BatchLabelling::rest(const std::vector<bool>& agrees) const {
  enum class Seen : char { no, right, wrong };
  std::vector<Seen> seen(confidences_.size(), Seen::no);
  for (std::size_t i = 0; i < sample_.size(); ++i) seen[sample_[i]] = agrees[i] ? Seen::right : Seen::wrong;

  const double alpha = 1 - options_.confidence;
  std::size_t kept = 0, drawn = 0, errors = 0, known = 0;
  // The sequence of tests begins where one is likely to succeed, as the lines themselves have no part in.
  bool has_begun = false;
  for (std::size_t surest = 1; surest <= surest_; ++surest) {
    const std::size_t line = order_[surest - 1];
    if (seen[line] != Seen::no) ++drawn;
    if (seen[line] == Seen::wrong) ++errors;
    for (; known < known_.size() && known_[known].confidence >= confidences_[line]; ++known) {
      ++drawn;
      if (!known_[known].agrees) ++errors;
    }
    const std::size_t population = surest + known;
    if (is_certain(errors, drawn, population)) {
      kept = surest;
      continue;
    }
    if (!has_begun) {
      const double likely = expected_[surest - 1] / static_cast<double>(surest) * static_cast<double>(drawn);
      const auto many = static_cast<std::size_t>(std::ceil(likely + std::sqrt(likely)));
      has_begun = many <= drawn && chance(many, drawn, population) <= alpha;
      if (!has_begun) continue;
    }
    if (chance(errors, drawn, population) > alpha) break;
    kept = surest;
  }
  std::vector<std::size_t> asked;
  for (std::size_t i = kept; i < order_.size(); ++i)
    if (seen[order_[i]] == Seen::no) asked.push_back(order_[i]);
  return asked;
}

}  // namespace slm::runtime

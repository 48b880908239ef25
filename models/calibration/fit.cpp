#include "models/calibration/fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <utility>

#include "models/calibration/fitted_map.h"
#include "models/calibration/table.h"
#include "statistics/resampling.h"

namespace slm {
namespace {

using Method = CalibrationMethod;

constexpr std::array kMethods{Method::temperature, Method::platt, Method::isotonic, Method::logistic};

/// For label probabilities that are not numbers, which no classifier gives.
constexpr double kNoConfidence = 0.5;

std::vector<Signal> default_signals(std::span<const CalibrationExample> examples) {
  const auto with_labels = std::count_if(
      examples.begin(), examples.end(), [](const auto& example) { return !example.evidence.labels.empty(); });
  if (2 * with_labels > std::ssize(examples))
    return {{SignalKind::log_odds}, {SignalKind::margin}, {SignalKind::entropy}};
  std::vector<Signal> signals{{SignalKind::mean_logprob}};
  for (int tenths = 0; tenths <= 10; ++tenths)
    signals.push_back({SignalKind::quantile_logprob, tenths / 10.0});
  signals.insert(signals.end(),
                 {{SignalKind::length}, {SignalKind::first_token_margin}, {SignalKind::schema_valid}});
  return signals;
}

bool is_possible(Method method, const CalibrationTable& table, const CalibrationOptions& options) {
  switch (method) {
    case Method::temperature:
      return table.has_labels() &&
             (options.signals.empty() || options.signals == std::vector<Signal>{{SignalKind::max_prob}});
    case Method::platt:
    case Method::isotonic:
      return true;
    case Method::logistic:
      return table.signals.size() > 1 || options.method == Method::logistic;
  }
  return false;
}

std::vector<Method> possible_methods(const CalibrationTable& table, const CalibrationOptions& options) {
  std::vector<Method> methods;
  std::copy_if(kMethods.begin(), kMethods.end(), std::back_inserter(methods),
               [&](Method method) { return is_possible(method, table, options); });
  if (options.method && std::find(methods.begin(), methods.end(), *options.method) == methods.end())
    throw CalibrationError{
        "`temperature` needs the label probabilities of every example, and no signal but `max_prob`; choose "
        "another method or leave it out"};
  return methods;
}

/// A fold for each row, with as many right and as many wrong answers in each as can be.
std::vector<std::size_t> dealt_folds(const CalibrationTable& table, const CalibrationOptions& options) {
  const std::size_t fewer = std::min(table.right, table.rows.size() - table.right);
  const std::size_t folds = std::max<std::size_t>(2, std::min(options.folds, fewer));
  std::vector<std::size_t> right, wrong;
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    (table.rows[i].example->is_right ? right : wrong).push_back(i);
  statistics::Random random{options.seed};
  std::vector<std::size_t> fold_of(table.rows.size());
  std::size_t next = 0;
  for (std::vector<std::size_t>* rows : {&right, &wrong}) {
    for (std::size_t i = rows->size(); i > 1; --i)
      std::swap((*rows)[i - 1], (*rows)[statistics::draw_below(i, random)]);
    for (const std::size_t row : *rows) fold_of[row] = next++ % folds;
  }
  return fold_of;
}

Calibration fitted(Method method, const CalibrationTable& table,
                   std::span<const CalibrationRow* const> rows) {
  std::vector<Signal> signals = table.signals;
  if (method == Method::temperature) signals = {{SignalKind::max_prob}};
  if (method != Method::logistic) signals.resize(1);
  return {std::move(signals), fitted_map(method, rows), {}};
}

std::vector<statistics::ScoredAnswer> out_of_fold(Method method, const CalibrationTable& table,
                                                  const std::vector<std::size_t>& fold_of) {
  std::vector<statistics::ScoredAnswer> answers(table.rows.size());
  const std::size_t folds = *std::max_element(fold_of.begin(), fold_of.end()) + 1;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    std::vector<const CalibrationRow*> others;
    for (std::size_t i = 0; i < fold_of.size(); ++i)
      if (fold_of[i] != fold) others.push_back(&table.rows[i]);
    const Calibration calibration = fitted(method, table, others);
    for (std::size_t i = 0; i < fold_of.size(); ++i) {
      if (fold_of[i] != fold) continue;
      const CalibrationExample& example = *table.rows[i].example;
      answers[i] = {calibration.probability(example.evidence).value_or(kNoConfidence), example.is_right};
    }
  }
  return answers;
}

/// Whether `simpler` loses no more than one standard error of what it loses.
bool is_about_as_good(std::span<const statistics::ScoredAnswer> simpler,
                      std::span<const statistics::ScoredAnswer> best) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < best.size(); ++i) {
    const double lost = statistics::log_loss(simpler[i]) - statistics::log_loss(best[i]);
    sum += lost;
    squares += lost * lost;
  }
  const auto count = static_cast<double>(best.size());
  const double mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean);
  return mean <= std::sqrt(variance / (count - 1));
}

}  // namespace

CalibrationFit fit_calibration(std::span<const CalibrationExample> examples,
                               const CalibrationOptions& options) {
  const CalibrationTable table =
      tabulate(examples, options.signals.empty() ? default_signals(examples) : options.signals);
  const std::vector<Method> methods = possible_methods(table, options);
  const std::vector<std::size_t> fold_of = dealt_folds(table, options);

  CalibrationFit fit;
  std::vector<std::vector<statistics::ScoredAnswer>> answers;
  for (const Method method : methods) {
    answers.push_back(out_of_fold(method, table, fold_of));
    fit.losses.push_back({method, statistics::log_loss(answers.back())});
  }
  const auto best = static_cast<std::size_t>(
      std::min_element(fit.losses.begin(), fit.losses.end(),
                       [](const auto& a, const auto& b) { return a.log_loss < b.log_loss; }) -
      fit.losses.begin());
  std::size_t chosen = 0;
  while (options.method ? methods[chosen] != *options.method
                        : !is_about_as_good(answers[chosen], answers[best]))
    ++chosen;

  std::vector<const CalibrationRow*> rows;
  for (const CalibrationRow& row : table.rows) rows.push_back(&row);
  fit.calibration = fitted(methods[chosen], table, rows);
  fit.out_of_fold = std::move(answers[chosen]);
  fit.right = table.right;
  fit.left_out = examples.size() - table.rows.size();
  fit.dropped = table.dropped;
  return fit;
}

std::string CalibrationFit::description(std::string_view date) const {
  std::string text = "Made by `slm-graph calibrate` on ";
  text.append(date).append(" from ").append(std::to_string(out_of_fold.size())).append(" answers, ");
  text.append(std::to_string(right)).append(" of them right");
  if (left_out > 0) text.append("; ").append(std::to_string(left_out)).append(" more had no evidence");
  text.append(".\nCross-validated log loss:");
  for (const MethodLoss& loss : losses) {
    std::array<char, 64> number;
    std::snprintf(number.data(), number.size(), " %.4f", loss.log_loss);
    text.append(&loss == &losses.front() ? " " : ", ").append(to_string(loss.method)).append(number.data());
  }
  return text.append("; taken: ").append(to_string(calibration.method())).append(".");
}

}  // namespace slm

#include "evidence/signals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <span>

namespace slm {
namespace {

constexpr std::array<std::pair<std::string_view, SignalKind>, 8> kNames{{
    {"max_prob", SignalKind::max_prob},
    {"margin", SignalKind::margin},
    {"entropy", SignalKind::entropy},
    {"min_token_prob", SignalKind::min_token_prob},
    {"mean_logprob", SignalKind::mean_logprob},
    {"quantile_logprob", SignalKind::quantile_logprob},
    {"first_token_margin", SignalKind::first_token_margin},
    {"schema_valid", SignalKind::schema_valid},
}};

double margin(std::span<const float> probabilities) {
  float best = 0, second = 0;
  for (const float p : probabilities) {
    if (p > best) {
      second = best;
      best = p;
    } else {
      second = std::max(second, p);
    }
  }
  return best - second;
}

double normalised_certainty(std::span<const float> probabilities) {
  if (probabilities.size() < 2) return 1;
  double negative_entropy = 0;
  for (const float p : probabilities) {
    if (p > 0) negative_entropy += p * std::log(p);
  }
  return 1 + negative_entropy / std::log(static_cast<double>(probabilities.size()));
}

double quantile(std::vector<float> values, double q) {
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

std::optional<double> from_labels(SignalKind kind, const std::vector<float>& probabilities) {
  if (probabilities.empty()) return std::nullopt;
  if (kind == SignalKind::max_prob) return *std::max_element(probabilities.begin(), probabilities.end());
  if (kind == SignalKind::margin) return margin(probabilities);
  return normalised_certainty(probabilities);
}

std::optional<double> from_tokens(const Signal& signal, const std::vector<float>& logprobs) {
  if (logprobs.empty()) return std::nullopt;
  if (signal.kind == SignalKind::min_token_prob)
    return std::exp(*std::min_element(logprobs.begin(), logprobs.end()));
  if (signal.kind == SignalKind::mean_logprob)
    return std::accumulate(logprobs.begin(), logprobs.end(), 0.0) / static_cast<double>(logprobs.size());
  return quantile(logprobs, signal.quantile);
}

}  // namespace

std::optional<Signal> parse_signal(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](auto& n) { return n.first == name; });
  if (found == kNames.end()) return std::nullopt;
  Signal signal{found->second};
  const bool takes_argument = signal.kind == SignalKind::quantile_logprob;
  if (takes_argument != (open != std::string_view::npos)) return std::nullopt;
  if (!takes_argument) return signal;
  const std::string_view argument = text.substr(open + 1);
  const auto [end, error] =
      std::from_chars(argument.data(), argument.data() + argument.size(), signal.quantile);
  const bool closed = std::string_view(end, argument.data() + argument.size()) == ")";
  if (error != std::errc{} || !closed || !(signal.quantile >= 0 && signal.quantile <= 1)) return std::nullopt;
  return signal;
}

std::string to_string(const Signal& signal) {
  const auto* found =
      std::find_if(kNames.begin(), kNames.end(), [&](auto& n) { return n.second == signal.kind; });
  std::string text{found->first};
  if (signal.kind != SignalKind::quantile_logprob) return text;
  std::array<char, 32> number;
  const auto end = std::to_chars(number.data(), number.data() + number.size(), signal.quantile).ptr;
  return text + '(' + std::string(number.data(), end) + ')';
}

std::optional<double> evaluate(const Signal& signal, const Evidence& evidence) {
  switch (signal.kind) {
    case SignalKind::max_prob:
    case SignalKind::margin:
    case SignalKind::entropy:
      return from_labels(signal.kind, evidence.labels.probabilities);
    case SignalKind::min_token_prob:
    case SignalKind::mean_logprob:
    case SignalKind::quantile_logprob:
      return from_tokens(signal, evidence.token_logprobs);
    case SignalKind::first_token_margin:
      return evidence.first_token_margin;
    case SignalKind::schema_valid:
      if (!evidence.schema_valid) return std::nullopt;
      return *evidence.schema_valid ? 1.0 : 0.0;
  }
  return std::nullopt;
}

}  // namespace slm

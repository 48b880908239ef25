#include "evidence/signals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <span>

namespace slm {
namespace {

constexpr std::array<std::pair<std::string_view, SignalKind>, 12> kNames{{
    {"max_prob", SignalKind::max_prob},
    {"log_odds", SignalKind::log_odds},
    {"margin", SignalKind::margin},
    {"entropy", SignalKind::entropy},
    {"min_token_prob", SignalKind::min_token_prob},
    {"mean_logprob", SignalKind::mean_logprob},
    {"quantile_logprob", SignalKind::quantile_logprob},
    {"first_token_margin", SignalKind::first_token_margin},
    {"length", SignalKind::length},
    {"schema_valid", SignalKind::schema_valid},
    {"agreement", SignalKind::agreement},
    {"self_consistency", SignalKind::self_consistency},
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

double log_odds(std::span<const float> probabilities) {
  constexpr double kLeast = 1e-9;
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  double others = 0;  // and not one less the best, of which rounding leaves too little
  for (auto p = probabilities.begin(); p != probabilities.end(); ++p) others += p != best ? double{*p} : 0;
  return std::log(std::max(double{*best}, kLeast) / std::clamp(others, kLeast, 1.0));
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
  if (kind == SignalKind::log_odds) return log_odds(probabilities);
  if (kind == SignalKind::margin) return margin(probabilities);
  return normalised_certainty(probabilities);
}

std::optional<double> from_tokens(const Signal& signal, const std::vector<float>& logprobs) {
  if (logprobs.empty()) return std::nullopt;
  if (signal.kind == SignalKind::length) return static_cast<double>(logprobs.size());
  if (signal.kind == SignalKind::min_token_prob)
    return std::exp(*std::min_element(logprobs.begin(), logprobs.end()));
  if (signal.kind == SignalKind::mean_logprob)
    return std::accumulate(logprobs.begin(), logprobs.end(), 0.0) / static_cast<double>(logprobs.size());
  return quantile(logprobs, signal.quantile);
}

std::optional<double> from_samples(const Signal& signal, const std::optional<SampleVotes>& votes) {
  if (!votes || votes->samples != signal.samples) return std::nullopt;
  return static_cast<double>(votes->agreeing) / votes->samples;
}

bool takes_argument(SignalKind kind) {
  return kind == SignalKind::quantile_logprob || kind == SignalKind::self_consistency;
}

/// Reads `0.1)`; false where it is anything else, or beyond the bounds.
template <class T>
bool read_argument(std::string_view text, T& argument, T low, T high) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), argument);
  return error == std::errc{} && std::string_view(end, text.data() + text.size()) == ")" && argument >= low &&
         argument <= high;
}

}  // namespace

std::optional<Signal> parse_signal(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](auto& n) { return n.first == name; });
  if (found == kNames.end()) return std::nullopt;
  Signal signal{found->second};
  if (takes_argument(signal.kind) != (open != std::string_view::npos)) return std::nullopt;
  if (!takes_argument(signal.kind)) return signal;
  const std::string_view argument = text.substr(open + 1);
  const bool is_read = signal.kind == SignalKind::self_consistency
                           ? read_argument(argument, signal.samples, 1, kMostSamples)
                           : read_argument(argument, signal.quantile, 0.0, 1.0);
  return is_read ? std::optional{signal} : std::nullopt;
}

std::string to_string(const Signal& signal) {
  const auto* found =
      std::find_if(kNames.begin(), kNames.end(), [&](auto& n) { return n.second == signal.kind; });
  std::string text{found->first};
  if (!takes_argument(signal.kind)) return text;
  std::array<char, 32> number;
  char* const last = number.data() + number.size();
  char* const end = signal.kind == SignalKind::self_consistency
                        ? std::to_chars(number.data(), last, signal.samples).ptr
                        : std::to_chars(number.data(), last, signal.quantile).ptr;
  return text + '(' + std::string(number.data(), end) + ')';
}

std::optional<double> evaluate(const Signal& signal, const Evidence& evidence) {
  switch (signal.kind) {
    case SignalKind::max_prob:
    case SignalKind::log_odds:
    case SignalKind::margin:
    case SignalKind::entropy:
      return from_labels(signal.kind, evidence.labels.probabilities);
    case SignalKind::min_token_prob:
    case SignalKind::mean_logprob:
    case SignalKind::quantile_logprob:
    case SignalKind::length:
      return from_tokens(signal, evidence.token_logprobs);
    case SignalKind::first_token_margin:
      return evidence.first_token_margin;
    case SignalKind::agreement:
      if (!evidence.agreement) return std::nullopt;
      return *evidence.agreement ? 1.0 : 0.0;
    case SignalKind::self_consistency:
      return from_samples(signal, evidence.sample_votes);
    case SignalKind::schema_valid:
      if (!evidence.schema_valid) return std::nullopt;
      return *evidence.schema_valid ? 1.0 : 0.0;
  }
  return std::nullopt;
}

}  // namespace slm

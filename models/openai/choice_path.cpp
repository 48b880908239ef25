#include "models/openai/choice_path.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace slm::openai {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string without_space_outside_strings(std::string_view json) {
  std::string text;
  bool is_in_string = false, is_escaped = false;
  for (const char c : json) {
    if (!is_in_string && is_space(c)) continue;
    text += c;
    if (c == '"' && !is_escaped) is_in_string = !is_in_string;
    is_escaped = is_in_string && c == '\\' && !is_escaped;
  }
  return text;
}

bool begin_alike(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

}  // namespace

ChoicePath::ChoicePath(const std::vector<std::string>& choices, Form form)
    : form_(form), scores_(choices.size()), open_(choices.size()) {
  for (const std::string& choice : choices)
    answers_.push_back(
        normalised(form == Form::in_object ? nlohmann::json{{"choice", choice}}.dump() : choice));
  std::iota(open_.begin(), open_.end(), std::size_t{0});
}

std::string ChoicePath::normalised(std::string_view text) const {
  if (form_ == Form::in_object) return without_space_outside_strings(text);
  return std::string(form_ == Form::trimmed ? without_leading_space(text) : text);
}

std::vector<std::size_t> ChoicePath::leading_to(const std::vector<std::size_t>& among,
                                                std::string_view text) const {
  const std::string begun = normalised(text);
  std::vector<std::size_t> result;
  std::copy_if(among.begin(), among.end(), std::back_inserter(result),
               [&](std::size_t choice) { return begin_alike(answers_[choice], begun); });
  return result;
}

void ChoicePath::take(const ReplyToken& token) {
  for (const auto& [text, logprob] : token.likeliest) {
    if (text == token.text || text.empty()) continue;
    const std::vector<std::size_t> led_to = leading_to(open_, text_ + text);
    for (const std::size_t choice : led_to)
      scores_[choice] += probability_ * std::exp(logprob) / static_cast<double>(led_to.size());
  }
  text_ += token.text;
  probability_ *= std::exp(token.logprob);
  const std::string begun = normalised(text_);
  const std::vector<std::size_t> still = leading_to(open_, text_);
  open_.clear();
  for (const std::size_t choice : still) {
    // One that is complete is decided, even where a longer one begins with it.
    if (still.size() == 1 || begun.starts_with(answers_[choice])) {
      scores_[choice] += probability_;
    } else {
      open_.push_back(choice);
    }
  }
}

std::vector<float> ChoicePath::probabilities() const {
  const double all = std::accumulate(scores_.begin(), scores_.end(), 0.0);
  if (!(all > 0)) return {};
  std::vector<float> result;
  for (const double score : scores_) result.push_back(static_cast<float>(score / all));
  return result;
}

std::vector<std::size_t> ChoicePath::choices_of(std::string_view answer) const {
  std::vector<std::size_t> all(answers_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return leading_to(all, answer);
}

}  // namespace slm::openai

#include "nodes/tries.h"

#include <algorithm>
#include <string>

#include "graph/pipeline.h"

namespace slm {

Fields<RetryOptions> RetryOptions::fields() {
  using O = RetryOptions;
  constexpr Range kTries{1, 1000};
  return Fields<O>{}
      .optional("unavailable", &O::unavailable,
                "further tries where the server is out of reach, or has no time", kTries)
      .optional("timeout", &O::timeout, "where it takes longer than the model's time limits", kTries)
      .optional("interrupted", &O::interrupted, "where the answer breaks off", kTries)
      .optional("invalid", &O::invalid, "where what comes is no answer", kTries)
      .optional("wait", &O::wait, "least wait before a try; 1s if left out")
      .optional("longest_wait", &O::longest_wait, "that waits grow to; 1min if left out");
}

void RetryOptions::check(const std::optional<RetryOptions>& options, CheckContext& context) {
  if (!options) return;
  const auto problem = [&](const char* what) {
    context.problem(context.node().place, "`retry` of node `" + context.node().name + "` " + what);
  };
  if (options->unavailable + options->timeout + options->interrupted + options->invalid == 0)
    problem("tries nothing again; expected one of `unavailable`, `timeout`, `interrupted` or `invalid`");
  if (options->wait.count() <= 0) problem("has a `wait` of nothing; expected more");
  if (options->longest_wait < options->wait)
    problem("has a `longest_wait` below its `wait`; expected at least that");
}

Tries::Tries(const RetryOptions& options, const Message& message)
    : message_{message},
      left_{0, options.unavailable, options.timeout, options.interrupted, options.invalid},
      backoff_{options.wait, options.longest_wait},
      next_wait_{backoff_.next()} {}

bool Tries::is_any_left(const ModelFailure& failure) const {
  return failure.kind == ModelFailure::Kind::failed && left_[static_cast<std::size_t>(failure.cause)] > 0;
}

std::optional<Clock::duration> Tries::wait_after(const ModelFailure& failure) const {
  if (!is_any_left(failure)) return std::nullopt;
  const auto wait =
      std::max<Clock::duration>(next_wait_, failure.retry_after.value_or(std::chrono::seconds{0}));
  if (Clock::now() + wait >= message_.deadline) return std::nullopt;
  return wait;
}

void Tries::next(const ModelFailure& failure) {
  --left_[static_cast<std::size_t>(failure.cause)];
  ++failed_;
  next_wait_ = backoff_.next();
  prompt_tokens_ += failure.prompt_tokens;
  generated_tokens_ += failure.generated_tokens;
}

ModelFailure Tries::last_word(ModelFailure failure) const {
  if (failure.kind != ModelFailure::Kind::failed) return failure;
  if (is_any_left(failure)) failure.reason += "; there is no time for another try";
  if (failed_ > 0) failure.reason = "after " + std::to_string(failed_ + 1) + " tries: " + failure.reason;
  return failure;
}

}  // namespace slm

#include "models/llama/grammar.h"

#include <array>
#include <cmath>
#include <limits>

#include "models/llama/backend_library.h"
#include "models/llama/constraint_check.h"
#include "models/llama/weights.h"
#include "models/model.h"
#include "models/output/gbnf_check.h"
#include "models/output/json_schema_grammar.h"

namespace slm::llama {
namespace {

/// Without a vocabulary it is only read, not used.
SamplerHandle compiled(const std::string& gbnf, const llama_vocab* vocabulary) {
  const LogCapture log;
  SamplerHandle sampler(llama_sampler_init_grammar(vocabulary, gbnf.c_str(), "root"));
  if (!sampler) throw ModelError("llama.cpp refuses the grammar: " + log.text());
  return sampler;
}

}  // namespace

void check_constraint(const ConstraintSource& source) {
  if (source.language == ConstraintSource::Language::json_schema) {
    output::to_gbnf(output::JsonSchema::parse(source.text));
    return;
  }
  output::check_gbnf(source.text);
  prepare_library();
  compiled(source.text, nullptr);
}

void GrammarState::restrict(std::span<llama_token_data> candidates) const {
  llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(sampler_.get(), &array);
  for (llama_token_data& candidate : candidates) {
    // A control token's name would pass for text inside a string, though it adds nothing to the output.
    if (vocabulary_->piece(candidate.id).empty() && !vocabulary_->is_end(candidate.id))
      candidate.logit = -std::numeric_limits<float>::infinity();
  }
}

bool GrammarState::allows(llama_token token) const {
  std::array<llama_token_data, 1> candidate{{{token, 0, 0}}};
  restrict(candidate);
  return std::isfinite(candidate[0].logit);
}

std::string GrammarState::forced_text() const {
  // Far more than any key of a schema; a grammar may go round in a circle.
  constexpr std::size_t kMost = 256;
  std::string text;
  SamplerHandle ahead;
  while (text.size() < kMost) {
    std::vector<llama_token_data> candidates;
    for (const llama_token token : vocabulary_->characters()) candidates.push_back({token, 0, 0});
    for (const llama_token token : vocabulary_->end_tokens()) candidates.push_back({token, 0, 0});
    llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
    llama_sampler_apply(ahead ? ahead.get() : sampler_.get(), &array);
    std::erase_if(candidates, [](const llama_token_data& one) { return !std::isfinite(one.logit); });
    if (candidates.size() != 1 || vocabulary_->is_end(candidates.front().id)) break;
    if (!ahead) ahead.reset(llama_sampler_clone(sampler_.get()));
    llama_sampler_accept(ahead.get(), candidates.front().id);
    text += vocabulary_->piece(candidates.front().id);
  }
  return text;
}

bool GrammarState::allows_end() const {
  // The grammar treats all tokens that end a text alike.
  return !vocabulary_->end_tokens().empty() && allows(vocabulary_->end_tokens().front());
}

CompiledConstraint::CompiledConstraint(const ConstraintSource& source, std::shared_ptr<const Weights> weights)
    : weights_(std::move(weights)) {
  std::string gbnf = source.text;
  if (source.language == ConstraintSource::Language::json_schema) {
    schema_ = output::JsonSchema::parse(source.text);
    gbnf = output::to_gbnf(*schema_);
  } else {
    output::check_gbnf(gbnf);
  }
  sampler_ = compiled(gbnf, weights_->vocabulary.handle());
}

GrammarState CompiledConstraint::start() const {
  return {SamplerHandle(llama_sampler_clone(sampler_.get())), weights_->vocabulary};
}

std::optional<bool> CompiledConstraint::schema_valid(const std::string& text) const {
  if (!schema_) return std::nullopt;
  return !schema_->violation(text).has_value();
}

}  // namespace slm::llama

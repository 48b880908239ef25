#include "tests/models/llama/plain_decoding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "models/llama/backend_library.h"

namespace slm::testing {
namespace {

double log_total(const std::vector<float>& logits) {
  const double best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - best);
  return best + std::log(sum);
}

}  // namespace

PlainDecoding::PlainDecoding(const std::filesystem::path& file, int context) {
  llama::prepare_library();
  llama_model_params model = llama_model_default_params();
  model_.reset(llama_model_load_from_file(file.c_str(), model));
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = static_cast<std::uint32_t>(context);
  parameters.n_threads = parameters.n_threads_batch = 1;
  context_.reset(llama_init_from_model(model_.get(), parameters));
  if (!context_) throw std::runtime_error("llama.cpp cannot load " + file.string());
  vocab_ = llama_model_get_vocab(model_.get());
}

std::vector<llama_token> PlainDecoding::tokenize(const std::string& text, bool is_prompt) const {
  std::vector<llama_token> tokens(text.size() + 8);
  const int count = llama_tokenize(vocab_, text.data(), static_cast<int>(text.size()), tokens.data(),
                                   static_cast<int>(tokens.size()), is_prompt, is_prompt);
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

std::string PlainDecoding::piece(llama_token token) const {
  std::array<char, 256> bytes;
  const int size =
      llama_token_to_piece(vocab_, token, bytes.data(), static_cast<int>(bytes.size()), 0, false);
  return {bytes.data(), static_cast<std::size_t>(size)};
}

std::vector<float> PlainDecoding::evaluate(const std::vector<llama_token>& tokens) {
  std::vector<llama_token> copy = tokens;
  if (llama_decode(context_.get(), llama_batch_get_one(copy.data(), static_cast<int>(copy.size()))) != 0)
    throw std::runtime_error("llama_decode failed");
  const float* logits = llama_get_logits_ith(context_.get(), -1);
  return {logits, logits + llama_vocab_n_tokens(vocab_)};
}

PlainDecoding::Answer PlainDecoding::greedy(const std::string& prompt, int max_tokens) {
  llama_memory_clear(llama_get_memory(context_.get()), true);
  Answer answer;
  std::vector<llama_token> next = tokenize(prompt, true);
  for (int i = 0; i < max_tokens; ++i) {
    std::vector<float> logits = evaluate(next);
    const auto best = std::max_element(logits.begin(), logits.end());
    const auto token = static_cast<llama_token>(best - logits.begin());
    const float logit = *best;
    const auto logprob = static_cast<float>(logit - log_total(logits));
    *best = -INFINITY;
    if (logit - *std::max_element(logits.begin(), logits.end()) < 0.05F) {
      answer.is_certain = false;
      return answer;
    }
    if (llama_vocab_is_eog(vocab_, token)) {
      answer.has_ended = true;
      return answer;
    }
    answer.logprobs.push_back(logprob);
    answer.text += piece(token);
    next.assign(1, token);
  }
  return answer;
}

double PlainDecoding::logprob(const std::string& prompt, const std::vector<llama_token>& continuation) {
  llama_memory_clear(llama_get_memory(context_.get()), true);
  std::vector<float> logits = evaluate(tokenize(prompt, true));
  double sum = 0;
  for (const llama_token token : continuation) {
    sum += logits[static_cast<std::size_t>(token)] - log_total(logits);
    logits = evaluate({token});
  }
  return sum;
}

}  // namespace slm::testing

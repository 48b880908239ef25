// Decodes greedily with llama.cpp what stands on standard input, to check that an exported model
// behaves as in training.
//
//     llama_greedy MODEL BACKENDS < prompts > answers
//
// Records in and out end with a NUL. An output record is three lines: the prompt's token ids, the
// probability of the answer's least certain token, and the answer. Errors go to standard error,
// with exit status 1.

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr int kContext = 512;
constexpr int kLongestAnswer = 96;

std::vector<llama_token> tokenize(const llama_vocab* vocab, const std::string& text) {
  std::vector<llama_token> tokens(text.size() + 2);
  tokens.resize(llama_tokenize(vocab, text.data(), static_cast<int>(text.size()), tokens.data(),
                               static_cast<int>(tokens.size()), /*add_special=*/true,
                               /*parse_special=*/false));
  return tokens;
}

std::string piece(const llama_vocab* vocab, llama_token token) {
  char buffer[128];
  const int size = llama_token_to_piece(vocab, token, buffer, sizeof buffer, /*lstrip=*/0, /*special=*/true);
  return {buffer, static_cast<std::size_t>(std::max(size, 0))};
}

struct Choice {
  llama_token token;
  double probability;
};

Choice most_likely(const float* logits, int size) {
  const float* best = std::max_element(logits, logits + size);
  double sum = 0;
  for (int i = 0; i < size; ++i) sum += std::exp(logits[i] - *best);
  return {static_cast<llama_token>(best - logits), 1 / sum};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: llama_greedy MODEL BACKENDS < prompts > answers\n";
    return 1;
  }
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level >= GGML_LOG_LEVEL_WARN) std::cerr << text;
      },
      nullptr);
  ggml_backend_load_all_from_path(argv[2]);
  llama_model* model = llama_model_load_from_file(argv[1], llama_model_default_params());
  if (model == nullptr) return 1;
  llama_context_params params = llama_context_default_params();
  params.n_ctx = kContext;
  params.n_batch = kContext;
  params.n_threads = params.n_threads_batch = 1;
  llama_context* context = llama_init_from_model(model, params);
  const llama_vocab* vocab = llama_model_get_vocab(model);

  for (std::string prompt; std::getline(std::cin, prompt, '\0');) {
    std::vector<llama_token> tokens = tokenize(vocab, prompt);
    for (const llama_token token : tokens) std::cout << token << ' ';
    llama_memory_clear(llama_get_memory(context), true);
    std::string answer;
    double least = 1;
    for (int count = 0; count < kLongestAnswer; ++count) {
      if (llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
        return 1;
      const Choice next = most_likely(llama_get_logits_ith(context, -1), llama_vocab_n_tokens(vocab));
      least = std::min(least, next.probability);
      if (llama_vocab_is_eog(vocab, next.token)) break;
      answer += piece(vocab, next.token);
      tokens = {next.token};
    }
    std::cout << '\n' << least << '\n' << answer << '\0';
  }
  llama_free(context);
  llama_model_free(model);
}

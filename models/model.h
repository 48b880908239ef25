#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/classifier.h"
#include "models/generator.h"

namespace slm {

namespace learning {
class Learner;
}

/// A model file that is missing, damaged, of another kind or too new, or an output format that a model cannot
/// hold to. The message names the file and says what to do.
class ModelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a model file holds, as `slm-graph models` prints it. Zero or empty where the format does not say.
struct ModelInfo {
  std::filesystem::path file;
  std::string format;  ///< "ngram" or "gguf"
  std::string name;
  std::string architecture;  ///< "llama", "qwen3", …; "linear" for ngram
  std::string quantisation;  ///< "f32", "int8", "Q8_0", …
  std::string tokenizer;
  std::uint64_t parameters = 0;
  std::uint64_t vocabulary = 0;
  std::uint64_t context_tokens = 0;  ///< as trained
  std::uint64_t file_bytes = 0;
  std::uint64_t memory_bytes = 0;  ///< once loaded, with the KV cache where there is one
  std::vector<std::string> labels;
  std::string checksum;  ///< identifies the weights: calibrations and recordings are bound to it
};

/// Is told, in a line, what went wrong and does not keep a model from working. Called by any thread.
using ModelLog = std::function<void(const std::string&)>;

/// What becomes of the subjects of a model's requests.
struct SubjectUse {
  bool is_wanted = false;
  bool is_sent = false;  ///< out of this process: private requests come without
};

/// A loaded model: what it can do is not null. Copies share the one model; the last copy unloads it.
struct Model {
  ModelInfo info;
  std::shared_ptr<Classifier> classifier;
  std::shared_ptr<Generator> generator;
  std::shared_ptr<ChoiceScorer> scorer;
  std::shared_ptr<learning::Learner> learner;  ///< of a classifier that learns while it is used
  bool is_remote = false;                      ///< requests leave this process
  SubjectUse subjects{};
  bool is_batched = false;    ///< answers may take hours
  std::string no_chat{};      ///< why it takes prompts alone, and what to do; empty: it takes chats
  std::string no_thinking{};  ///< why it cannot be told to think, and what to do; empty: it can
};

}  // namespace slm

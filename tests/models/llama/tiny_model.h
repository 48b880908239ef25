#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace slm::testing {

/// A GGUF model made for a test: some 400 SentencePiece tokens (every byte, every printable character, the
/// pieces below), random weights, logits spread so widely that rounding seldom decides between two tokens.
struct TinyModel {
  std::string architecture = "llama";  ///< or "qwen3", "phi3"
  std::uint64_t seed = 1;
  int width = 64;
  int layers = 2;
  int context = 512;
  std::size_t fill_vocabulary = 0;  ///< up to so many tokens, with three-letter pieces
  bool has_ends = true;             ///< whether it knows tokens that begin and end a text
  /// User-defined tokens, beside those that every tiny model has.
  std::vector<std::string> pieces;
  std::vector<std::string> controls;  ///< control tokens, such as `<|im_end|>`
  std::string chat_template;          ///< empty: none in the file
  /// If not empty, no layer does anything, and after the first token of a pair the second follows almost
  /// surely. A token is written as its piece, `<0xE2>` for a byte, `</s>` for the end.
  std::vector<std::pair<std::string, std::string>> follows;
};

/// Writes the model and returns the path, `name` in a folder that lives as long as the test program.
std::filesystem::path write(const TinyModel& model, const std::string& name);

/// A folder for this test program, removed at its end.
const std::filesystem::path& test_folder();

}  // namespace slm::testing

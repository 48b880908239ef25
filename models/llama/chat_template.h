#pragma once

#include <llama.h>

#include <string>
#include <vector>

#include "models/chat.h"
#include "models/llama/vocabulary.h"

namespace slm::llama {

/// A model's own chat template, by llama.cpp's function for the families that it knows. Any thread.
class ChatTemplate {
 public:
  /// Reads the template of the model's file. It need not have one.
  explicit ChatTemplate(const llama_model* model);

  /// Why no chat can be rendered, and what to do; empty where one can.
  const std::string& problem() const { return problem_; }

  /// Whether the model can think before it answers, or not, as it is told (Qwen 3).
  bool can_think() const { return can_think_; }

  /// The chat as text, up to where the answer begins, or the thinking before it. Throws `ModelError` where
  /// the template has no place for one of the messages.
  std::string text(const Chat& chat, bool thinks = false) const;

  /// The chat as tokens. Only the template's own text has control tokens: in what a message says, their names
  /// are text.
  std::vector<llama_token> tokens(const Chat& chat, const Vocabulary& vocabulary, bool thinks = false) const;

 private:
  struct Piece {
    std::string text;
    bool is_content;  // else the template's own
  };
  std::vector<Piece> pieces(const Chat& chat, bool thinks) const;
  std::string rendered(const Chat& chat) const;

  std::string template_;
  std::string problem_;
  bool can_think_ = false;
};

}  // namespace slm::llama

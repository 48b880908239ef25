#pragma once

#include <optional>
#include <string>

#include "graph/registry.h"
#include "models/generator.h"
#include "nodes/chat.h"
#include "nodes/prompt_template.h"

namespace slm {

/// What a message asks of a language model; as in `GenerationRequest`.
struct Question {
  std::string prompt;
  std::optional<Chat> chat;
  std::optional<Subject> subject;
};

/// `prompt` and `chat` of a node, of which it has one, or neither: the request's text is asked then.
struct Asking {
  const std::optional<PromptTemplate>& prompt;
  const std::optional<ChatOptions>& chat;

  /// Throws `std::runtime_error` where a place cannot be filled, or the request's `messages` are none.
  Question of(const Message& message, SubjectUse subjects) const;

  /// As it was written, for what is bound to it.
  std::string source() const;

  /// Whether the node's model can be asked so.
  void check(const std::string& model, CheckContext& context) const;
};

/// Throws `ModelError` where `no_chat` or `no_thinking` of the model says why `key` cannot be.
void require(const char* key, const Model& model, const std::string& why_not);

}  // namespace slm

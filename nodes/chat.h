#pragma once

#include <optional>
#include <string>

#include "graph/fields.h"
#include "models/chat.h"
#include "nodes/prompt_template.h"

namespace slm {

/// `chat` of a node: what a model is asked in its own form of conversation, in place of a `prompt`.
struct ChatOptions {
  std::optional<PromptTemplate> system;
  PromptTemplate user = PromptTemplate::parse("{text}");

  static Fields<ChatOptions> fields();

  /// The conversation that the request came with, in its field `messages`, or else a new one. `user` is what
  /// its last message of the user says, and `system` goes before it unless it begins with a message of its
  /// own. Throws `std::runtime_error` where `messages` are none, or a place cannot be filled.
  Chat filled(const Message& message) const;

  /// As it was written, for what is bound to a prompt.
  std::string source() const;
};

/// As a JSON list: two chats have the same text only where they are the same.
std::string text_of(const Chat& chat);

}  // namespace slm

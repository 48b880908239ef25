#pragma once

#include <string>
#include <vector>

namespace slm {

/// What was said in a conversation, and by whom: `system`, `user` or `assistant`.
struct ChatMessage {
  std::string role;
  std::string content;

  bool operator==(const ChatMessage&) const = default;
};

/// A conversation whose next message the model is to write.
using Chat = std::vector<ChatMessage>;

}  // namespace slm

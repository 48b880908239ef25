#include "models/llama/chat_template.h"

#include <string_view>

#include "models/llama/thoughts.h"
#include "models/model.h"

namespace slm::llama {
namespace {

// What stands for the content of a message while the template is rendered. The blanks show whether the
// template trims what messages say.
std::string placeholder(std::size_t message) {
  return " \x02" + std::to_string(message) + "\x03 ";
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// What the model's answer begins behind: thoughts that have begun, or are over.
std::string beginning_of_answer(bool thinks) {
  std::string text(kThoughtsBegin);
  if (!thinks) text.append("\n").append(kThoughtsEnd).append(kAfterThoughts);
  return text;
}

}  // namespace

ChatTemplate::ChatTemplate(const llama_model* model) {
  const char* text = llama_model_chat_template(model, nullptr);
  if (text == nullptr) {
    problem_ =
        "the model's file has no chat template; give the node a `prompt` in place of `chat`, or take a "
        "model that was trained for chats";
    return;
  }
  template_ = text;
  can_think_ = template_.find("enable_thinking") != std::string::npos;
  const llama_chat_message message{"user", ""};
  if (llama_chat_apply_template(text, &message, 1, true, nullptr, 0) < 0)
    problem_ =
        "llama.cpp does not know the chat template in the model's file; write it out as the `prompt` of "
        "the node, in place of `chat`";
}

std::string ChatTemplate::rendered(const Chat& chat) const {
  std::vector<llama_chat_message> messages;
  for (const ChatMessage& message : chat) messages.push_back({message.role.c_str(), message.content.c_str()});
  std::string text;
  const auto render = [&] {
    return llama_chat_apply_template(template_.c_str(), messages.data(), messages.size(), true, text.data(),
                                     static_cast<int32_t>(text.size()));
  };
  int32_t length = render();
  if (length < 0) throw ModelError(problem_.empty() ? "the chat template cannot be applied" : problem_);
  text.resize(static_cast<std::size_t>(length));
  length = render();
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::vector<ChatTemplate::Piece> ChatTemplate::pieces(const Chat& chat, bool thinks) const {
  Chat stand_ins;
  for (const ChatMessage& message : chat) stand_ins.push_back({message.role, placeholder(stand_ins.size())});
  const std::string text = rendered(stand_ins);
  std::vector<Piece> pieces;
  std::size_t at = 0;
  for (std::size_t i = 0; i < chat.size(); ++i) {
    std::string mark = placeholder(i);
    std::size_t found = text.find(mark, at);
    const bool is_trimmed = found == std::string::npos;
    if (is_trimmed) {
      mark = trimmed(mark);
      found = text.find(mark, at);
    }
    if (found == std::string::npos)
      throw ModelError("the model's chat template has no place for a message of `" + chat[i].role + "` here");
    pieces.push_back({text.substr(at, found - at), false});
    pieces.push_back({std::string(is_trimmed ? trimmed(chat[i].content) : chat[i].content), true});
    at = found + mark.size();
  }
  pieces.push_back({text.substr(at) + (can_think_ ? beginning_of_answer(thinks) : ""), false});
  return pieces;
}

std::string ChatTemplate::text(const Chat& chat, bool thinks) const {
  std::string text;
  for (const Piece& piece : pieces(chat, thinks)) text += piece.text;
  return text;
}

std::vector<llama_token> ChatTemplate::tokens(const Chat& chat, const Vocabulary& vocabulary,
                                              bool thinks) const {
  std::vector<llama_token> tokens;
  for (const Piece& piece : pieces(chat, thinks)) {
    const std::vector<llama_token> more = piece.is_content ? vocabulary.tokenize_continuation(piece.text)
                                          : tokens.empty() ? vocabulary.tokenize_prompt(piece.text)
                                                           : vocabulary.tokenize_markup(piece.text);
    tokens.insert(tokens.end(), more.begin(), more.end());
  }
  return tokens;
}

}  // namespace slm::llama

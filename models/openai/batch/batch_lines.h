#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "models/openai/reply.h"

namespace slm::openai {

/// What tells requests apart, and is the same for requests that are the same: 32 hexadecimal digits.
std::string question_of(std::string_view endpoint, std::string_view body);

/// The `custom_id` of a request in a batch: its question, and a number that makes it unique there.
std::string custom_id(const std::string& question, std::size_t number);
/// The question in a `custom_id` of ours.
std::string question_in(const std::string& custom_id);

/// A request as a line of a batch's file, with its line end.
std::string input_line(const std::string& custom_id, std::string_view endpoint, std::string_view body);
/// The `custom_id` of such a line; empty for others.
std::string id_of_input_line(std::string_view line);

/// What became of a request.
struct OutputLine {
  std::string custom_id;
  std::variant<Reply, std::string> result;  ///< or what went wrong
  /// The model has answered, be it something that is of no use: who asks again pays again.
  bool is_answer = false;
};

/// Throws `BadReply` where it is no line of a batch's output or errors.
OutputLine read_output_line(std::string_view line);

}  // namespace slm::openai

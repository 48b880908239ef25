#include "nodes/prompt_template.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include "graph/format/nearest.h"

namespace slm {
namespace {

constexpr std::string_view kFieldPrefix = "fields.";

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  });
}

}  // namespace

PromptTemplate::Piece PromptTemplate::piece_named(const std::string& name) {
  if (name.starts_with(kFieldPrefix) && name.size() > kFieldPrefix.size())
    return {Place::field, name.substr(kFieldPrefix.size())};
  static const std::vector<std::string> names{"text", "label", "answer", "id", "fields.NAME"};
  constexpr std::array places{Place::text, Place::label, Place::answer, Place::id};
  const auto found = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  if (found < places.size()) return {places[found], ""};
  throw std::invalid_argument("there is no place `{" + name + "}`; expected one of " + listed(names) +
                              did_you_mean(name, names) + " (write `{{` for a brace)");
}

PromptTemplate PromptTemplate::parse(std::string_view text) {
  PromptTemplate result;
  result.source_ = text;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) result.pieces_.push_back({Place::literal, std::move(literal)});
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_doubled = at + 1 < text.size() && text[at + 1] == text[at];
    const std::size_t close = text[at] == '{' ? text.find('}', at) : std::string_view::npos;
    if ((text[at] == '{' || text[at] == '}') && is_doubled) {
      literal += text[at++];
    } else if (close != std::string_view::npos && is_name(text.substr(at + 1, close - at - 1))) {
      end_literal();
      result.pieces_.push_back(piece_named(std::string{text.substr(at + 1, close - at - 1)}));
      at = close;
    } else {
      literal += text[at];
    }
  }
  end_literal();
  return result;
}

bool PromptTemplate::has_text() const {
  return std::ranges::count(pieces_, Place::text, &Piece::place) > 0;
}

std::optional<Subject> PromptTemplate::subject(const Message& message, SubjectUse use) const {
  const bool is_kept_here = use.is_sent && message.request.privacy == Privacy::local;
  if (!use.is_wanted || is_kept_here) return std::nullopt;
  return Subject{filled(message, std::string_view{"\0", 1}), message.request.text};
}

std::string PromptTemplate::filled(const Message& message, std::string_view text) const {
  std::string prompt;
  for (const Piece& piece : pieces_) {
    switch (piece.place) {
      case Place::literal:
        prompt += piece.value;
        break;
      case Place::text:
        prompt += text;
        break;
      case Place::label:
        prompt += message.answer.label;
        break;
      case Place::answer:
        prompt += message.answer.text;
        break;
      case Place::id:
        prompt += message.request.id;
        break;
      case Place::field: {
        const auto field = message.request.fields.find(piece.value);
        if (field == message.request.fields.end())
          throw std::runtime_error("the request has no field `" + piece.value + "`, which the prompt needs");
        prompt += field->second;
      }
    }
  }
  return prompt;
}

}  // namespace slm

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/message.h"
#include "models/model.h"

namespace slm {

/// A prompt with places for values of the message: `{text}`, `{label}`, `{answer}`, `{id}` and
/// `{fields.NAME}`.
/// `{{` and `}}` stand for braces; a brace that is not around a name stands for itself.
class PromptTemplate {
 public:
  static constexpr std::string_view kExpected = "a text with places such as {text}, {label} or {fields.NAME}";
  /// Throws `std::invalid_argument` for a place that no message can fill.
  static PromptTemplate parse(std::string_view text);

  /// As it was parsed.
  const std::string& source() const { return source_; }
  /// Throws `std::runtime_error` where the message lacks a named field.
  std::string fill(const Message& message) const { return filled(message, message.request.text); }
  /// The request's text, and the prompt without it; empty where that is not wanted, or may not be sent.
  std::optional<Subject> subject(const Message& message, SubjectUse use) const;
  bool has_text() const;
  /// Whether filling it gives the message's text as it is, which then need not be copied.
  bool is_text_alone() const { return pieces_.size() == 1 && pieces_.front().place == Place::text; }

 private:
  enum class Place { literal, text, label, answer, id, field };
  struct Piece {
    Place place;
    std::string value;  ///< the literal text, or the field's name
  };

  static Piece piece_named(const std::string& name);
  std::string filled(const Message& message, std::string_view text) const;

  std::string source_;
  std::vector<Piece> pieces_;
};

}  // namespace slm

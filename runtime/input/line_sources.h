#pragma once

#include <string>
#include <utility>

#include "runtime/input/line_reader.h"
#include "runtime/input/source.h"

namespace slm::runtime {

/// A JSON object a line; blank lines are skipped.
class JsonLinesSource : public Source {
 public:
  JsonLinesSource(ByteReader& bytes, std::string text_field)
      : lines_{bytes}, text_field_{std::move(text_field)} {}
  std::optional<InputItem> next() override;

 private:
  LineReader lines_;
  std::string text_field_;
};

/// A request a line, its number the id; blank lines are skipped.
class TextLinesSource : public Source {
 public:
  explicit TextLinesSource(ByteReader& bytes) : lines_{bytes} {}
  std::optional<InputItem> next() override;

 private:
  LineReader lines_;
};

/// An item of a line, its number the id until a better one is found.
InputItem item_at(std::uint64_t line_number);

/// What is wrong with a line that the reader cut.
std::string too_long_problem();

}  // namespace slm::runtime

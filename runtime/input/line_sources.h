#pragma once

#include <string>
#include <utility>

#include "runtime/input/line_reader.h"
#include "runtime/input/source.h"

namespace slm::runtime {

/// A JSON object a line; blank lines are skipped.
class JsonLinesSource : public Source {
 public:
  JsonLinesSource(ByteReader& bytes, SourceOptions options) : lines_{bytes}, options_{std::move(options)} {}
  std::optional<InputItem> next() override;
  void skip_to(std::uint64_t line, std::uint64_t begin) override { lines_.skip_to(line, begin); }

 private:
  LineReader lines_;
  SourceOptions options_;
};

/// A request a line, its number the id; blank lines are skipped.
class TextLinesSource : public Source {
 public:
  TextLinesSource(ByteReader& bytes, SourceOptions options) : lines_{bytes}, options_{std::move(options)} {}
  std::optional<InputItem> next() override;
  void skip_to(std::uint64_t line, std::uint64_t begin) override { lines_.skip_to(line, begin); }

 private:
  LineReader lines_;
  SourceOptions options_;
};

/// An item of a line, its number the id until a better one is found.
InputItem item_at(std::uint64_t line_number, std::uint64_t begin, Priority priority = Priority::interactive);

/// What is wrong with a line that the reader cut.
std::string too_long_problem();

}  // namespace slm::runtime

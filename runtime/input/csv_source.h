#pragma once

#include <deque>
#include <string>
#include <vector>

#include "runtime/input/line_reader.h"
#include "runtime/input/source.h"

namespace slm::runtime {

/// Comma-separated values as RFC 4180 has them: a header, quoted fields that may hold commas, doubled quotes
/// and line breaks (given as line feeds). One column is the text; `id`, `timeout_ms`, `privacy`, `priority`,
/// `expected`, `expected_outcome` and `label` mean what they mean in JSON lines and are absent where they are
/// empty; every other column is a field.
///
/// A record whose quote is never closed fails alone: the reading goes on with the line after the one it began
/// on.
class CsvSource : public Source {
 public:
  /// Reads the header. Throws InputError, and LineMistake where it is broken or has no column of that
  /// name.
  CsvSource(ByteReader& bytes, SourceOptions options);
  std::optional<InputItem> next() override;
  void skip_to(std::uint64_t line, std::uint64_t begin) override { lines_.skip_to(line, begin); }

 private:
  struct Record {
    std::uint64_t line = 0;
    std::uint64_t begin = 0;
    std::vector<std::string> values;
    std::string problem;
    std::string written;  // as it came, where lines are kept
  };

  std::optional<Record> next_record();
  std::optional<Line> next_line();
  void read_values(Record& record, InputItem& item) const;

  LineReader lines_;
  std::deque<Line> put_back_;  // lines that an unclosed quote had run through
  SourceOptions options_;
  std::vector<std::string> header_;
};

}  // namespace slm::runtime

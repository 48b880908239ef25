#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slm::runtime {

/// Splits a record of RFC 4180 that may come in several lines.
class CsvRecord {
 public:
  enum class State { complete, needs_more, broken };

  /// Takes the record's next line. To be called again only after `needs_more`.
  State add(std::string_view line);

  const std::vector<std::string>& values() const { return values_; }
  std::vector<std::string>& values() { return values_; }
  /// Why it is broken.
  const std::string& problem() const { return problem_; }

 private:
  State fail(std::string problem);

  std::vector<std::string> values_;
  bool is_in_quotes_ = false;
  std::string problem_;
};

}  // namespace slm::runtime

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/descriptor.h"
#include "runtime/output/outcome_sink.h"

namespace slm::runtime {

/// A JSON line an outcome, all that is staged in one write, appended to what there is.
class JsonLinesSink : public OutcomeSink {
 public:
  /// `-`: standard output. Throws OutputError.
  explicit JsonLinesSink(const std::filesystem::path& file);
  explicit JsonLinesSink(Descriptor output, std::string name = "the output");

  OutputMark stage(std::span<const ResultPtr> results) override;
  std::size_t write() override;
  const std::string& error() const override { return error_; }
  bool sync() override;
  bool holds(std::uint64_t begin, const OutputMark& mark) override;
  void cut(std::uint64_t end) override;

 private:
  const Descriptor output_;
  const std::string name_;
  bool is_file_;
  std::uint64_t end_ = 0;          // of the file
  std::string lines_;              // staged
  std::vector<std::size_t> ends_;  // of each of them
  std::string error_;
};

}  // namespace slm::runtime

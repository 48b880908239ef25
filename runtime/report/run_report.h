#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "runtime/report/summary.h"
#include "runtime/terminal.h"

namespace slm::runtime {

/// All there is to say at the end of a run.
struct RunReport {
  explicit RunReport(const PipelineSpec& spec) : pipeline{spec.name}, summary{spec} {}

  std::string pipeline;
  Summary summary;
  std::chrono::nanoseconds load_time{};  ///< opening the models
  std::chrono::nanoseconds run_time{};   ///< from the first line read to the last one written
  std::string input;                     ///< as the user named it
  std::uint64_t last_line = 0;           ///< the last one of the input that was taken up
  bool is_interrupted = false;           ///< by a signal, before the end
  std::string input_error;               ///< why reading ended early; empty if it did not
  std::uint64_t written = 0;             ///< lines that the output took
  std::string output_error;              ///< why writing ended early; empty if it did not
};

/// The closing summary for people, several lines.
std::string to_text(const RunReport& report, const Terminal& terminal);

/// What made the run end before its input did, and how far it came, a line each; empty if nothing did.
std::string early_end(const RunReport& report, const Terminal& terminal);

/// One JSON object on one line.
std::string to_json(const RunReport& report);

}  // namespace slm::runtime

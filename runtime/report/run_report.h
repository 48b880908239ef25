#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/replay/recorder.h"
#include "runtime/report/summary.h"
#include "runtime/terminal.h"

namespace slm::runtime {

struct FailedLinesWritten {
  std::uint64_t count = 0;
  std::string error;  ///< why writing them ended early; empty if it did not
};

/// All there is to say at the end of a run.
struct RunReport {
  explicit RunReport(const PipelineSpec& spec) : pipeline{spec.name}, summary{spec} {}

  std::string pipeline;
  Summary summary;                       ///< of what earlier runs have done, too
  bool is_resumable = false;             ///< there is a checkpoint
  std::uint64_t resumed = 0;             ///< how many of them these did
  std::chrono::nanoseconds load_time{};  ///< opening the models
  std::chrono::nanoseconds run_time{};   ///< from the first line read to the last one written
  /// That the processors of this machine drew in that time, other programs' share too; empty: not measured.
  std::optional<double> machine_energy_j;
  std::string input;                                 ///< the file that was read last
  std::uint64_t last_line = 0;                       ///< the last one of it that was taken up
  bool is_interrupted = false;                       ///< by a signal, before the end
  std::string budget_reached;                        ///< which one ended it; empty if none did
  std::string input_error;                           ///< why reading ended early; empty if it did not
  std::uint64_t written = 0;                         ///< lines that the output took
  std::string output_error;                          ///< why writing ended early; empty if it did not
  std::optional<replay::Recorder::Result> recorded;  ///< empty where nothing was to be recorded
  std::optional<FailedLinesWritten> failed_lines;    ///< empty where they were not to be kept
  std::uint64_t put_off = 0;                         ///< held on disk for another run, in no other number
  std::vector<std::string> notes;                    ///< what nodes told, such as a gate that has drifted
};

/// What became of the requests so far, on one line: the share of each tier that answered or rejected some,
/// and how many abstained, expired or failed. Empty where there are none.
std::string standing(const Summary& summary);

/// The closing summary for people, several lines.
std::string to_text(const RunReport& report, const Terminal& terminal);

/// What made the run end before its input did, and how far it came, a line each; empty if nothing did.
std::string early_end(const RunReport& report, const Terminal& terminal);

/// One JSON object on one line.
std::string to_json(const RunReport& report);

}  // namespace slm::runtime

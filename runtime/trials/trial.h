#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graph/message.h"
#include "nodes/gate_way.h"

/// What a pipeline would do with labelled lines whatever the bars of its gates were: every model is asked
/// once for each line, and all that gates could make of it is computed from that.
namespace slm::runtime {

/// What a line has used up when it comes to a point of the pipeline.
struct Usage {
  std::uint32_t calls = 0;  ///< of models
  std::uint64_t prompt_tokens = 0;
  std::uint64_t generated_tokens = 0;
  double cost = 0;
  double energy_j = 0;
  std::chrono::nanoseconds
      time{};  ///< at nodes, waiting for a model's turn included; as recorded if replayed
};

/// How a line ends on one way.
struct Ending {
  OutcomeKind kind = OutcomeKind::failed;
  std::string answer;  ///< its text, or where it has none its label
  std::string label;
  std::string tier;
  Usage usage;
  std::optional<bool> is_right;  ///< as the line's expectation has it
};

/// Where a way leads: on to a visit of `Trial::visits`, or to one of `Trial::endings`.
struct Onward {
  enum class Kind : std::uint8_t { nowhere, visit, ending };
  Kind kind = Kind::nowhere;  ///< nowhere: the gate has no such way
  std::size_t index = 0;
};

/// A line at a gate.
struct Visit {
  std::size_t gate = 0;                  ///< of the gates whose bars may be chosen
  std::optional<double> confidence;      ///< empty: the evidence is missing
  std::array<bool, kWays> is_allowed{};  ///< by the label that a rule may name; escalating always is
  std::array<Onward, kWays> onward{};
  Answer answer;  ///< as it came to the gate
  std::optional<bool>
      is_right;  ///< whether that answer is; of a gate that only rejects: whether its label is
};

/// A line and all the ways it could take.
struct Trial {
  std::string id;
  std::optional<std::string> expected_label;  ///< as its line says
  Onward start;
  std::vector<Visit> visits;
  std::vector<Ending> endings;
};

/// The way that a gate with these bars gives the visit.
Way way_of(const Visit& visit, const Bars& bars);

/// How the line ends where the gates have these bars, parallel to the gates.
const Ending& end_of(const Trial& trial, const std::vector<Bars>& bars);

}  // namespace slm::runtime

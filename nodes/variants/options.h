#pragma once

#include <optional>
#include <string>

#include "graph/fields.h"
#include "nodes/aggregate/amounts.h"

namespace slm::variants {

/// `when` of a variant: all that it names has to hold.
struct Conditions {
  std::optional<double> battery_below;  ///< percent; never where there is no battery
  std::optional<bool> on_mains;
  std::optional<aggregate::ByteCount> memory_below;  ///< that is available
  std::optional<int> queue_above;                    ///< requests that the model has not answered yet

  static Fields<Conditions> fields();
};

/// One of `variants` of an entry of `models`: a file in the place of the entry's own.
struct VariantOptions {
  FilePath file;
  Conditions when;

  static Fields<VariantOptions> fields();
};

/// What is wrong with it; empty: nothing.
std::string problem_of(const VariantOptions& variant);

/// For people: `the battery is below 30 % and the machine is not on mains`.
std::string to_text(const Conditions& conditions);

}  // namespace slm::variants

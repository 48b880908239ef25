#include "models/calibration/table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace slm {
namespace {

constexpr std::size_t kFewestExamples = 10;

/// Not a number where evidence is missing.
CalibrationRow row_of(const CalibrationExample& example, std::span<const Signal> signals) {
  CalibrationRow row{&example, {}};
  for (const Signal& signal : signals)
    row.values.push_back(
        evaluate(signal, example.evidence).value_or(std::numeric_limits<double>::quiet_NaN()));
  return row;
}

bool is_finite(double value) {
  return std::isfinite(value);
}

/// Keeps the columns of which `is_kept(column)` holds.
template <class IsKept>
void keep_columns(CalibrationTable& table, const IsKept& is_kept) {
  std::vector<std::size_t> kept;
  std::vector<Signal> signals;
  for (std::size_t column = 0; column < table.signals.size(); ++column) {
    if (is_kept(column)) {
      kept.push_back(column);
      signals.push_back(table.signals[column]);
    } else {
      table.dropped.push_back(table.signals[column]);
    }
  }
  table.signals = std::move(signals);
  for (CalibrationRow& row : table.rows) {
    for (std::size_t i = 0; i < kept.size(); ++i) row.values[i] = row.values[kept[i]];
    row.values.resize(kept.size());
  }
}

void check(const CalibrationTable& table, std::size_t example_count) {
  const std::string count = std::to_string(table.rows.size());
  if (table.rows.size() < kFewestExamples) {
    const std::string of_all =
        table.rows.size() < example_count ? " of " + std::to_string(example_count) : "";
    throw CalibrationError{count + of_all + " examples have evidence, and a calibration needs at least " +
                           std::to_string(kFewestExamples) + ", better hundreds; give more lines" +
                           (of_all.empty() ? "" : ", or a model that shows its probabilities")};
  }
  const bool are_right = table.right > 0;
  if (table.right == 0 || table.right == table.rows.size())
    throw CalibrationError{"all " + count + " answers are " + (are_right ? "right" : "wrong") +
                           ": nothing shows what " + (are_right ? "wrong" : "right") +
                           " ones look like; give more lines, and such as come in practice"};
}

}  // namespace

bool CalibrationTable::has_labels() const {
  return std::all_of(rows.begin(), rows.end(),
                     [](const CalibrationRow& row) { return !row.example->evidence.labels.empty(); });
}

CalibrationTable tabulate(std::span<const CalibrationExample> examples, std::span<const Signal> signals) {
  CalibrationTable table{{}, {signals.begin(), signals.end()}, {}};
  for (const CalibrationExample& example : examples) {
    CalibrationRow row = row_of(example, signals);
    if (std::any_of(row.values.begin(), row.values.end(), is_finite)) table.rows.push_back(std::move(row));
  }
  keep_columns(table, [&](std::size_t column) {
    return 2 * std::count_if(table.rows.begin(), table.rows.end(),
                             [&](const CalibrationRow& row) { return is_finite(row.values[column]); }) >
           std::ssize(table.rows);
  });
  std::erase_if(table.rows, [](const CalibrationRow& row) {
    return !std::all_of(row.values.begin(), row.values.end(), is_finite);
  });
  table.right = static_cast<std::size_t>(std::count_if(
      table.rows.begin(), table.rows.end(), [](const CalibrationRow& row) { return row.example->is_right; }));
  check(table, examples.size());
  keep_columns(table, [&](std::size_t column) {
    return std::any_of(table.rows.begin(), table.rows.end(), [&](const CalibrationRow& row) {
      return row.values[column] != table.rows.front().values[column];
    });
  });
  if (table.signals.empty())
    throw CalibrationError{"the evidence is the same in all " + std::to_string(table.rows.size()) +
                           " examples, so it cannot tell right from wrong answers; choose other signals"};
  return table;
}

}  // namespace slm

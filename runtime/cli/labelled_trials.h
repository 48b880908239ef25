#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/input/source.h"
#include "runtime/trials/trials.h"

/// What commands share that try labelled lines.
namespace slm::runtime {

/// The local date: `2026-11-22`.
std::string today();

/// Takes out the lines that do not say what is right, and gives their number. Throws UsageError where no line
/// is left; `otherwise` is what else could be done.
std::size_t erase_unlabelled(std::vector<InputItem>& lines, const std::string& otherwise = "");

/// Runs the lines, with progress; empty where a signal interrupted it.
std::vector<Trial> tried(TrialRunner& runner, const std::vector<InputItem>& lines, bool is_quiet);

}  // namespace slm::runtime

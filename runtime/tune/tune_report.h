#pragma once

#include <string>
#include <vector>

#include "runtime/report/table.h"
#include "runtime/trials/tunable_gates.h"
#include "runtime/tune/tune.h"

namespace slm::runtime {

/// What a tuning was about, for its report.
struct TuneSubject {
  std::string pipeline;  ///< its name
  std::string data;      ///< `1,000 lines of dev.jsonl`
  std::vector<TunableGate> gates;
  std::vector<std::string> models;
};

/// `calls a line`
std::string unit_of(Spend spend);

/// What is noted in the pipeline file: `accuracy ≥ 0.95 with confidence 0.95 on 1,000 lines of dev.jsonl`.
std::string note_text(const TuneSubject& subject, const TuneOptions& options);

/// A row a bar: what it was, and what it is.
Table bars_table(const TuneSubject& subject, const TuneResult& result);
/// A row a standing: quality, spend, and the share of lines that each model ended.
Table standings_table(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result);
/// Which lines the standings are of.
std::string basis_text(const TuneResult& result);

std::string to_text(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result);
/// One JSON object.
std::string to_json(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result);

}  // namespace slm::runtime

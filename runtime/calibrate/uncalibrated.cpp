#include "runtime/calibrate/uncalibrated.h"

#include <algorithm>

#include "graph/format/nearest.h"
#include "graph/format/source_text.h"
#include "nodes/gate.h"
#include "runtime/cli/console.h"
#include "runtime/edit/pipeline_edit.h"
#include "runtime/edit/yaml_tree.h"
#include "runtime/trials/tunable_gates.h"

namespace slm::runtime {
namespace {

namespace fs = std::filesystem;

/// All from 0 to 1, as the bars of a calibrated gate are. One of them suits every node that leaves evidence
/// but for samples alone.
constexpr const char* kStandIns[] = {"max_prob", "min_token_prob", "schema_valid", "agreement"};

const YamlValue* value_at(const YamlValue& mapping, const std::string& key) {
  const std::size_t at = mapping.position(key);
  return at < mapping.parts.size() ? &mapping.parts[at + 1] : nullptr;
}

UncalibratedGate written_gate(const std::string& name, const YamlValue& node, const fs::path& file) {
  UncalibratedGate gate{
      .name = name, .signal = {}, .file = file.parent_path() / (name + ".calibration.yaml")};
  const YamlValue* confidence = value_at(node, "confidence");
  if (confidence == nullptr) return gate;
  if (const YamlValue* signal = value_at(*confidence, "signal")) {
    gate.has_signal = true;
    gate.signal = parse_signal(signal->text);
  }
  if (const YamlValue* calibration = value_at(*confidence, "calibration")) {
    gate.names_file = true;
    if (!calibration->text.empty()) gate.file = file.parent_path() / calibration->text;
  }
  return gate;
}

std::vector<UncalibratedGate> written_gates(const std::string& text, const fs::path& file) {
  const YamlValue tree = yaml_tree(text, file);
  std::vector<UncalibratedGate> gates;
  const YamlValue* nodes = value_at(tree, "nodes");
  for (std::size_t i = 0; nodes != nullptr && i + 1 < nodes->parts.size(); i += 2) {
    const YamlValue* type = value_at(nodes->parts[i + 1], "type");
    if (type != nullptr && type->text == "gate")
      gates.push_back(written_gate(nodes->parts[i].text, nodes->parts[i + 1], file));
  }
  return gates;
}

std::size_t count_problems(const PipelineEdit& edit, const fs::path& file) {
  try {
    (void)Pipeline::parse(edit.text(), file);
    return 0;
  } catch (const PipelineError& error) {
    return error.problems().size();
  }
}

Pipeline without_calibrations(const std::string& text, const fs::path& file,
                              const std::vector<UncalibratedGate>& gates) {
  PipelineEdit edit{file, text};
  for (const UncalibratedGate& gate : gates)
    if (gate.names_file) edit.erase({"nodes", gate.name, "confidence", "calibration"});
  for (const UncalibratedGate& gate : gates) {
    if (!gate.names_file) continue;
    PipelineEdit best = edit;
    std::size_t fewest = count_problems(edit, file);
    for (const char* signal : kStandIns) {
      if (fewest == 0) break;
      PipelineEdit candidate = edit;
      candidate.set({"nodes", gate.name, "confidence", "signal"}, signal);
      const std::size_t problems = count_problems(candidate, file);
      if (problems >= fewest) continue;
      fewest = problems;
      best = std::move(candidate);
    }
    edit = std::move(best);
  }
  try {
    return Pipeline::parse(edit.text(), file);
  } catch (const PipelineError&) {
    (void)Pipeline::load(file);  // its problems have the places that the author knows
    throw;
  }
}

void check_named(const std::vector<UncalibratedGate>& gates, const std::vector<std::string>& named) {
  std::vector<std::string> known;
  known.reserve(gates.size());
  for (const UncalibratedGate& gate : gates) known.push_back(gate.name);
  for (const std::string& name : named)
    if (std::ranges::find(known, name) == known.end())
      throw UsageError("--gate: the pipeline has no gate `" + name + "`" + did_you_mean(name, known));
}

}  // namespace

Uncalibrated load_uncalibrated(const fs::path& file, const std::vector<std::string>& gates) {
  const std::string text = source_text(file);
  std::vector<UncalibratedGate> chosen = written_gates(text, file);
  check_named(chosen, gates);
  if (!gates.empty())
    std::erase_if(chosen,
                  [&](const auto& gate) { return std::ranges::find(gates, gate.name) == gates.end(); });

  Pipeline pipeline = without_calibrations(text, file, chosen);
  const std::vector<TunableGate> tunable = tunable_gates(pipeline.spec());
  std::vector<std::string> kept;
  std::erase_if(chosen, [&](const UncalibratedGate& gate) {
    if (std::ranges::find(tunable, gate.name, &TunableGate::name) != tunable.end()) return false;
    kept.push_back(gate.name);
    return true;
  });
  if (!gates.empty() && !kept.empty())
    throw UsageError("gate `" + kept.front() +
                     "` cannot be calibrated: it escalates to no other node, or is in a branch of a fork");
  if (chosen.empty())
    throw UsageError(
        "there is no gate to calibrate: none escalates to another node, or all that do are in a branch of a "
        "fork");
  if (!kept.empty()) pipeline = without_calibrations(text, file, chosen);
  return {std::move(pipeline), std::move(chosen), std::move(kept)};
}

}  // namespace slm::runtime

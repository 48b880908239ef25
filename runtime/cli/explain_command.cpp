#include "runtime/cli/console.h"
#include "runtime/cli/pipeline_commands.h"
#include "runtime/explain/plan_report.h"

namespace slm::runtime {

int explain(const ExplainArguments& arguments) {
  const auto plan = plan_report_of(Pipeline::load(arguments.pipeline).spec());
  write_result(arguments.is_json ? to_json(plan) + "\n" : to_text(plan));
  for (const auto& model : plan.models)
    if (!model.error.empty()) return kExitUsage;
  return kExitDone;
}

}  // namespace slm::runtime

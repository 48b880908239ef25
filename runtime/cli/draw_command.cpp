#include "runtime/cli/console.h"
#include "runtime/cli/pipeline_commands.h"
#include "runtime/draw/drawing.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {

int draw(const DrawArguments& arguments) {
  const auto pipeline = Pipeline::load(arguments.pipeline);
  refuse_to_overwrite(files_of(pipeline.spec()), arguments.output);
  const auto drawing = drawing_of(pipeline.spec());
  switch (arguments.format) {
    case DrawFormat::mermaid:
      write_result(to_mermaid(drawing), arguments.output);
      break;
    case DrawFormat::dot:
      write_result(to_dot(drawing), arguments.output);
      break;
    case DrawFormat::svg:
      write_result(to_svg(drawing), arguments.output);
      break;
  }
  return kExitDone;
}

int schema() {
  auto text = pipeline_json_schema();
  if (!text.ends_with('\n')) text += '\n';
  write_result(text);
  return kExitDone;
}

}  // namespace slm::runtime

#pragma once

#include <filesystem>
#include <vector>

namespace slm::runtime {

struct ValidateArguments {
  std::vector<std::filesystem::path> pipelines;
  bool is_json = false;
};

/// `slm-graph validate`: every problem of every file; exit 2 where there is one.
int validate(const ValidateArguments& arguments);

enum class DrawFormat { mermaid, dot, svg };

struct DrawArguments {
  std::filesystem::path pipeline;
  DrawFormat format = DrawFormat::mermaid;
  std::filesystem::path output = "-";
};

/// `slm-graph draw`. Throws PipelineError, and OutputError where the output is a file of the pipeline.
int draw(const DrawArguments& arguments);

/// `slm-graph schema`: the JSON Schema of the pipeline format.
int schema();

struct ExplainArguments {
  std::filesystem::path pipeline;
  bool is_json = false;
};

/// `slm-graph explain`: what would run where, without running it. Throws PipelineError.
int explain(const ExplainArguments& arguments);

}  // namespace slm::runtime
